//! The measures of generated digits and of scores against NumPy, SciPy and scikit-learn (tests/golden/make_metrics.py and
//! make_tasks.py).

use inkling::checkpoint::Checkpoint;
use inkling::metrics::frechet::{self, Moments};
use inkling::metrics::inception;
use inkling::metrics::kernel_distance::{self, Subsets};
use inkling::metrics::manifold::{Manifold, Overlap, overlap};
use inkling::metrics::neighbours::{Points, mean_nearest_distance};
use inkling::metrics::roc::{Roc, quantiles};
use inkling::rng::Philox;

const WIDTH: usize = 16;
const COUNT: usize = 240;

struct Golden(Checkpoint);

impl Golden {
    fn load() -> Golden {
        Golden::of("metrics")
    }

    fn of(name: &str) -> Golden {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/{name}.safetensors"));
        Golden(Checkpoint::from_bytes(&std::fs::read(path).expect("the golden file")).expect("a safetensors file"))
    }

    fn get(&self, name: &str) -> Vec<f64> {
        let tensor = self.0.tensors.get(name).unwrap_or_else(|| panic!("{name} in the golden file"));
        tensor.values.iter().map(|value| f64::from(*value)).collect()
    }

    fn check(&self, name: &str, found: &[f64]) {
        let expected = self.get(name);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-4 * expected.abs(), "{name}: {found}, not {expected}");
        }
    }
}

#[test]
fn the_frechet_distance_is_that_of_scipy() {
    let golden = Golden::load();
    let moments = |name: &str| Moments::of(&golden.get(name), WIDTH).expect("moments");
    let distance = |a: &str, b: &str| frechet::distance(&moments(a), &moments(b)).expect("a distance");
    golden.check("frechet", &[distance("a", "b")]);
    golden.check("frechet_few", &[distance("few_a", "few_b")]);
}

#[test]
fn the_kernel_distance_is_that_of_scikit_learn() {
    let golden = Golden::load();
    // a draw of all images is the whole set, in whatever order
    let whole = Subsets { count: 2, size: COUNT };
    let (mean, deviation) =
        kernel_distance::distance(&golden.get("a"), &golden.get("b"), WIDTH, whole, &mut Philox::new(1, 0))
            .expect("a distance");
    golden.check("kernel_distance", &[mean]);
    assert!(deviation < 1e-9 * mean.abs().max(1.0));
}

#[test]
fn the_inception_score_is_that_of_numpy() {
    let golden = Golden::load();
    let order: Vec<u32> = (0..COUNT as u32).collect();
    let (mean, deviation) = inception::score(&golden.get("probabilities"), &order, inception::SPLITS).expect("a score");
    golden.check("inception", &[mean, deviation]);
}

#[test]
fn precision_recall_density_and_coverage_are_those_of_scikit_learns_distances() {
    let golden = Golden::load();
    let points = |name: &str| Points::new(golden.get(name), WIDTH);
    let manifold = |name: &str| Manifold::new(points(name)).expect("enough points");
    let Overlap { precision, recall, density, coverage } = overlap(&manifold("a"), &manifold("b"));
    golden.check("overlap", &[precision, recall, density, coverage]);
    golden.check("nearest", &[mean_nearest_distance(&points("b"), &points("a"))]);
}

#[test]
fn areas_curves_and_quantiles_are_those_of_scikit_learn_and_numpy() {
    let golden = Golden::of("tasks");
    let (ordinary, foreign) = (golden.get("ordinary"), golden.get("foreign"));
    let Roc { auc, error, curve } = Roc::of(&ordinary, &foreign).expect("scores");
    golden.check("auc", &[auc]);
    golden.check("error", &[error]);
    golden.check("curve", &curve);
    golden.check("quantiles", &quantiles(&ordinary, 101).expect("scores"));
}
