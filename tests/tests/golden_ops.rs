//! Operations against PyTorch (tests/golden/make_ops.py): values and gradients, on every backend.

use inkling::backend::Backend;
use inkling::checkpoint::Checkpoint;
use inkling::graph::{Graph, ParamLayout, Shape, Tensor};
use inkling::nn::functional::{
    Affine, ChannelMoments, add_channels, batch_norm, channel_moments, group_norm, layer_norm,
};
use inkling::nn::layers::{self, BatchNormMode};
use inkling::nn::{NORM_EPS, loss};
use inkling::ops::AdamConfig;
use inkling::{Error, Result};
use inkling_tests::{gpu, read, relative_error};

/// Sums of up to some hundred products in f32, relative to the largest value.
const TOLERANCE: f64 = 1e-5;

fn golden() -> Checkpoint {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/ops.safetensors");
    Checkpoint::from_bytes(&std::fs::read(path).expect("the golden file")).expect("a safetensors file")
}

/// The inputs of a case by name.
struct Inputs<'a>(&'a [(String, Tensor)]);

impl Inputs<'_> {
    fn get(&self, name: &str) -> Result<&Tensor> {
        let found = self.0.iter().find(|(other, _)| other == name).map(|(_, tensor)| tensor);
        found.ok_or_else(|| Error::Data(format!("the case has no input {name}")))
    }
}

type Build = fn(&Inputs<'_>) -> Result<Tensor>;

/// Adds a bias of one value a channel to `[batch, channels, height, width]`.
fn with_bias(x: &Tensor, inputs: &Inputs<'_>) -> Result<Tensor> {
    add_channels(x, inputs.get("bias")?)
}

fn affine(inputs: &Inputs<'_>) -> Result<Affine> {
    Ok(Affine { weight: inputs.get("weight")?.clone(), bias: inputs.get("bias")?.clone() })
}

fn unary(inputs: &Inputs<'_>, function: impl Fn(&Tensor) -> Tensor) -> Result<Tensor> {
    Ok(function(inputs.get("x")?))
}

fn cases() -> Vec<(&'static str, Build)> {
    vec![
        ("conv2d", |i| with_bias(&i.get("x")?.conv2d(i.get("weight")?, 2, 1)?, i)),
        ("conv2d_unit", |i| with_bias(&i.get("x")?.conv2d(i.get("weight")?, 1, 0)?, i)),
        ("conv_transpose2d", |i| with_bias(&i.get("x")?.conv_transpose2d(i.get("weight")?, 2, 1, 0)?, i)),
        ("avg_pool2d", |i| i.get("x")?.avg_pool2d(2)),
        ("max_pool2d", |i| i.get("x")?.max_pool2d(2)),
        ("upsample_nearest", |i| i.get("x")?.upsample_nearest(2)),
        ("relu", |i| unary(i, Tensor::relu)),
        ("silu", |i| unary(i, Tensor::silu)),
        ("tanh", |i| unary(i, Tensor::tanh)),
        ("sigmoid", |i| unary(i, Tensor::sigmoid)),
        ("softplus", |i| unary(i, Tensor::softplus)),
        ("gelu_exact", |i| unary(i, Tensor::gelu)),
        ("leaky_relu", |i| unary(i, |x| x.leaky_relu_scalar(0.01))),
        ("softmax", |i| i.get("x")?.softmax()),
        ("log_softmax", |i| i.get("x")?.log_softmax()),
        ("logsumexp", |i| i.get("x")?.logsumexp_keep(&[1])?.reshape([3])),
        ("embedding", |i| i.get("weight")?.embedding(i.get("index")?)),
        ("layer_norm", |i| layer_norm(i.get("x")?, Some(&affine(i)?), NORM_EPS)),
        ("group_norm", |i| group_norm(i.get("x")?, 3, Some(&affine(i)?), NORM_EPS)),
        ("batch_norm_train", |i| {
            let x = i.get("x")?;
            batch_norm(x, &channel_moments(x)?, Some(&affine(i)?), NORM_EPS)
        }),
        ("batch_norm_eval", |i| {
            let (mean, variance) = (i.get("running_mean")?.clone(), i.get("running_var")?.clone());
            batch_norm(i.get("x")?, &ChannelMoments { mean, variance }, Some(&affine(i)?), NORM_EPS)
        }),
        ("cross_entropy", |i| Ok(loss::cross_entropy_of_classes(i.get("x")?, i.get("labels")?)?.mean_all())),
        ("bce_with_logits", |i| Ok(loss::bce_with_logits(i.get("x")?, i.get("targets")?)?.mean_all())),
        ("mse", |i| loss::mse(i.get("x")?, i.get("targets")?)),
        ("gaussian_kl", |i| loss::per_example(&loss::gaussian_kl(i.get("mu")?, i.get("logvar")?)?)),
    ]
}

fn close(name: &str, found: &[f32], expected: &[f32]) -> std::result::Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("{name} has {} values, PyTorch's {}", found.len(), expected.len()));
    }
    let expected: Vec<f64> = expected.iter().map(|value| f64::from(*value)).collect();
    let error = relative_error(found.iter().map(|value| f64::from(*value)), &expected);
    if error < TOLERANCE { Ok(()) } else { Err(format!("{name} is off by {error:.1e}")) }
}

