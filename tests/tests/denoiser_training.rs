//! Small denoisers learn synthetic strokes within a few steps, sample what they have learnt, and a run that is resumed
//! ends bit for bit where one in a piece does. Strokes stand for digits: nothing of MNIST is here.

use std::rc::Rc;

use inkling::backend::Backend;
use inkling::checkpoint::{Checkpoint, Precision};
use inkling::data::{PIXELS, SIDE};
use inkling::models::denoiser_config::{DenoiserConfig, Network, Prediction};
use inkling::models::family::Family;
use inkling::rng::Philox;
use inkling::samplers::path::Path;
use inkling::samplers::spec::Spec;
use inkling::samplers::trajectory::{DenoiserRunner, Given, Keep, Trajectory};
use inkling::train::denoiser::pair_noise;
use inkling::train::objective::Samples;
use inkling::train::recipe::{Recipe, Task};
use inkling::train::trainer::Trainer;
use inkling_tests::gpu;

/// A data set: 784 grey values and a class for each image.
struct Strokes {
    images: Vec<u8>,
    labels: Vec<u8>,
}

impl Strokes {
    /// Soft bars whose angle is the class, moved about a little.
    fn new(count: usize) -> Strokes {
        let mut rng = Philox::new(7, 7);
        let (mut images, mut labels) = (Vec::with_capacity(count * PIXELS), Vec::with_capacity(count));
        for index in 0..count {
            let class = (index % 10) as u8;
            images.extend(bar(class, 6.0 * rng.uniform() - 3.0));
            labels.push(class);
        }
        Strokes { images, labels }
    }

    /// What a teacher on straight paths would have made of the pairs' noise: grey values that grow with it.
    fn of_pairs(count: usize) -> Strokes {
        let mut noise = vec![0.0; PIXELS];
        let mut images = Vec::with_capacity(count * PIXELS);
        for index in 0..count {
            pair_noise(index, &mut noise);
            images.extend(noise.iter().map(|value| (127.5 * (1.0 + value.tanh())).round() as u8));
        }
        Strokes { images, labels: (0..count).map(|index| (index % 10) as u8).collect() }
    }

    fn len(&self) -> usize {
        self.labels.len()
    }

    fn samples(&self) -> Samples<'_> {
        Samples { images: &self.images, labels: &self.labels }
    }
}

/// A bar `offset` pixels off the centre at the angle of `class`.
fn bar(class: u8, offset: f32) -> Vec<u8> {
    let (sin, cos) = (f32::from(class) * std::f32::consts::PI / 10.0).sin_cos();
    let centre = (SIDE as f32 - 1.0) / 2.0;
    let grey = |pixel: usize| {
        let (x, y) = ((pixel % SIDE) as f32 - centre, (pixel / SIDE) as f32 - centre);
        let distance = x * cos + y * sin - offset;
        255.0 * (-distance * distance / 6.0).exp()
    };
    (0..PIXELS).map(|pixel| grey(pixel).round() as u8).collect()
}

fn unet() -> DenoiserConfig {
    DenoiserConfig {
        family: Family::Denoiser,
        network: Network::Unet { channels: [8, 16], embedding: 16, heads: 2, groups: 4 },
        prediction: Prediction::Velocity,
        path: Path::Straight,
        conditional: true,
        training: None,
    }
}

fn mlp() -> DenoiserConfig {
    DenoiserConfig {
        network: Network::Mlp { hidden: vec![64, 64] },
        prediction: Prediction::X0,
        path: Path::Linear,
        conditional: false,
        ..unet()
    }
}

fn recipe(model: DenoiserConfig, batch: usize, pairs: bool) -> Recipe {
    let label_dropout = if model.conditional { 0.1 } else { 0.0 };
    Recipe {
        name: "strokes".into(),
        title: "Strokes".into(),
        task: Task::Denoiser { model, label_dropout, pairs },
        batch,
        epochs: 1,
        learning_rate: 4e-3,
        warm_up_steps: 10,
        beta1: 0.9,
        beta2: 0.99,
        weight_decay: 0.01,
        ema_decay: 0.98,
        clip_norm: 1.0,
    }
}

/// Trains for `steps`; the mean loss of the first and of the last ten steps, and the weights.
fn train(recipe: Recipe, steps: u64, data: &Strokes) -> ([f64; 2], Checkpoint) {
    let mut trainer = Trainer::new(&Backend::Cpu, recipe, 3, Some(steps), data.len(), None).expect("a run");
    let mut losses = Vec::new();
    while trainer.steps_done() < trainer.total_steps() {
        trainer.step(&data.samples()).expect("a step");
        losses.push(pollster::block_on(trainer.losses()).expect("a loss").total());
    }
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let weights = pollster::block_on(trainer.weights()).expect("weights");
    ([mean(&losses[..10]), mean(&losses[losses.len() - 10..])], weights)
}

