//! Adversarial networks draw, judge and learn as the papers say: against values of an independent implementation in
//! PyTorch and f64 (tests/golden/make_gan.py), among them gradients of gradients.

use inkling::backend::{Backend, Executable};
use inkling::checkpoint::Checkpoint;
use inkling::data::PIXELS;
use inkling::graph::{ParamLayout, ParamStore};
use inkling::models::gan::Gan;
use inkling::models::gan_spectral::{SPECTRAL, largest_singular_value};
use inkling::models::gan_step::{Adversary, DISCRIMINATOR, Loss, Regulariser};
use inkling::models::network::{Network, Runner};
use inkling::models::plans::{EMA, PARAMS};
use inkling::ops::{AdamConfig, key_values};
use inkling_tests::{golden_file as file, gpu, read, relative_error};
use serde_json::Value;

const BATCH: usize = 4;
const LABELS: [f32; BATCH] = [3.0, 0.0, 9.0, 3.0];
/// Seed and step of the golden step's draws.
const KEY: (u32, u32) = (7, 3);
const RATE: f64 = 1e-2;
const RATIO: f64 = 2.0;
/// A large eps, so that a step follows the gradient's size and not only its sign.
const ADAM: AdamConfig = AdamConfig { beta1: 0.5, beta2: 0.99, eps: 0.1, weight_decay: 0.0, clip_norm: None };
/// The largest difference of f32 from f64, relative to the largest value of a tensor: of values, and of gradients, some of
/// which are gradients of gradients.
const TOLERANCE: f64 = 1e-5;
const GRADIENT_TOLERANCE: f64 = 1e-4;
/// Values of a tensor that the golden file holds, with the sum behind them where there are more.
const DIGEST: usize = 64;

struct Golden(Checkpoint);

impl Golden {
    fn load() -> Golden {
        Golden(file("gan-golden.safetensors"))
    }

    fn get(&self, name: &str) -> &[f32] {
        &self.0.tensors.get(name).unwrap_or_else(|| panic!("{name} in the golden file")).values
    }

    fn check(&self, name: &str, found: &[f32], tolerance: f64) {
        let expected: Vec<f64> = self.get(name).iter().map(|value| f64::from(*value)).collect();
        assert_eq!(found.len(), expected.len(), "{name}");
        let error = relative_error(found.iter().map(|value| f64::from(*value)), &expected);
        assert!(error < tolerance, "{name} is off by {error:.1e}");
    }

    fn check_digest(&self, name: &str, values: &[f32]) {
        let mut found = values[..values.len().min(DIGEST)].to_vec();
        if values.len() > DIGEST {
            found.push(values.iter().map(|value| f64::from(*value)).sum::<f64>() as f32);
        }
        self.check(name, &found, GRADIENT_TOLERANCE);
    }
}

fn write(executable: &mut Executable, name: &str, values: &[f32]) {
    if let Ok(input) = executable.input(name) {
        executable.write(input, values).expect("the input's values");
    }
}

fn backends() -> [Backend; 2] {
    [Backend::Cpu, gpu()]
}

#[test]
fn jobs_compute_pytorchs_pixels_scores_and_maps() {
    let golden = Golden::load();
    for backend in backends() {
        for name in ["conv", "mlp", "style"] {
            let weights = file(&format!("gan-{name}.safetensors"));
            let runner = Runner::new(&backend, &weights).expect("a runner");
            let run = |job: &str, output: &str| {
                let job = runner.job(job, BATCH).expect("a job");
                let mut job = job.borrow_mut();
                write(&mut job, "z", golden.get(&format!("{name}.z")));
                write(&mut job, "x", golden.get("x"));
                write(&mut job, "label", &LABELS);
                write(&mut job, "key", &key_values(KEY.0, KEY.1));
                write(&mut job, "noise", &[0.5]);
                if output == "pixels" && name == "style" {
                    let w = golden.get("style.w");
                    let five: Vec<f32> = w.chunks(w.len() / BATCH).flat_map(|row| row.repeat(5)).collect();
                    write(&mut job, "w", &five);
                }
                job.run().expect("a run");
                read(&job, output)
            };
            golden.check(&format!("{name}.pixels"), &run("generate", "pixels"), TOLERANCE);
            golden.check(&format!("{name}.scores"), &run("judge", "scores"), TOLERANCE);
            golden.check(&format!("{name}.map"), &run("where", "map"), GRADIENT_TOLERANCE);
            if name == "style" {
                golden.check("style.w", &run("map", "w"), TOLERANCE);
                golden.check("style.pixels", &run("style", "pixels"), TOLERANCE);
            }
            let unknown = runner.job("dream", 1).err().expect("no such job").to_string();
            assert!(unknown.contains("generate, judge, where"), "{unknown}");
        }
    }
}

/// The part of a weights file that `layout` names.
fn part(weights: &Checkpoint, layout: &std::rc::Rc<ParamLayout>) -> ParamStore {
    let mut store = ParamStore::zeros(layout.clone());
    for entry in layout.entries() {
        store.set(&entry.name, &weights.tensors[&entry.name].values).expect("weights that fit");
    }
    store
}