/// Value and gradients of one case.
fn check(backend: &Backend, golden: &Checkpoint, name: &str, build: Build) -> std::result::Result<(), String> {
    let text = |error: Error| format!("{name}: {error}");
    let prefix = format!("{name}.in.");
    let graph = Graph::new();
    let mut inputs = Vec::new();
    for (key, weights) in golden.tensors.iter().filter(|(key, _)| key.starts_with(&prefix)) {
        let input = key[prefix.len()..].to_string();
        let tensor = graph.input(&input, Shape::new(&weights.shape)).map_err(text)?;
        inputs.push((input, tensor));
    }
    let output = build(&Inputs(&inputs)).map_err(text)?;
    let upstream = &golden.tensors[&format!("{name}.upstream")];
    let weighted =
        graph.constant(&upstream.values, Shape::new(&upstream.shape)).and_then(|up| output.mul(&up)).map_err(text)?;
    let wrt: Vec<(String, Tensor)> = inputs
        .iter()
        .filter(|(input, _)| golden.tensors.contains_key(&format!("{name}.grad.{input}")))
        .cloned()
        .collect();
    let tensors: Vec<Tensor> = wrt.iter().map(|(_, tensor)| tensor.clone()).collect();
    let gradients = graph.grad(&weighted.sum_all(), &tensors).map_err(text)?;
    let mut outputs = vec![("out".to_string(), output)];
    for ((input, _), gradient) in wrt.into_iter().zip(gradients) {
        outputs.push((format!("grad.{input}"), gradient.ok_or_else(|| format!("{name} has no gradient of {input}"))?));
    }
    let named: Vec<(&str, &Tensor)> = outputs.iter().map(|(key, tensor)| (key.as_str(), tensor)).collect();
    let mut executable = backend.compile(graph.compile(&named).map_err(text)?, &[]).map_err(text)?;
    for (input, _) in &inputs {
        // the plan drops what the output does not depend on
        if let Ok(id) = executable.input(input) {
            executable.write(id, &golden.tensors[&format!("{prefix}{input}")].values).map_err(text)?;
        }
    }
    executable.run().map_err(text)?;
    for (key, _) in &outputs {
        let name = format!("{name}.{key}");
        close(&name, &read(&executable, key), &golden.tensors[&name].values)?;
    }
    Ok(())
}

#[test]
fn values_and_gradients_are_pytorchs() {
    let golden = golden();
    for backend in [Backend::Cpu, gpu()] {
        let failures: Vec<String> =
            cases().into_iter().filter_map(|(name, build)| check(&backend, &golden, name, build).err()).collect();
        assert!(failures.is_empty(), "on {}:\n{}", backend.name(), failures.join("\n"));
    }
}

