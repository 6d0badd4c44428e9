//! Denoisers predict, learn and are sampled as the papers say: against values of an independent implementation in
//! PyTorch and f64 (tests/golden/make_denoiser.py), on every backend.

use std::rc::Rc;

use inkling::backend::{Backend, DeviceSlab, Executable};
use inkling::checkpoint::Checkpoint;
use inkling::data::PIXELS;
use inkling::graph::{Graph, ParamStore, Plan, Tensor};
use inkling::models::denoiser::{Denoiser, Query};
use inkling::models::denoiser_config::{DenoiserConfig, NO_CLASS};
use inkling::models::plans::{EMA, PARAMS};
use inkling::ops::{AdamConfig, key_values};
use inkling::samplers::spec::Spec;
use inkling::samplers::trajectory::{DenoiserRunner, Given, Keep, Track, Trajectory};
use inkling_tests::{golden_file as file, gpu, read, relative_error};
use serde_json::Value;

const IMAGES: usize = 2;
/// What the training step was told: times and labels of the two images, and their weights in the loss.
const TIMES: [f64; IMAGES] = [0.2, 0.85];
const LABELS: [f32; IMAGES] = [3.0, NO_CLASS as f32];
const WEIGHTS: [f32; IMAGES] = [1.0, 0.5];
/// The largest difference of f32 from f64, relative to the largest value of a tensor: of one evaluation, and of the
/// states and predictions along ten steps with up to four evaluations each.
const PREDICTION_TOLERANCE: f64 = 1e-5;
const TRAJECTORY_TOLERANCE: f64 = 1e-4;

struct Golden(Checkpoint);

impl Golden {
    fn load() -> Golden {
        Golden(file("denoiser-golden.safetensors"))
    }

    fn get(&self, name: &str) -> &[f32] {
        &self.0.tensors.get(name).unwrap_or_else(|| panic!("{name} in the golden file")).values
    }

    fn check(&self, name: &str, found: &[f32], tolerance: f64) {
        compare(name, found, self.get(name), tolerance);
    }

    /// The trajectories' descriptions.
    fn cases(&self) -> Vec<Value> {
        self.0.config().expect("JSON").expect("descriptions")
    }
}

fn compare(name: &str, found: &[f32], expected: &[f32], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let expected: Vec<f64> = expected.iter().map(|value| f64::from(*value)).collect();
    let error = relative_error(found.iter().map(|value| f64::from(*value)), &expected);
    assert!(error < tolerance, "{name} is off by {error:.1e}");
}

fn backends() -> [Backend; 2] {
    [Backend::Cpu, gpu()]
}

/// What is left out on a GPU, for compiling a step takes a software adapter seconds, and the U-Net's gradients a minute.
/// Between the backends, parity.rs compares every op and samplers.rs every sampler.
fn is_left_out(backend: &Backend, name: &str) -> bool {
    let compared =
        ["mlp", "ddpm", "euler guided", "dpm-solver log-snr", "v midpoint", "textbook ddim", "textbook heun"];
    matches!(backend, Backend::Gpu(_)) && !compared.contains(&name)
}

/// A tiny network with its weights on the host.
struct Model {
    denoiser: Denoiser,
    store: ParamStore,
}

impl Model {
    /// The weights of `denoiser-{name}.safetensors` as the network of `config`, or as that of the file.
    fn load(name: &str, config: Option<DenoiserConfig>) -> Model {
        let weights = file(&format!("denoiser-{name}.safetensors"));
        let config = config.unwrap_or_else(|| weights.config().expect("a denoiser's").expect("a config"));
        let denoiser = Denoiser::new(config).expect("a denoiser");
        let store = weights.to_store(denoiser.layout()).expect("weights that fit");
        Model { denoiser, store }
    }

    fn upload(&self, backend: &Backend) -> DeviceSlab {
        backend.slab(self.store.slab()).expect("a slab")
    }

    fn features(&self, times: &[f64]) -> Vec<f32> {
        let width = self.denoiser.time_width();
        let mut features = vec![0.0; times.len() * width];
        for (time, row) in times.iter().zip(features.chunks_mut(width)) {
            self.denoiser.time_features(*time, row);
        }
        features
    }

    /// alpha, sigma and the factors of x_0 and eps in the target, `[4, images]`.
    fn mix(&self) -> Vec<f32> {
        let config = self.denoiser.config();
        let columns = TIMES.map(|t| {
            let at = config.path.at(t);
            let [of_x0, of_eps] = config.prediction.target(at);
            [at.alpha, at.sigma, of_x0, of_eps]
        });
        (0..4).flat_map(|row| columns.map(|column| column[row] as f32)).collect()
    }
}

/// A plan on the weights.
fn compile(backend: &Backend, model: &Model, plan: Plan) -> Executable {
    backend.compile(plan, &[(PARAMS, &model.upload(backend))]).expect("an executable")
}

/// One run on these inputs; one that the network does not read is left out.
fn run(executable: &mut Executable, inputs: &[(&str, &[f32])]) {
    for (name, values) in inputs {
        if let Ok(input) = executable.input(name) {
            executable.write(input, values).expect("its values");
        }
    }
    executable.run().expect("a run");
}

