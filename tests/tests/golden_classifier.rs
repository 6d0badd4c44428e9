//! The classifier against an independent implementation in JAX and f64 (tests/golden/make_classifier.py), on every backend.

use inkling::backend::Backend;
use inkling::checkpoint::Checkpoint;
use inkling::data::PIXELS;
use inkling::graph::{Graph, Plan};
use inkling::models::classifier::{Classifier, ClassifierConfig};
use inkling::models::network::Runner;
use inkling::models::plans::PARAMS;
use inkling::nn::loss;
use inkling_tests::{golden_file as file, gpu, read, relative_error};

const IMAGES: usize = 3;
/// The largest difference of f32 from f64, relative to the largest value of a tensor.
const TOLERANCE: f64 = 1e-5;

struct Golden(Checkpoint);

impl Golden {
    fn load() -> Golden {
        Golden(file("classifier-golden.safetensors"))
    }

    fn get(&self, name: &str) -> &[f32] {
        &self.0.tensors.get(name).unwrap_or_else(|| panic!("{name} in the golden file")).values
    }

    fn check(&self, name: &str, found: &[f32]) {
        let expected: Vec<f64> = self.get(name).iter().map(|value| f64::from(*value)).collect();
        assert_eq!(found.len(), expected.len(), "{name}");
        let error = relative_error(found.iter().map(|value| f64::from(*value)), &expected);
        assert!(error < TOLERANCE, "{name} is off by {error:.1e}");
    }
}

#[test]
fn its_answers_and_the_evidence_are_the_reference_s() {
    let (golden, weights) = (Golden::load(), file("classifier-weights.safetensors"));
    for backend in [Backend::Cpu, gpu()] {
        let runner = Runner::new(&backend, &weights).expect("a classifier");
        for (job, outputs) in
            [("classify", &["features", "logits", "probabilities"][..]), ("evidence", &["evidence", "probabilities"])]
        {
            let executable = runner.job(job, IMAGES).expect("a job");
            let mut executable = executable.borrow_mut();
            for name in ["x", "label"] {
                let Ok(input) = executable.input(name) else { continue };
                executable.write(input, golden.get(name)).expect("its values");
            }
            executable.run().expect("a run");
            for name in outputs {
                golden.check(name, &read(&executable, name));
            }
        }
    }
}

/// The cross-entropy and its gradient by every parameter, without dropout.
fn loss_plan(classifier: &Classifier) -> Plan {
    let graph = Graph::new();
    let params = graph.slab(PARAMS, classifier.layout()).expect("a slab");
    let x = graph.input("x", [IMAGES, PIXELS]).expect("an input");
    let label = graph.input("label", [IMAGES]).expect("an input");
    let features = classifier.features(&x, &params, None).expect("features");
    let logits = classifier.logits(&features, &params).expect("logits");
    let loss = loss::cross_entropy_of_classes(&logits, &label).expect("a loss").mean_all();
    let gradients = graph.grad(&loss, &params.tensors()).expect("gradients");
    let names: Vec<String> =
        classifier.layout().entries().iter().map(|entry| format!("gradient.{}", entry.name)).collect();
    let gradients: Vec<_> = gradients.into_iter().map(|gradient| gradient.expect("a gradient")).collect();
    let mut outputs = vec![("loss", &loss)];
    outputs.extend(names.iter().map(String::as_str).zip(&gradients));
    graph.compile(&outputs).expect("a plan")
}

#[test]
fn its_loss_and_gradients_are_the_reference_s() {
    let (golden, weights) = (Golden::load(), file("classifier-weights.safetensors"));
    let config: ClassifierConfig = weights.config().expect("a config").expect("a config");
    let classifier = Classifier::new(config).expect("a classifier");
    for backend in [Backend::Cpu, gpu()] {
        let params = backend.slab(weights.to_store(classifier.layout()).expect("its weights").slab()).expect("a slab");
        let mut executable = backend.compile(loss_plan(&classifier), &[(PARAMS, &params)]).expect("an executable");
        for name in ["x", "label"] {
            let input = executable.input(name).expect("an input");
            executable.write(input, golden.get(name)).expect("its values");
        }
        executable.run().expect("a run");
        golden.check("loss", &read(&executable, "loss"));
        for entry in classifier.layout().entries() {
            let name = format!("gradient.{}", entry.name);
            golden.check(&name, &read(&executable, &name));
        }
    }
}
