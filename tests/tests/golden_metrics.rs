//! The measures of generated digits and of scores against NumPy, SciPy and scikit-learn (tests/golden/make_metrics.py and
//! make_tasks.py).

use inkling::checkpoint::Checkpoint;
use inkling::metrics::features::Features;
use inkling::metrics::frechet::{self, Moments};
use inkling::metrics::inception;
use inkling::metrics::kernel_distance::{self, Subsets};
use inkling::metrics::manifold::{Manifold, Overlap, overlap};
use inkling::metrics::neighbours::{Points, mean_nearest_distance};
use inkling::metrics::reference::Reference;
use inkling::metrics::roc::{Roc, quantiles};
use inkling::metrics::sample_report::{self, SampleReport};
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

/// `tests/browser/measuring.spec.js` asks the page's module the same: both must say what stands in the file.
#[test]
fn the_page_and_the_command_line_measure_alike() {
    let entry = inkling_tests::catalog().into_iter().find(|entry| entry.id == "classifier").expect("a classifier");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read(folder.join("../www/models/classifier.reference.safetensors")).expect("the reference");
    let shipped = Checkpoint::from_bytes(&file).expect("a safetensors file");
    let reference = Reference::from_checkpoint(&shipped, &entry.sha256).expect("a reference of this classifier");
    const COUNT: usize = 120;
    let mut state = 1u32;
    let mut noise = |count: usize| -> Vec<f64> {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from((f64::from(state) / f64::from(u32::MAX)) as f32)
        };
        (0..count).map(|_| next()).collect()
    };
    let values = noise(COUNT * reference.width());
    let mut probabilities = noise(COUNT * 10);
    for row in probabilities.chunks_exact_mut(10) {
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|value| *value = f64::from((*value / sum) as f32));
    }
    let drawn = Features { width: reference.width(), values, probabilities };
    let found = sample_report::measure(&drawn, &reference, Subsets::QUICK, 7).expect("a report");
    let path = folder.join("golden/page-measures.json");
    if std::env::var_os("INKLING_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&found).expect("json") + "\n").expect("written");
    }
    let text = std::fs::read_to_string(&path).expect("the golden file");
    let expected: SampleReport = serde_json::from_str(&text).expect("a report");
    let figures = |report: &SampleReport| {
        let errors = report.errors.expect("errors");
        [
            [report.fid, report.fid_error, report.kid, errors.kid, report.inception, errors.inception],
            [report.precision, errors.precision, report.recall, errors.recall, report.density, report.coverage],
        ]
    };
    for (found, expected) in figures(&found).as_flattened().iter().zip(figures(&expected).as_flattened()) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found}, not {expected}");
    }
    assert_eq!(found.digits, expected.digits);
}