fn prediction_plan(model: &Model) -> Plan {
    let graph = Graph::new();
    let params = graph.slab(PARAMS, model.denoiser.layout()).expect("a slab");
    let x = graph.input("x", [IMAGES, PIXELS]).expect("an input");
    let time = graph.input("time", [1, model.denoiser.time_width()]).expect("an input");
    let label = graph.input("label", [IMAGES]).expect("an input");
    let query = Query { x: &x, time: &time, label: &label };
    let p = model.denoiser.predict(&query, &params).expect("a prediction");
    graph.compile(&[("p", &p)]).expect("a plan")
}

#[test]
fn predictions_are_the_reference_s() {
    let golden = Golden::load();
    for backend in backends() {
        for (name, times) in [("unet", ["0.0", "0.31", "1.0"]), ("mlp", ["0.001", "0.5", "1.0"])] {
            let model = Model::load(name, None);
            let mut executable = compile(&backend, &model, prediction_plan(&model));
            for time in times {
                let features = model.features(&[time.parse().expect("a time")]);
                run(&mut executable, &[("x", golden.get("x_T")), ("time", &features), ("label", &LABELS)]);
                golden.check(&format!("{name}.predict.{time}"), &read(&executable, "p"), PREDICTION_TOLERANCE);
            }
        }
    }
}

/// The weighted loss over the golden batch and the gradient of every parameter.
fn gradients_plan(model: &Model) -> Plan {
    let graph = Graph::new();
    let params = graph.slab(PARAMS, model.denoiser.layout()).expect("a slab");
    let input = |name: &str, shape: &[usize]| graph.input(name, shape).expect("an input");
    let (x0, eps) = (input("x", &[IMAGES, PIXELS]), input("eps", &[IMAGES, PIXELS]));
    let (time, label) = (input("time", &[IMAGES, model.denoiser.time_width()]), input("label", &[IMAGES]));
    let (mix, weight) = (input("mix", &[4, IMAGES]), input("weight", &[IMAGES]));
    let combine = |row: usize| {
        let factor = |row| mix.slice(0, row, 1).and_then(|row| row.reshape([IMAGES, 1])).expect("a column");
        let parts = [(&x0, row), (&eps, row + 1)].map(|(images, row)| images.mul(&factor(row)).expect("one shape"));
        parts[0].add(&parts[1]).expect("one shape")
    };
    let x = combine(0);
    let p = model.denoiser.predict(&Query { x: &x, time: &time, label: &label }, &params).expect("a prediction");
    let squares = p.sub(&combine(2)).expect("one shape").square().mean_keep(&[1]).expect("an axis");
    let errors = squares.reshape([IMAGES]).and_then(|errors| errors.mul(&weight)).expect("one shape");
    let loss = errors.mean_all();
    let gradients = graph.grad(&loss, &params.tensors()).expect("gradients");
    let mut outputs: Vec<(&str, Tensor)> = vec![("loss", loss)];
    for (entry, gradient) in model.denoiser.layout().entries().iter().zip(gradients) {
        outputs.push((&entry.name, gradient.expect("every parameter has a gradient")));
    }
    let named: Vec<(&str, &Tensor)> = outputs.iter().map(|(name, tensor)| (*name, tensor)).collect();
    graph.compile(&named).expect("a plan")
}

#[test]
fn the_loss_and_its_gradients_are_pytorch_s() {
    let golden = Golden::load();
    for backend in backends() {
        for name in ["unet", "mlp"].into_iter().filter(|name| !is_left_out(&backend, name)) {
            let model = Model::load(name, None);
            let (features, mix) = (model.features(&TIMES), model.mix());
            let inputs = [
                ("x", golden.get("data")),
                ("eps", golden.get("x_T")),
                ("time", &features),
                ("label", &LABELS),
                ("mix", &mix),
                ("weight", &WEIGHTS),
            ];
            let mut executable = compile(&backend, &model, gradients_plan(&model));
            run(&mut executable, &inputs);
            golden.check(&format!("{name}.loss"), &read(&executable, "loss"), PREDICTION_TOLERANCE);
            for entry in model.denoiser.layout().entries() {
                let gradient = read(&executable, &entry.name);
                // the golden file has at most 40 values of each, and the norm
                let part: Vec<f32> = gradient.iter().step_by(gradient.len().div_ceil(40)).copied().collect();
                golden.check(&format!("{name}.grad.{}", entry.name), &part, PREDICTION_TOLERANCE);
                let norm = gradient.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
                golden.check(&format!("{name}.grad_norm.{}", entry.name), &[norm as f32], PREDICTION_TOLERANCE);
            }
        }
    }
}

