//! A flow computes what the same flow in PyTorch computes (tests/golden/make_flow.py), on every backend, and its density is
//! the noise's density times the Jacobian's determinant.

use inkling::backend::cpu::{CpuExecutable, HostSlab};
use inkling::backend::{Backend, Executable};
use inkling::checkpoint::Checkpoint;
use inkling::graph::{Graph, Slab, Tensor};
use inkling::models::flow::Flow;
use inkling::models::flow_config::FlowConfig;
use inkling::models::network::Network;
use inkling::models::plans::PARAMS;
use inkling_tests::{golden_file as file, gpu, read, relative_error};

const IMAGES: usize = 3;
const PIXELS: usize = 64;

struct Golden {
    weights: Checkpoint,
    values: Checkpoint,
    flow: Flow,
}

impl Golden {
    fn load() -> Golden {
        let weights = file("flow-weights.safetensors");
        let config = weights.config::<FlowConfig>().expect("a flow's config").expect("a config");
        Golden { flow: Flow::new(config).expect("a flow"), values: file("flow-golden.safetensors"), weights }
    }

    fn get(&self, name: &str) -> &[f32] {
        &self.values.tensors.get(name).unwrap_or_else(|| panic!("{name} in the golden file")).values
    }

    fn check(&self, name: &str, found: &[f32], tolerance: f64) {
        let expected: Vec<f64> = self.get(name).iter().map(|value| f64::from(*value)).collect();
        let error = relative_error(found.iter().map(|value| f64::from(*value)), &expected);
        assert!(error < tolerance, "{name} is off by {error:.1e}");
    }

    /// A graph of this flow for `batch` pictures: the graph, its parameters and the input `label`.
    fn graph(&self, batch: usize) -> (Graph, Slab, Tensor) {
        let graph = Graph::new();
        let params = graph.slab(PARAMS, self.flow.layout()).expect("a slab");
        let label = graph.input("label", [batch]).expect("an input");
        (graph, params, label)
    }

    fn run(&self, backend: &Backend, graph: &Graph, outputs: &[(&str, &Tensor)], input: (&str, &str)) -> Executable {
        let store = self.weights.to_store(self.flow.layout()).expect("weights that fit");
        let slab = backend.slab(store.slab()).expect("a slab");
        let plan = graph.compile(outputs).expect("a plan");
        let mut executable = backend.compile(plan, &[(PARAMS, &slab)]).expect("an executable");
        for (name, values) in [("label", "label"), input] {
            executable.write(executable.input(name).expect("the input"), self.get(values)).expect("its values");
        }
        executable.run().expect("a run");
        executable
    }
}

#[test]
fn noise_likelihood_and_gradients_are_pytorchs() {
    let golden = Golden::load();
    for backend in [Backend::Cpu, gpu()] {
        let (graph, params, label) = golden.graph(IMAGES);
        let v = graph.input("v", [IMAGES, PIXELS]).expect("an input");
        let (z, log_likelihood) = golden.flow.log_likelihood(&params, &label, &v).expect("the flow");
        let loss = log_likelihood.mean_all().mul_scalar(-1.0 / (PIXELS as f64 * std::f64::consts::LN_2));
        let gradients = graph.grad(&loss, &params.tensors()).expect("gradients");
        let entries = golden.flow.layout().entries();
        let gradients: Vec<Tensor> =
            gradients.into_iter().map(|gradient| gradient.expect("every parameter has one")).collect();
        let mut outputs: Vec<(&str, &Tensor)> = vec![("z", &z), ("log_likelihood", &log_likelihood), ("loss", &loss)];
        outputs.extend(entries.iter().zip(&gradients).map(|(entry, gradient)| (entry.name.as_str(), gradient)));
        let executable = golden.run(&backend, &graph, &outputs, ("v", "v"));
        golden.check("z", &read(&executable, "z"), 1e-5);
        golden.check("log_likelihood", &read(&executable, "log_likelihood"), 1e-5);
        golden.check("loss", &read(&executable, "loss"), 1e-5);
        for entry in entries {
            golden.check(&format!("grad.{}", entry.name), &read(&executable, &entry.name), 2e-5);
        }
    }
}

