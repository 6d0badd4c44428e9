//! Every model that is shipped draws (or, where it draws nothing, answers) the same on the CPU and on the GPU from the
//! weights in www/models.

use std::rc::Rc;

use inkling::backend::{Backend, Executable};
use inkling::checkpoint::Checkpoint;
use inkling::data::{PIXELS, SIDE};
use inkling::models::autoregressive::{Architecture, AutoregressiveConfig};
use inkling::models::family::Family;
use inkling::models::network::Runner;
use inkling::models::plans::PARAMS;
use inkling::models::vae::Vae;
use inkling::models::vae_adopt::adopt;
use inkling::ops::key_values;
use inkling::rng::Philox;
use inkling::samplers::Sampler;
use inkling::samplers::spec::{Direction, Spec, Start};
use inkling::samplers::trajectory::{DenoiserRunner, Given, Keep, Trajectory};
use inkling_tests::{catalog, gpu, read, weights};

/// Digits drawn at once.
const BATCH: usize = 2;
/// What they are where a model is told.
const DIGITS: [f32; BATCH] = [3.0, 8.0];
/// The seed of everything that is drawn.
const SEED: u32 = 11;

/// A ring and a bar: pictures that no data set is needed for.
fn pictures() -> Vec<f32> {
    let grey = |i: usize| {
        let (x, y) = ((i % SIDE) as f32 - 13.5, (i % PIXELS / SIDE) as f32 - 13.5);
        let away = if i < PIXELS { (x.hypot(y * 0.8) - 7.0).abs() } else { (x - 0.3 * y).abs() };
        (2.0 - away).clamp(0.0, 1.0) * f32::from(u8::from(y.abs() < 10.0))
    };
    (0..BATCH * PIXELS).map(|i| (255.0 * grey(i)).round() / 255.0).collect()
}

/// What a job reads, by its name.
fn input(name: &str, len: usize, run: usize) -> Vec<f32> {
    let constant = |value: f32| vec![value; len];
    match name {
        "z" => {
            let mut values = vec![0.0; len];
            Philox::new(u64::from(SEED), 0).fill_normal(&mut values);
            values
        }
        "key" => key_values(SEED, run as u32).to_vec(),
        "label" => DIGITS[..len].to_vec(),
        "x" | "given" => pictures(),
        "step" => constant(run as f32),
        // chains begin from noise (1) and go on (0)
        "begin" => constant(f32::from(u8::from(run == 0))),
        "step_size" => constant(10.0),
        "noise" if len == 1 => constant(0.1),
        "temperature" | "coupling" | "evidence" => constant(1.0),
        "mask" | "keep" => constant(0.0),
        other => panic!("what is {other}?"),
    }
}

fn fill(executable: &mut Executable, run: usize) {
    let ports: Vec<(String, usize)> =
        executable.plan().inputs.iter().map(|port| (port.name.clone(), port.shape.numel())).collect();
    for (name, len) in ports {
        let id = executable.input(&name).expect("the input");
        executable.write(id, &input(&name, len, run)).expect("its values");
    }
}

/// `output` after `runs` of the job `name`.
fn job(backend: &Backend, weights: &Checkpoint, name: &str, runs: usize, output: &str) -> Vec<f32> {
    let runner = Runner::new(backend, weights).expect("a model");
    let job = runner.job(name, BATCH).expect("a job");
    let job = &mut *job.borrow_mut();
    for run in 0..runs {
        fill(job, run);
        job.run().expect("a run");
    }
    read(job, output)
}

/// Runs in which an autoregressive model writes a digit.
fn places(weights: &Checkpoint) -> usize {
    let config: AutoregressiveConfig = weights.config().expect("a config").expect("a config");
    match config.network {
        Architecture::Transformer { .. } => PIXELS / 4,
        _ => PIXELS,
    }
}

fn vae(backend: &Backend, weights: &Checkpoint) -> Vec<f32> {
    let adopted = adopt(weights.clone()).expect("a VAE");
    let model = Vae::new(adopted.config.clone()).expect("a VAE");
    let store = adopted.weights.to_store(model.layout()).expect("weights that fit");
    let params = backend.slab(store.slab()).expect("a slab");
    let plan = model.decode_plan(BATCH).expect("a plan");
    let mut executable = backend.compile(plan, &[(PARAMS, &params)]).expect("an executable");
    fill(&mut executable, 0);
    executable.run().expect("a run");
    read(&executable, "pixels")
}

fn denoiser(backend: &Backend, weights: &Checkpoint) -> Vec<f32> {
    let runner = Rc::new(DenoiserRunner::new(backend, weights).expect("a denoiser"));
    let classes = if runner.config().conditional { vec![3, 8] } else { vec![10; BATCH] };
    let spec = Spec {
        model: String::new(),
        sampler: Sampler::Ddim,
        steps: 3,
        spacing: Default::default(),
        eta: 0.5,
        guidance_scale: 0.0,
        classes,
        seed: SEED,
        seeds: None,
        shared_noise: false,
        start: Start::Noise,
        direction: Direction::Denoise,
        inpaint: None,
    };
    let trajectory = Trajectory::new(&runner, spec, Given::default(), Keep::Newest).expect("a trajectory");
    pollster::block_on(trajectory.finish()).expect("digits")
}

/// What a model draws in a small batch and few steps, and how far two backends may differ in a value: the sums of a network
/// are added up in another order. A flow's grey value may fall on the next one's side.
fn drawn(backend: &Backend, weights: &Checkpoint) -> (Vec<f32>, f32) {
    let job = |name: &str, runs: usize, output: &str| job(backend, weights, name, runs, output);
    match Family::of(weights).expect("a family") {
        Family::Vae => (vae(backend, weights), 1e-4),
        Family::Denoiser => (denoiser(backend, weights), 1e-3),
        Family::Classifier => (job("classify", 1, "probabilities"), 1e-4),
        Family::Rbm => (job("gibbs", 2, "pixels"), 1e-4),
        Family::Energy => (job("langevin", 2, "pixels"), 1e-3),
        Family::Mixture | Family::GaussianMixture | Family::NaiveBayes => (job("sample", 1, "pixels"), 1e-5),
        Family::MarkovField => (job("denoise", 1, "pixels"), 0.0),
        Family::Flow => (job("sample", 1, "pixels"), 1.5 / 255.0),
        Family::Gan => (job("generate", 1, "pixels"), 1e-4),
        // a whole digit; what is drawn from a probability may not differ at all
        Family::Autoregressive => (job("write", places(weights), "probabilities"), 1e-4),
    }
}

#[test]
fn every_shipped_model_draws_the_same_on_both_backends() {
    let gpu = gpu();
    for entry in catalog() {
        let weights = weights(&entry);
        let (expected, tolerance) = drawn(&Backend::Cpu, &weights);
        let (found, _) = drawn(&gpu, &weights);
        assert_eq!(found.len(), expected.len(), "{}", entry.id);
        let differences = expected.iter().zip(&found).map(|(a, b)| (a - b).abs());
        let (mut largest, mut sum) = (0.0f32, 0.0f64);
        for difference in differences {
            assert!(difference.is_finite(), "{}: a value is no number", entry.id);
            largest = largest.max(difference);
            sum += f64::from(difference);
        }
        println!("{}: largest difference {largest:.1e}, mean {:.1e}", entry.id, sum / found.len() as f64);
        assert!(largest <= tolerance, "{}: {largest:.1e} apart", entry.id);
        assert!(expected.iter().any(|value| value != &expected[0]), "{}: nothing is drawn", entry.id);
    }
}