/// The losses of four steps of `plan`, and the weights' moving average after them.
fn optimize(
    backend: &Backend,
    golden: &Golden,
    model: &Model,
    plan: Plan,
    adam: &AdamConfig,
) -> (Vec<f32>, ParamStore) {
    let zeros = vec![0.0; model.store.slab().len()];
    let slabs = [model.store.slab(), &zeros, &zeros, model.store.slab()].map(|values| backend.slab(values));
    let slabs = slabs.map(|slab| slab.expect("a slab"));
    let named: Vec<(&str, &DeviceSlab)> = [PARAMS, "adam.m", "adam.v", EMA].into_iter().zip(&slabs).collect();
    let mut executable = backend.compile(plan, &named).expect("an executable");
    let (features, mix) = (model.features(&TIMES), model.mix());
    let mut losses = Vec::new();
    for step in 0..4 {
        let inputs: [(&str, &[f32]); 9] = [
            ("x", golden.get("data")),
            ("eps", golden.get("x_T")),
            ("key", &key_values(5, step)),
            ("time", &features),
            ("label", &LABELS),
            ("mix", &mix),
            ("weight", &WEIGHTS),
            ("hyper", &adam.hyper(3e-3, u64::from(step) + 1)),
            ("ema_rate", &[0.25]),
        ];
        run(&mut executable, &inputs);
        losses.extend(read(&executable, "loss"));
    }
    let average = pollster::block_on(slabs[3].read()).expect("the average");
    (losses, ParamStore::from_slab(model.denoiser.layout().clone(), average).expect("a store"))
}

#[test]
fn training_takes_pytorch_s_path() {
    let golden = Golden::load();
    let adam = AdamConfig { beta2: 0.99, weight_decay: 0.01, clip_norm: Some(1.0), ..AdamConfig::default() };
    for backend in backends() {
        for name in ["unet", "mlp"].into_iter().filter(|name| !is_left_out(&backend, name)) {
            let model = Model::load(name, None);
            let plan = model.denoiser.train_plan(IMAGES, &adam).expect("a plan");
            let (losses, _) = optimize(&backend, &golden, &model, plan, &adam);
            golden.check(&format!("{name}.drawn_losses"), &losses, TRAJECTORY_TOLERANCE);
            let plan = model.denoiser.train_pairs_plan(IMAGES, &adam).expect("a plan");
            let (losses, average) = optimize(&backend, &golden, &model, plan, &adam);
            golden.check(&format!("{name}.pairs_losses"), &losses, TRAJECTORY_TOLERANCE);
            for tensor in ["out.weight", "attention.in_proj_weight", "net.2.weight"] {
                if let Some(values) = average.get(tensor) {
                    golden.check(&format!("{name}.ema.{tensor}"), &values[..40], TRAJECTORY_TOLERANCE);
                }
            }
        }
    }
}

/// Of each image every 29th pixel, the mean and the root mean square: what the golden file has of it.
fn digest(images: &[f32]) -> Vec<f32> {
    let mut values = Vec::new();
    for image in images.chunks(PIXELS) {
        let mean = |power: i32| image.iter().map(|value| f64::from(*value).powi(power)).sum::<f64>() / PIXELS as f64;
        values.extend(image.iter().skip(3).step_by(29));
        values.extend([mean(1) as f32, mean(2).sqrt() as f32]);
    }
    values
}

/// What is given to a trajectory: the two images or the state that it starts from.
fn given<'a>(golden: &'a Golden, spec: &Value) -> Given<'a> {
    let images = match spec["start"]["kind"].as_str() {
        Some("exact") => golden.get("x_T"),
        _ => golden.get("data"),
    };
    Given { images, mask: golden.get("mask") }
}

#[test]
fn every_frame_of_every_sampler_is_the_reference_s() {
    let golden = Golden::load();
    let cases = golden.cases();
    assert!(cases.len() > 20, "the golden file describes its trajectories");
    for backend in backends() {
        for case in &cases {
            let name = case["name"].as_str().expect("a name");
            if is_left_out(&backend, name) {
                continue;
            }
            let config = serde_json::from_value(case["config"].clone()).expect("a config");
            let spec: Spec = serde_json::from_value(case["spec"].clone()).expect("a spec");
            let model = Model::load(case["weights"].as_str().expect("a file"), Some(config));
            let params = model.upload(&backend);
            let runner = Rc::new(DenoiserRunner::on_params(&backend, model.denoiser, params));
            let mut trajectory =
                Trajectory::new(&runner, spec, given(&golden, &case["spec"]), Keep::All).expect("a trajectory");
            while trajectory.step().expect("a step") {}
            let expected = golden.get(&format!("trajectory.{name}"));
            let frames = trajectory.moves().len() + 1;
            let frame_len = expected.len() / frames;
            assert_eq!(expected.len(), frames * frame_len, "{name}: as many moves");
            for (frame, expected) in expected.chunks(frame_len).enumerate() {
                let tracks = [Track::X, Track::X0, Track::Eps];
                for (track, expected) in tracks.into_iter().zip(expected.chunks(frame_len / 3)) {
                    let found = pollster::block_on(trajectory.read(frame, track)).expect("a frame");
                    let what = format!("{track:?} of frame {frame} of {name}, {}", backend.name());
                    compare(&what, &digest(&found), expected, TRAJECTORY_TOLERANCE);
                }
            }
        }
    }
}