#[test]
fn a_u_net_learns_strokes_and_draws_the_class_it_is_asked_for() {
    let ([first, last], weights) = train(recipe(unet(), 16, false), 400, &Strokes::new(400));
    // a network that says nothing leaves 1 + the mean square of the pixels, 1.6
    assert!(first > 0.9, "{first}");
    assert!(last < 0.3, "{last}");
    let runner = Rc::new(DenoiserRunner::new(&Backend::Cpu, &weights).expect("a denoiser"));
    let text =
        r#"{"sampler": "heun", "steps": 8, "classes": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "seed": 1, "guidance_scale": 1}"#;
    let spec: Spec = serde_json::from_str(text).expect("a spec");
    let trajectory = Trajectory::new(&runner, spec, Given::default(), Keep::Newest).expect("a trajectory");
    let drawn = pollster::block_on(trajectory.finish()).expect("images");
    let right = drawn.chunks(PIXELS).enumerate().filter(|(class, image)| nearest_class(image) == *class as u8).count();
    // one would by chance
    assert!(right >= 5, "{right} of 10 strokes lie at the angle they were asked for");
}

/// The class of the bar that an image in [-1, 1] is nearest to.
fn nearest_class(image: &[f32]) -> u8 {
    let distance = |class: u8, offset: f32| -> f32 {
        let grey = bar(class, offset).into_iter().map(|grey| f32::from(grey) / 127.5 - 1.0);
        image.iter().zip(grey).map(|(value, grey)| (value - grey).powi(2)).sum()
    };
    let nearest = |class: u8| (-4..=4).map(|offset| distance(class, offset as f32)).fold(f32::INFINITY, f32::min);
    (0..10).min_by(|a, b| nearest(*a).total_cmp(&nearest(*b))).expect("ten classes")
}

#[test]
fn the_textbook_s_network_learns_to_see_strokes_through_noise() {
    let ([first, last], _) = train(recipe(mlp(), 32, false), 300, &Strokes::new(400));
    // the strokes' mean square is 0.8, and 0.31 is left by their mean
    assert!(first > 0.5, "{first}");
    assert!(last < 0.25, "{last}");
}

#[test]
fn pairs_are_learnt_up_to_a_sharp_answer() {
    let ([first, last], _) = train(recipe(unet(), 16, true), 200, &Strokes::of_pairs(200));
    // the root mean square of what lies between a noise and its image is 0.5
    assert!(first > 0.35, "{first}");
    assert!(last < 0.2, "{last}");
}

#[test]
fn a_resumed_run_ends_bit_for_bit_where_one_in_a_piece_does() {
    let (drawn, paired) = (Strokes::new(40), Strokes::of_pairs(40));
    let (gpu, cpu) = (gpu(), Backend::Cpu);
    // a software adapter takes long to compile a step of the U-Net
    let runs = [
        (&cpu, recipe(unet(), 4, false), &drawn),
        (&cpu, recipe(unet(), 4, true), &paired),
        (&gpu, recipe(mlp(), 8, false), &drawn),
        (&gpu, recipe(mlp(), 8, true), &paired),
    ];
    for (backend, recipe, data) in runs {
        let begin = || Trainer::new(backend, recipe.clone(), 3, Some(6), data.len(), None).expect("a run");
        let advance = |mut trainer: Trainer, steps: usize| {
            (0..steps).for_each(|_| trainer.step(&data.samples()).expect("a step"));
            pollster::block_on(trainer.save()).expect("a state").to_bytes(Precision::Single).expect("bytes")
        };
        let whole = advance(begin(), 6);
        // over a file, as after a stop
        let half = Checkpoint::from_bytes(&advance(begin(), 2)).expect("a state");
        let resumed = Trainer::resume(backend, recipe.clone(), 3, Some(6), data.len(), &half).expect("the run");
        assert_eq!(resumed.steps_done(), 2);
        assert!(advance(resumed, 4) == whole, "{:?} on {}", recipe.task, backend.name());
    }
}

#[test]
fn a_run_goes_on_from_its_own_state_only() {
    let data = Strokes::new(40);
    let begun = recipe(unet(), 4, false);
    let trainer = Trainer::new(&Backend::Cpu, begun.clone(), 3, Some(6), data.len(), None).expect("a run");
    let state = pollster::block_on(trainer.save()).expect("a state");
    let weights = pollster::block_on(trainer.weights()).expect("weights");
    let refusal = |recipe: Recipe, seed, checkpoint: &Checkpoint| {
        let resumed = Trainer::resume(&Backend::Cpu, recipe, seed, Some(6), data.len(), checkpoint);
        resumed.err().expect("a refusal").to_string()
    };
    assert!(refusal(begun.clone(), 4, &state).contains("the seed 3, not 4"));
    assert!(refusal(recipe(unet(), 4, true), 3, &state).contains("the recipe strokes (as it was when the run began)"));
    assert!(refusal(begun.clone(), 3, &weights).contains("no training state"));
    // to begin from given weights they must be of the same network
    let begin = |recipe: Recipe| Trainer::new(&Backend::Cpu, recipe, 3, Some(6), data.len(), Some(&weights));
    assert!(begin(recipe(unet(), 4, true)).is_ok());
    let message = begin(recipe(mlp(), 4, false)).err().expect("a refusal").to_string();
    assert!(message.contains("net.0.weight [64, 785] is missing"), "{message}");
}
