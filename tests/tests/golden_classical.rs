//! Mixtures, naive Bayes and the Markov field against NumPy, SciPy and scikit-learn (tests/golden/make_classical.py).

use inkling::backend::Backend;
use inkling::checkpoint::Checkpoint;
use inkling::models::classical::ClassicalConfig;
use inkling::models::family::Family;
use inkling::models::markov_field::{BIAS, COUPLINGS};
use inkling::models::mixture::{LOG_WEIGHTS, LOGITS};
use inkling::models::network::Runner;
use inkling::ops::key_values;
use inkling::train::classical;
use inkling::train::objective::Samples;
use inkling::train::recipe::{self, Task};

struct Golden(Checkpoint);

impl Golden {
    fn load() -> Golden {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/classical.safetensors");
        Golden(Checkpoint::from_bytes(&std::fs::read(path).expect("the golden file")).expect("a safetensors file"))
    }

    fn get(&self, name: &str) -> &[f32] {
        &self.0.tensors.get(name).unwrap_or_else(|| panic!("{name} in the golden file")).values
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        self.get(name).iter().map(|value| *value as u8).collect()
    }

    /// Fits by a recipe whose model has another size.
    fn fit(&self, name: &str, size: usize) -> Checkpoint {
        let recipe = recipe::find(name).expect("a recipe");
        let Task::Classical(mut fit) = recipe.task.clone() else { panic!("{name} is fitted") };
        fit.model.size = size;
        let (images, labels) = (self.bytes("images"), self.bytes("labels"));
        let samples = Samples { images: &images, labels: &labels };
        classical::fit(&Backend::Cpu, &recipe, &fit, &samples, 1, &mut |_, _, _| Ok(())).expect("a fit")
    }
}

fn check(what: &str, found: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance * expected.abs().max(1.0),
            "{what} {index}: {found}, not {expected}"
        );
    }
}

/// Runs a job once and reads its outputs.
fn run(runner: &Runner, job: &str, batch: usize, inputs: &[(&str, &[f32])], outputs: &[&str]) -> Vec<Vec<f32>> {
    let job = runner.job(job, batch).expect("a job");
    let mut job = job.borrow_mut();
    for (name, values) in inputs {
        let input = job.input(name).expect("an input");
        job.write(input, values).expect("values that fit");
    }
    job.run().expect("a run");
    let read = |name: &&str| pollster::block_on(job.read(job.output(name).expect("an output"))).expect("values");
    outputs.iter().map(read).collect()
}

#[test]
fn a_mixture_is_that_of_numpy() {
    let golden = Golden::load();
    let mut checkpoint = Checkpoint::default();
    checkpoint.insert(LOGITS, vec![20, 784], golden.get("logits").to_vec());
    checkpoint.insert(LOG_WEIGHTS, vec![20], golden.get("log_weights").to_vec());
    checkpoint.set_config(&ClassicalConfig { family: Family::Mixture, size: 2, training: None }).expect("a config");
    let runner = Runner::new(&Backend::Cpu, &checkpoint).expect("a model");
    let x = golden.get("test");
    let batch = x.len() / 784;
    let found = run(&runner, "responsibilities", batch, &[("x", x)], &["responsibilities", "log_likelihood"]);
    check("responsibilities", &found[0], golden.get("responsibilities"), 1e-4);
    check("log-likelihood", &found[1], golden.get("log_likelihood"), 1e-5);
    let found = run(&runner, "classify", batch, &[("x", x)], &["posterior", "log_likelihood"]);
    check("posterior", &found[0], golden.get("posterior"), 1e-4);

    // a sample is a component's picture, and binary draws follow it
    let key = key_values(3, 0);
    let found = run(&runner, "sample", 64, &[("key", &key)], &["pixels", "binary", "component"]);
    let picture = run(&runner, "component", 64, &[("index", &found[2])], &["pixels"]);
    assert_eq!(found[0], picture[0]);
    let (mean, drawn) = (found[0].iter().sum::<f32>(), found[1].iter().sum::<f32>());
    assert!((mean - drawn).abs() < 5.0 * mean.sqrt(), "{mean} {drawn}");
    assert!(found[1].iter().all(|x| *x == 0.0 || *x == 1.0) && found[2].iter().all(|k| (0.0..20.0).contains(k)));
    assert!(found[2].iter().any(|k| *k != found[2][0]), "not all of one component: {:?}", found[2]);
}