#[test]
fn noise_becomes_pytorchs_pictures() {
    let golden = Golden::load();
    for backend in [Backend::Cpu, gpu()] {
        let (graph, params, label) = golden.graph(IMAGES);
        let z = graph.input("z", [IMAGES, PIXELS]).expect("an input");
        let v = golden.flow.decode(&params, &label, &z).expect("the flow");
        let executable = golden.run(&backend, &graph, &[("v", &v)], ("z", "noise"));
        golden.check("decoded", &read(&executable, "v"), 1e-5);
    }
}

/// log |det| of a square matrix by Gaussian elimination with pivots.
fn log_determinant(mut rows: Vec<Vec<f64>>) -> f64 {
    let mut sum = 0.0;
    for column in 0..rows.len() {
        let pivot = (column..rows.len()).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        rows.swap(column, pivot.expect("a row"));
        let (done, rest) = rows.split_at_mut(column + 1);
        let pivot = &done[column];
        sum += pivot[column].abs().ln();
        for row in rest {
            let factor = row[column] / pivot[column];
            row.iter_mut().zip(pivot).for_each(|(value, above)| *value -= factor * above);
        }
    }
    sum
}

#[test]
fn the_density_is_that_of_the_noise_times_the_jacobians_determinant() {
    let golden = Golden::load();
    // two pictures for each column of the Jacobian, moved up and down, and the picture itself
    let (batch, step) = (2 * PIXELS + 1, 1e-5);
    let (graph, params, label) = golden.graph(batch);
    let v = graph.input("v", [batch, PIXELS]).expect("an input");
    let (z, log_likelihood) = golden.flow.log_likelihood(&params, &label, &v).expect("the flow");
    let plan = graph.compile(&[("z", &z), ("log_likelihood", &log_likelihood)]).expect("a plan");
    let store = golden.weights.to_store(golden.flow.layout()).expect("weights that fit");
    let slab = HostSlab::new(store.slab().iter().map(|&value| f64::from(value)).collect());
    let mut executable = CpuExecutable::<f64>::new(plan, &[(PARAMS, slab)]).expect("an executable");
    for image in 0..IMAGES {
        let picture: Vec<f64> =
            golden.get("v")[image * PIXELS..][..PIXELS].iter().map(|&value| f64::from(value)).collect();
        let mut pictures = picture.repeat(batch);
        for pixel in 0..PIXELS {
            pictures[2 * pixel * PIXELS + pixel] += step;
            pictures[(2 * pixel + 1) * PIXELS + pixel] -= step;
        }
        let plan = executable.plan();
        let (v, label) = (plan.input_id("v").expect("v"), plan.input_id("label").expect("label"));
        let (z, density) = (plan.output_id("z").expect("z"), plan.output_id("log_likelihood").expect("a density"));
        executable.write(v, &pictures).expect("pictures");
        executable.write(label, &vec![f64::from(golden.get("label")[image]); batch]).expect("labels");
        executable.run();
        let (z, density) = (executable.read(z), executable.read(density));
        let row = |index: usize| &z[index * PIXELS..(index + 1) * PIXELS];
        let columns = (0..PIXELS).map(|pixel| {
            row(2 * pixel).iter().zip(row(2 * pixel + 1)).map(|(up, down)| (up - down) / (2.0 * step)).collect()
        });
        let determinant = log_determinant(columns.collect());
        assert!((determinant - f64::from(golden.get("determinant")[image])).abs() < 1e-3, "{determinant}");
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        let noise: f64 = row(batch - 1).iter().map(|&z| -softplus(z) - softplus(-z)).sum();
        let difference = density[batch - 1] - determinant - noise;
        assert!(difference.abs() < 1e-4, "image {image}: {difference:.1e}");
    }
}
