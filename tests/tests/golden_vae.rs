//! A VAE trained in PyTorch loads and computes what PyTorch computed (tests/golden/make_vae.py), on every backend.

use inkling::backend::{Backend, DeviceSlab};
use inkling::checkpoint::Checkpoint;
use inkling::graph::{Graph, Slab, Tensor};
use inkling::models::plans::PARAMS;
use inkling::models::vae::Vae;
use inkling::models::vae_adopt::{Adopted, adopt};
use inkling::models::vae_run::VaeRunner;
use inkling::ops::AdamConfig;
use inkling_tests::{golden_file as file, gpu, read, relative_error};

const IMAGES: usize = 3;

struct Golden {
    model: Adopted,
    values: Checkpoint,
}

impl Golden {
    fn load() -> Golden {
        Golden { model: adopt(file("vae-torch.safetensors")).expect("a VAE"), values: file("vae-golden.safetensors") }
    }

    fn get(&self, name: &str) -> &[f32] {
        &self.values.tensors.get(name).unwrap_or_else(|| panic!("{name} in the golden file")).values
    }

    fn check(&self, name: &str, found: &[f32], tolerance: f64) {
        let expected: Vec<f64> = self.get(name).iter().map(|value| f64::from(*value)).collect();
        assert_eq!(found.len(), expected.len(), "{name}");
        let error = relative_error(found.iter().map(|value| f64::from(*value)), &expected);
        assert!(error < tolerance, "{name} is off by {error:.1e}");
    }
}

fn backends() -> [Backend; 2] {
    [Backend::Cpu, gpu()]
}

#[test]
fn decodes_to_the_same_pixels_and_encodes_to_the_same_posterior() {
    let golden = Golden::load();
    for backend in backends() {
        let mut runner = VaeRunner::new(&backend, &golden.model).expect("a runner");
        let pixels = pollster::block_on(runner.decode(golden.get("z"))).expect("pixels");
        // an 8-bit pixel is 4e-3 wide
        golden.check("decode", &pixels, 2e-6);
        let encodings = pollster::block_on(runner.encode(golden.get("x"))).expect("encodings");
        golden.check("mu", &encodings.mu, 1e-5);
        golden.check("logvar", &encodings.logvar, 1e-5);
    }
}

/// The loss terms of the golden batch in a graph with inputs `x` and `eps`: reconstruction and KL of each image.
fn terms(graph: &Graph, vae: &Vae, params: &Slab) -> [Tensor; 2] {
    let x = graph.input("x", [IMAGES, 784]).expect("an input");
    let eps = graph.input("eps", [IMAGES, vae.config().z_dim]).expect("an input");
    let posterior = vae.encode(&x, params).expect("the encoder");
    let z = vae.reparametrise(&posterior, &eps).expect("z");
    let logits = vae.decode(&z, params).expect("the decoder");
    let reconstruction = vae.reconstruction(&logits, &x).expect("the reconstruction");
    let kl = vae.kl_units(&posterior).and_then(|units| units.sum(&[1])).expect("the KL");
    [reconstruction, kl]
}

fn loss([reconstruction, kl]: &[Tensor; 2]) -> Tensor {
    reconstruction.add(kl).expect("one shape").mean_all()
}

fn upload(backend: &Backend, golden: &Golden, vae: &Vae) -> DeviceSlab {
    let store = golden.model.weights.to_store(vae.layout()).expect("weights that fit");
    backend.slab(store.slab()).expect("a slab")
}

#[test]
fn the_elbo_and_its_gradients_are_pytorchs() {
    let golden = Golden::load();
    let vae = Vae::new(golden.model.config.clone()).expect("a VAE");
    for backend in backends() {
        let graph = Graph::new();
        let params = graph.slab(PARAMS, vae.layout()).expect("a slab");
        let terms = terms(&graph, &vae, &params);
        let gradients = graph.grad(&loss(&terms), &params.tensors()).expect("gradients");
        let mut outputs: Vec<(String, Tensor)> =
            ["reconstruction", "kl"].map(str::to_string).into_iter().zip(terms).collect();
        for (entry, gradient) in vae.layout().entries().iter().zip(gradients) {
            outputs.push((entry.name.clone(), gradient.expect("every parameter has a gradient")));
        }
        let named: Vec<(&str, &Tensor)> = outputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        let plan = graph.compile(&named).expect("a plan");
        let slab = upload(&backend, &golden, &vae);
        let mut executable = backend.compile(plan, &[(PARAMS, &slab)]).expect("an executable");
        for name in ["x", "eps"] {
            executable.write(executable.input(name).expect("the input"), golden.get(name)).expect("its values");
        }
        executable.run().expect("a run");
        for name in ["reconstruction", "kl"] {
            golden.check(name, &read(&executable, name), 1e-5);
        }
        for entry in vae.layout().entries() {
            let gradient = read(&executable, &entry.name);
            let dims = entry.shape.dims();
            // of gradients over pixels the golden file holds columns 300 to 315 and the sum
            let part: Vec<f32> = match dims {
                [_, 784] => gradient.chunks_exact(784).flat_map(|row| &row[300..316]).copied().collect(),
                [784] => gradient[300..316].to_vec(),
                _ => gradient.clone(),
            };
            golden.check(&format!("grad.{}", entry.name), &part, 1e-5);
            let sum: f64 = gradient.iter().map(|value| f64::from(*value)).sum();
            golden.check(&format!("grad_sum.{}", entry.name), &[sum as f32], 1e-4);
        }
    }
}

#[test]
fn adam_takes_pytorchs_path() {
    let golden = Golden::load();
    let vae = Vae::new(golden.model.config.clone()).expect("a VAE");
    for backend in backends() {
        let graph = Graph::new();
        let params = graph.slab(PARAMS, vae.layout()).expect("a slab");
        let hyper = graph.input("hyper", [4]).expect("an input");
        let loss = loss(&terms(&graph, &vae, &params));
        let gradients = graph.grad(&loss, &params.tensors()).expect("gradients");
        let adam = AdamConfig::default();
        graph.adam("adam", &params, &gradients, &hyper, &adam).expect("a step");
        let plan = graph.compile(&[("loss", &loss)]).expect("a plan");
        let slab = upload(&backend, &golden, &vae);
        let mut executable = backend.compile(plan, &[(PARAMS, &slab)]).expect("an executable");
        for name in ["x", "eps"] {
            executable.write(executable.input(name).expect("the input"), golden.get(name)).expect("its values");
        }
        let mut losses = Vec::new();
        for step in 1..=4 {
            executable.write(executable.input("hyper").expect("the input"), &adam.hyper(1e-3, step)).expect("values");
            executable.run().expect("a run");
            losses.extend(read(&executable, "loss"));
        }
        golden.check("adam_losses", &losses, 1e-4);
    }
}