#[test]
fn naive_bayes_is_that_of_scikit_learn() {
    let golden = Golden::load();
    let checkpoint = golden.fit("naive-bayes", 1);
    check("logits", &checkpoint.tensors[LOGITS].values, golden.get("bayes_logits"), 1e-5);
    check("weights", &checkpoint.tensors[LOG_WEIGHTS].values, golden.get("bayes_log_prior"), 1e-6);
    let runner = Runner::new(&Backend::Cpu, &checkpoint).expect("a model");
    let x = golden.get("test");
    let found = run(&runner, "classify", x.len() / 784, &[("x", x)], &["posterior", "log_likelihood"]);
    check("posterior", &found[0], golden.get("bayes_posterior"), 1e-4);
    check("log-likelihood", &found[1], golden.get("bayes_log_likelihood"), 1e-5);
}

#[test]
fn a_markov_field_is_the_maximum_that_scipy_finds() {
    let golden = Golden::load();
    let checkpoint = golden.fit("markov-field", 1);
    check("couplings", &checkpoint.tensors[COUPLINGS].values, golden.get("couplings"), 1e-4);
    check("bias", &checkpoint.tensors[BIAS].values, golden.get("bias"), 1e-3);
    let runner = Runner::new(&Backend::Cpu, &checkpoint).expect("a model");
    let given = golden.get("given");
    let batch = given.len() / 784;
    let key = key_values(0, 0);
    let inputs: [(&str, &[f32]); 6] = [
        ("given", given),
        ("key", &key),
        ("step", &[0.0]),
        ("coupling", &[1.0]),
        ("evidence", &[9.0f32.ln()]),
        ("temperature", &[0.0]),
    ];
    let found = run(&runner, "denoise", batch, &inputs, &["pixels", "energy"]);
    check("modes", &found[0], golden.get("modes"), 0.0);
    check("energy", &found[1], golden.get("energy"), 1e-3);

    // the chain goes on from where it is: at temperature 0 the energy never rises
    let mut before = found[1].clone();
    for step in [1.0f32, 2.0, 3.0] {
        let found = run(&runner, "denoise", batch, &[("step", &[step])], &["pixels", "energy"]);
        assert!(found[1].iter().zip(&before).all(|(now, before)| *now <= before + 1e-3 * before.abs()), "{step}");
        before = found[1].clone();
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let config = |family, size| ClassicalConfig { family, size, training: None };
    for (family, size) in
        [(Family::Mixture, 0), (Family::Mixture, 1 << 40), (Family::NaiveBayes, 2), (Family::MarkovField, 9)]
    {
        let mut checkpoint = Checkpoint::default();
        checkpoint.set_config(&config(family, size)).expect("a config");
        let message = Runner::new(&Backend::Cpu, &checkpoint).err().expect("no model").to_string();
        assert!(message.contains("is not one of 1 to"), "{message}");
    }
    let mut checkpoint = Checkpoint::default();
    checkpoint.set_config(&config(Family::Mixture, 1)).expect("a config");
    let message = Runner::new(&Backend::Cpu, &checkpoint).err().expect("no model").to_string();
    assert!(message.contains("logits"), "{message}");
}

#[test]
fn densities_of_gaussians_are_scipys() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/gaussian-mixture.safetensors");
    let golden = Checkpoint::from_bytes(&std::fs::read(path).expect("the golden file")).expect("a safetensors file");
    let given = |name: &str| golden.tensors[name].values.clone();
    let mut weights = golden.clone();
    for name in ["x", "posterior", "log_likelihood"] {
        weights.tensors.remove(name);
    }
    let x = given("x");
    for backend in [Backend::Cpu, inkling_tests::gpu()] {
        let runner = Runner::new(&backend, &weights).expect("a mixture of Gaussians");
        let found = run(&runner, "classify", x.len() / 784, &[("x", &x)], &["posterior", "log_likelihood"]);
        check("posterior", &found[0], &given("posterior"), 2e-3);
        // a thousandth of a nat of thousands
        check("log likelihood", &found[1], &given("log_likelihood"), 1e-5);
    }
}
