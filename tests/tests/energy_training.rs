//! Small energy-based models learn bars: the RBM's exact likelihood rises, the convolutional energy comes to lie lower for
//! bars than for noise; a run that is resumed ends bit for bit where one in a piece does. Nothing of MNIST is here.

use inkling::backend::{Backend, DeviceSlab};
use inkling::checkpoint::{Checkpoint, Precision};
use inkling::data::binarize::Binarization;
use inkling::data::{PIXELS, SIDE};
use inkling::models::energy::EnergyConfig;
use inkling::models::family::Family;
use inkling::models::network::Runner;
use inkling::models::rbm::RbmConfig;
use inkling::rng::Philox;
use inkling::train::energy::ChainTraining;
use inkling::train::objective::Samples;
use inkling::train::recipe::{Recipe, Task};
use inkling::train::trainer::Trainer;

const HIDDEN: usize = 8;
const IMAGES: usize = 200;

/// Upright bars of three pixels' width at ten places; the place is the class.
fn bars() -> (Vec<u8>, Vec<u8>) {
    let bar = |index: usize| {
        let left = 3 + 2 * (index % 10);
        (0..PIXELS).map(move |pixel| 255 * u8::from((left..left + 3).contains(&(pixel % SIDE))))
    };
    ((0..IMAGES).flat_map(bar).collect(), (0..IMAGES).map(|index| (index % 10) as u8).collect())
}

fn recipe(task: Task, learning_rate: f64) -> Recipe {
    Recipe {
        name: "bars".into(),
        title: "Bars".into(),
        task,
        batch: 20,
        epochs: 1,
        learning_rate,
        warm_up_steps: 0,
        beta1: 0.0,
        beta2: 0.999,
        weight_decay: 0.0,
        ema_decay: 0.9,
        clip_norm: 0.1,
    }
}

fn rbm() -> Recipe {
    let model = RbmConfig::new(HIDDEN);
    recipe(Task::Rbm { model, chains: 30, binarization: Binarization::Dynamic }, 0.05)
}

fn convolutional() -> Recipe {
    let model = EnergyConfig {
        family: Family::Energy,
        channels: [6, 8, 8],
        hidden: 16,
        step_size: 10.0,
        noise: 0.005,
        training: None,
    };
    let chains =
        ChainTraining { steps: 4, replay: 60, fresh: 0.1, image_noise: 0.03, regularisation: 0.1, classification: 0.0 };
    recipe(Task::Energy { model, chains }, 2e-3)
}

fn start(recipe: Recipe, steps: u64) -> Trainer {
    Trainer::new(&Backend::Cpu, recipe, 3, Some(steps), IMAGES, None).expect("a run")
}

fn go_on(trainer: &mut Trainer, until: u64) {
    let (images, labels) = bars();
    while trainer.steps_done() < until {
        trainer.step(&Samples { images: &images, labels: &labels }).expect("a step");
    }
}

fn trained(recipe: Recipe, steps: u64) -> Checkpoint {
    let mut trainer = start(recipe, steps);
    go_on(&mut trainer, steps);
    pollster::block_on(trainer.weights()).expect("weights")
}

/// The energies of pictures.
fn energies(weights: &Checkpoint, job: &str, x: &[f32], label: Option<f32>) -> Vec<f64> {
    let count = x.len() / PIXELS;
    let runner = Runner::new(&Backend::Cpu, weights).expect("a model");
    let job = runner.job(job, count).expect("a job");
    let mut job = job.borrow_mut();
    let (input, output) = (job.input("x").expect("x"), job.output("energy").expect("energies"));
    job.write(input, x).expect("pictures");
    if let Some(label) = label {
        let input = job.input("label").expect("labels");
        job.write(input, &vec![label; count]).expect("labels");
    }
    let values = pollster::block_on(job.run_and_read(&[output])).expect("energies");
    values.into_iter().map(f64::from).collect()
}

