//! Runs the registry's cases on every backend.

use std::path::{Path, PathBuf};

use inkling::backend::cpu::CpuExecutable;
use inkling::backend::{Backend, Executable, InputId, OutputId, gpu};
use inkling::catalog::{Catalog, Entry};
use inkling::checkpoint::Checkpoint;
use inkling::graph::{Graph, Plan, Tensor};
use inkling::ops::registry::Case;
use inkling::rng::Philox;

/// A case as a graph with its output and the inputs' tensors.
pub struct Built {
    /// The graph.
    pub graph: Graph,
    /// The inputs, named `x0`, `x1` and so on.
    pub inputs: Vec<Tensor>,
    /// The output.
    pub output: Tensor,
}

/// Builds a case.
///
/// # Panics
/// When the case does not build.
pub fn build(case: &Case) -> Built {
    let graph = Graph::new();
    let inputs: Vec<Tensor> = case
        .inputs
        .iter()
        .enumerate()
        .map(|(index, input)| graph.input(&format!("x{index}"), input.shape.as_slice()).expect("an input"))
        .collect();
    let output = (case.build)(&graph, &inputs).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    Built { graph, inputs, output }
}

/// Uniform values for a case's inputs, the same at every call.
pub fn values(case: &Case) -> Vec<Vec<f64>> {
    let mut stream = Philox::new(20, 26);
    let fill = |input: &inkling::ops::registry::CaseInput| {
        let (low, high) = input.range;
        let count = input.shape.iter().product();
        // rounded to f32, so that every backend starts from the same numbers
        (0..count).map(|_| f64::from((low + (high - low) * f64::from(stream.uniform())) as f32)).collect()
    };
    case.inputs.iter().map(fill).collect()
}

/// The plan of a case's output.
///
/// # Panics
/// When the case does not build.
pub fn plan(case: &Case) -> Plan {
    let built = build(case);
    built.graph.compile(&[("y", &built.output)]).expect("a plan")
}

/// Runs a plan in f64 on the CPU; inputs that the plan dropped are left out.
///
/// # Panics
/// When the plan does not run.
pub fn run_f64(plan: Plan, inputs: &[Vec<f64>]) -> Vec<f64> {
    let mut executable = CpuExecutable::<f64>::new(plan, &[]).expect("an executable");
    run_again(&mut executable, inputs)
}

/// Runs an f64 executable once more.
///
/// # Panics
/// When an input has the wrong length.
pub fn run_again(executable: &mut CpuExecutable<f64>, inputs: &[Vec<f64>]) -> Vec<f64> {
    for (index, values) in inputs.iter().enumerate() {
        let name = format!("x{index}");
        if let Some(port) = executable.plan().inputs.iter().position(|port| port.name == name) {
            executable.write(input_id(executable.plan(), port), values).expect("an input");
        }
    }
    executable.run();
    executable.read(output_id(executable.plan()))
}

/// Runs a plan in f32 on a backend.
///
/// # Panics
/// When the plan does not run.
pub fn run_on(backend: &Backend, plan: Plan, inputs: &[Vec<f64>]) -> Vec<f32> {
    let mut executable = backend.compile(plan, &[]).expect("an executable");
    for (index, values) in inputs.iter().enumerate() {
        if let Ok(input) = executable.input(&format!("x{index}")) {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            executable.write(input, &values).expect("an input");
        }
    }
    executable.run().expect("a run");
    read(&executable, "y")
}

/// Reads an output.
///
/// # Panics
/// When it cannot be read.
pub fn read(executable: &Executable, name: &str) -> Vec<f32> {
    let output = executable.output(name).expect("the output");
    pollster::block_on(executable.read(output)).expect("the output's values")
}

/// The rows of the models that are shipped.
///
/// # Panics
/// When there is no catalog.
pub fn catalog() -> Vec<Entry> {
    let text = std::fs::read(models().join("catalog.json")).expect("the catalog");
    Catalog::parse(&text).expect("a catalog").models
}

/// The weights of a model that is shipped.
///
/// # Panics
/// When its file is not there or is none.
pub fn weights(entry: &Entry) -> Checkpoint {
    Checkpoint::from_bytes(&weights_bytes(entry)).unwrap_or_else(|error| panic!("{}: {error}", entry.id))
}

/// The weights file of a model that is shipped.
///
/// # Panics
/// When it is not there.
pub fn weights_bytes(entry: &Entry) -> Vec<u8> {
    std::fs::read(models().join(&entry.file)).expect("the weights file")
}

/// The folder of MNIST's files: `INKLING_DATA`, or `data/mnist` in the repository.
pub fn mnist() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/mnist");
    std::env::var_os("INKLING_DATA").map_or_else(own, PathBuf::from)
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/models")
}

/// The GPU backend; a missing adapter fails the test.
///
/// # Panics
/// When there is no adapter (lavapipe and `SwiftShader` count).
pub fn gpu() -> Backend {
    Backend::Gpu(
        pollster::block_on(gpu::Device::request()).expect("a GPU adapter; on Debian install mesa-vulkan-drivers"),
    )
}

/// The largest difference relative to the largest reference value (at least 1).
pub fn relative_error(values: impl IntoIterator<Item = f64>, reference: &[f64]) -> f64 {
    let scale = reference.iter().fold(1.0f64, |scale, value| scale.max(value.abs()));
    let mut count = 0;
    let mut worst = 0.0f64;
    for (value, reference) in values.into_iter().zip(reference) {
        count += 1;
        let difference = (value - reference).abs();
        // NaN must not pass as a small difference
        worst = if difference.is_nan() { f64::INFINITY } else { worst.max(difference) };
    }
    assert_eq!(count, reference.len(), "lengths differ");
    worst / scale
}

fn input_id(plan: &Plan, port: usize) -> InputId {
    plan.input_id(&plan.inputs[port].name).expect("the input")
}

fn output_id(plan: &Plan) -> OutputId {
    plan.output_id(&plan.outputs[0].name).expect("the output")
}

/// A file of `tests/golden`.
///
/// # Panics
/// When it is not there or is no safetensors file.
pub fn golden_file(name: &str) -> Checkpoint {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    Checkpoint::from_bytes(&std::fs::read(path).expect("the golden file")).expect("a safetensors file")
}