/// On the CPU; a software adapter compiles a step of two networks for minutes, and parity.rs compares every op.
#[test]
fn a_step_takes_pytorchs_gradients_also_through_gradients() {
    let golden = Golden::load();
    let cases: Vec<Value> = golden.0.config().expect("JSON").expect("descriptions");
    for (index, case) in cases.iter().enumerate() {
        let name = case["name"].as_str().expect("a network's name");
        let loss: Loss = serde_json::from_value(case["loss"].clone()).expect("a loss");
        let regulariser: Regulariser = serde_json::from_value(case["regulariser"].clone()).expect("a regulariser");
        let weights = file(&format!("gan-{name}.safetensors"));
        let gan = Gan::new(weights.config().expect("JSON").expect("a config")).expect("a GAN");
        let adversary = Adversary { loss, regulariser, dropout: 0.0, discriminator_rate: RATIO };
        let plan = gan.train_on_codes_plan(BATCH, &adversary, &ADAM).expect("a plan");

        let backend = Backend::Cpu;
        let slab = |values: &[f32]| backend.slab(values).expect("a slab");
        let generator = part(&weights, gan.generator_layout());
        let discriminator = part(&weights, gan.discriminator_layout());
        let zeros = |store: &ParamStore| slab(&vec![0.0; store.slab().len()]);
        let (params, ema) = (slab(generator.slab()), slab(generator.slab()));
        let (m, v) = (zeros(&generator), zeros(&generator));
        let critic = slab(discriminator.slab());
        let (critic_m, critic_v) = (zeros(&discriminator), zeros(&discriminator));
        let vectors = slab(&vectors(&gan, golden.get(&format!("{name}.u"))));
        let slabs = [
            (PARAMS, &params),
            (EMA, &ema),
            ("adam.m", &m),
            ("adam.v", &v),
            (DISCRIMINATOR, &critic),
            ("discriminator.adam.m", &critic_m),
            ("discriminator.adam.v", &critic_v),
            (SPECTRAL, &vectors),
        ];
        let with_vectors = regulariser == Regulariser::SpectralNorm;
        let slabs = &slabs[..slabs.len() - usize::from(!with_vectors)];
        let mut executable = backend.compile(plan, slabs).expect("an executable");
        let x: Vec<f32> = golden.get("x").iter().map(|grey| 2.0 * grey - 1.0).collect();
        assert_eq!(x.len(), BATCH * PIXELS);
        write(&mut executable, "x", &x);
        write(&mut executable, "z", golden.get(&format!("{name}.z")));
        write(&mut executable, "label", &LABELS);
        write(&mut executable, "key", &key_values(KEY.0, KEY.1));
        write(&mut executable, "hyper", &ADAM.hyper(RATE, 1));
        write(&mut executable, "ema_rate", &[0.01]);
        executable.run().expect("a run");

        let losses: Vec<f32> =
            ["discriminator", "penalty", "generator"].iter().flat_map(|name| read(&executable, name)).collect();
        golden.check(&format!("{index}.losses"), &losses, TOLERANCE);
        for (layout, moments) in [(gan.discriminator_layout(), &critic_m), (gan.generator_layout(), &m)] {
            let values = pollster::block_on(moments.read()).expect("the moments");
            let gradients: Vec<f32> = values.iter().map(|value| value / (1.0 - ADAM.beta1) as f32).collect();
            let gradients = ParamStore::from_slab(layout.clone(), gradients).expect("of this layout");
            for entry in layout.entries() {
                let gradient = gradients.get(&entry.name).expect("every parameter has one");
                golden.check_digest(&format!("{index}.grad.{}", entry.name), gradient);
            }
        }
    }
}

/// The vectors of the power iteration, one for each weight of the discriminator, in a slab of their own.
fn vectors(gan: &Gan, values: &[f32]) -> Vec<f32> {
    let shapes: Vec<_> = gan.discriminator().iter().filter_map(|stage| stage.weight_shape()).collect();
    let shapes: Vec<_> = shapes
        .iter()
        .enumerate()
        .map(|(index, (shape, _))| (index.to_string(), inkling::graph::Shape::new(&[1, shape[0]])))
        .collect();
    let mut store = ParamStore::zeros(ParamLayout::new(&shapes).expect("a layout"));
    let mut rest = values;
    for (name, shape) in &shapes {
        let (first, others) = rest.split_at(shape.numel());
        store.set(name, first).expect("a vector");
        rest = others;
    }
    store.slab().to_vec()
}

/// What the page is shipped of a discriminator with the spectral norm needs no vectors.
#[test]
fn shipped_weights_of_the_spectral_norm_have_one() {
    let weights = file("gan-mlp.safetensors");
    let gan = Gan::new(weights.config().expect("JSON").expect("a config")).expect("a GAN");
    let mut store = part(&weights, gan.discriminator_layout());
    inkling::models::gan_spectral::Spectral::new(&gan).expect("the vectors").apply(&mut store);
    for entry in gan.discriminator_layout().entries().iter().filter(|entry| entry.name.ends_with("weight")) {
        let sigma = largest_singular_value(store.get(&entry.name).expect("a weight"), entry.shape.dims()[0]);
        assert!((sigma - 1.0).abs() < 1e-4, "{}: {sigma}", entry.name);
    }
    assert!(gan.describe().contains("784-6-5-1"), "{}", gan.describe());
}