/// -log p of the bars, by a sum over all states of the hidden units.
fn nats(weights: &Checkpoint) -> f64 {
    let tensor = |name: &str| &weights.tensors[name].values;
    let (weight, visible, hidden) = (tensor("weight"), tensor("visible_bias"), tensor("hidden_bias"));
    let terms: Vec<f64> = (0..1usize << HIDDEN)
        .map(|state| {
            let on: Vec<usize> = (0..HIDDEN).filter(|unit| state >> unit & 1 == 1).collect();
            let field = |pixel: usize| {
                f64::from(visible[pixel]) + on.iter().map(|unit| f64::from(weight[unit * PIXELS + pixel])).sum::<f64>()
            };
            on.iter().map(|&unit| f64::from(hidden[unit])).sum::<f64>()
                + (0..PIXELS).map(|pixel| field(pixel).exp().ln_1p()).sum::<f64>()
        })
        .collect();
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_z = largest + terms.iter().map(|term| (term - largest).exp()).sum::<f64>().ln();
    let x: Vec<f32> = bars().0[..10 * PIXELS].iter().map(|grey| f32::from(*grey) / 255.0).collect();
    energies(weights, "free_energy", &x, None).iter().sum::<f64>() / 10.0 + log_z
}

#[test]
fn the_rbm_s_likelihood_rises() {
    let (before, after) = (nats(&trained(rbm(), 1)), nats(&trained(rbm(), 1_500)));
    // the best of all models with independent pixels has 235 nats for these bars: below that, the units know of bars
    assert!(before > 235.0, "{before}");
    assert!(after > 10f64.ln() && after < 160.0, "{after}");
}

#[test]
fn bars_come_to_lie_lower_than_noise() {
    let weights = trained(convolutional(), 300);
    let bars: Vec<f32> = bars().0[..10 * PIXELS].iter().map(|grey| f32::from(*grey) / 255.0).collect();
    let mut noise = vec![0.0; 10 * PIXELS];
    let mut rng = Philox::new(1, 1);
    noise.iter_mut().for_each(|value| *value = rng.uniform());
    let mean = |x: &[f32]| energies(&weights, "energy", x, Some(10.0)).iter().sum::<f64>() / 10.0;
    let (of_bars, of_noise) = (mean(&bars), mean(&noise));
    assert!(of_bars < of_noise - 0.1, "{of_bars} against {of_noise}");
}

fn bytes(slab: &DeviceSlab) -> Vec<u32> {
    pollster::block_on(slab.read()).expect("a slab").into_iter().map(f32::to_bits).collect()
}

#[test]
fn a_resumed_run_ends_where_one_in_a_piece_does() {
    for recipe in [rbm(), convolutional()] {
        let mut whole = start(recipe.clone(), 8);
        go_on(&mut whole, 8);
        let mut first = start(recipe.clone(), 8);
        go_on(&mut first, 5);
        let saved = pollster::block_on(first.save()).expect("a state").to_bytes(Precision::Single).expect("bytes");
        let saved = Checkpoint::from_bytes(&saved).expect("a state");
        let mut second = Trainer::resume(&Backend::Cpu, recipe, 3, Some(8), IMAGES, &saved).expect("a run");
        go_on(&mut second, 8);
        let weights = |trainer: &Trainer| pollster::block_on(trainer.weights()).expect("weights");
        assert_eq!(weights(&whole), weights(&second));
    }
}

#[test]
fn a_step_moves_its_own_chains_only() {
    let mut trainer = start(convolutional(), 2);
    let slab = trainer.executable().slab("replay").expect("the buffer");
    let before = bytes(&slab);
    go_on(&mut trainer, 1);
    let after = bytes(&slab);
    let moved = before.chunks(PIXELS).zip(after.chunks(PIXELS)).filter(|(before, after)| before != after).count();
    assert_eq!(moved, 20, "a chain for each image of the batch");
    assert!(after.iter().all(|value| f32::from_bits(*value).abs() <= 1.0), "pictures stay pictures");
}