/// The running moments after one training step of a batch norm.
#[test]
fn running_moments_follow_pytorch() {
    let golden = golden();
    let get = |name: &str| golden.tensors[&format!("batch_norm_train.{name}")].clone();
    let layout = |names: [&str; 2]| {
        let entries = names.map(|name| (format!("norm.{name}"), Shape::new(&[3])));
        ParamLayout::new(&entries).expect("a layout")
    };
    let (affine, running) = (layout(["weight", "bias"]), layout(["running_mean", "running_var"]));
    let mut store = inkling::graph::ParamStore::zeros(running.clone());
    for entry in ["running_mean", "running_var"] {
        store.set(&format!("norm.{entry}"), &get(&format!("in.{entry}")).values).expect("values that fit");
    }
    for backend in [Backend::Cpu, gpu()] {
        let graph = Graph::new();
        let params = graph.slab("params", &affine).expect("a slab");
        let statistics = graph.slab("statistics", &running).expect("a slab");
        let x = get("in.x");
        let x = graph.constant(&x.values, Shape::new(&x.shape)).expect("a constant");
        let mode = BatchNormMode::Train { momentum: 0.1 };
        layers::batch_norm(&x, &params, &statistics, "norm", mode).expect("a batch norm");
        let [mean, variance] =
            ["running_mean", "running_var"].map(|name| statistics.get(&format!("norm.{name}")).expect("an entry"));
        let plan = graph.compile(&[("mean", &mean), ("variance", &variance)]).expect("a plan");
        let slab = backend.slab(store.slab()).expect("a slab");
        let mut executable = backend.compile(plan, &[("statistics", &slab)]).expect("an executable");
        executable.run().expect("a run");
        for (output, name) in [("mean", "running_mean"), ("variance", "running_var")] {
            close(name, &read(&executable, output), &get(name).values).unwrap_or_else(|message| panic!("{message}"));
        }
    }
}

/// Four steps of `AdamW` with weight decay and clipping by the global norm, and the parameters' moving average.
#[test]
fn adamw_with_clipping_and_ema_takes_pytorchs_path() {
    let golden = golden();
    let get = |name: &str| golden.tensors[&format!("adamw.{name}")].clone();
    let starts = [get("in.start0"), get("in.start1")];
    let shapes: Vec<(String, Shape)> =
        starts.iter().enumerate().map(|(i, start)| (format!("p{i}"), Shape::new(&start.shape))).collect();
    let layout = ParamLayout::new(&shapes).expect("a layout");
    let mut store = inkling::graph::ParamStore::zeros(layout.clone());
    for (i, start) in starts.iter().enumerate() {
        store.set(&format!("p{i}"), &start.values).expect("values that fit");
    }
    for backend in [Backend::Cpu, gpu()] {
        let graph = Graph::new();
        let params = graph.slab("params", &layout).expect("a slab");
        let ema = graph.slab("ema", &layout).expect("a slab");
        let hyper = graph.input("hyper", [4]).expect("an input");
        let mut loss = graph.scalar(0.0);
        for (i, p) in params.tensors().iter().enumerate() {
            let target = get(&format!("in.target{i}"));
            let target = graph.constant(&target.values, Shape::new(&target.shape)).expect("a constant");
            loss = loss.add(&p.sub(&target).expect("one shape").square().sum_all()).expect("scalars");
        }
        let gradients = graph.grad(&loss, &params.tensors()).expect("gradients");
        let config = AdamConfig { beta2: 0.99, weight_decay: 0.05, clip_norm: Some(1.0), ..AdamConfig::default() };
        graph.adam("adam", &params, &gradients, &hyper, &config).expect("a step");
        graph.moving_average(&ema.all(), &params.all(), &graph.scalar(0.1)).expect("an average");
        let slabs = [backend.slab(store.slab()).expect("a slab"), backend.slab(store.slab()).expect("a slab")];
        let named = [("params", &slabs[0]), ("ema", &slabs[1])];
        let mut executable = backend.compile(graph.compile(&[]).expect("a plan"), &named).expect("an executable");
        let hyper = executable.input("hyper").expect("the input");
        for step in 0..4 {
            executable.write(hyper, &config.hyper(1e-2, step + 1)).expect("values");
            executable.run().expect("a run");
            for (slab, name) in slabs.iter().zip(["p", "ema"]) {
                let values = pollster::block_on(slab.read()).expect("values");
                for (i, entry) in layout.entries().iter().enumerate() {
                    let key = format!("{name}{i}.step{step}");
                    let found = &values[entry.offset..entry.offset + entry.shape.numel()];
                    close(&key, found, &get(&key).values).unwrap_or_else(|error| panic!("{}: {error}", backend.name()));
                }
            }
        }
    }
}
