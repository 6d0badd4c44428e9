//! Each family's own recipe learns from MNIST's digits within a few steps: the loss falls below a stated one, and what
//! adversarial networks draw comes nearer to digits. (Denoisers and energies: denoiser_training.rs, energy_training.rs.)

use inkling::backend::Backend;
use inkling::checkpoint::Checkpoint;
use inkling::data::PIXELS;
use inkling::data::mnist::{Dataset, Split};
use inkling::metrics::features::Extractor;
use inkling::metrics::frechet::{Moments, distance};
use inkling::models::family::Family;
use inkling::models::gan_step::{Loss, Regulariser};
use inkling::models::network::Runner;
use inkling::ops::key_values;
use inkling::train::objective::Samples;
use inkling::train::recipe::{Recipe, Task, find};
use inkling::train::trainer::Trainer;
use inkling_tests::{catalog, mnist, read, weights};

/// Images that short trainings see.
const IMAGES: usize = 5_000;
/// Steps whose losses are averaged at the end.
const LAST: u64 = 10;
/// Digits that are drawn to be looked at.
const DRAWN: usize = 500;

fn data() -> Dataset {
    Dataset::load(&mnist(), Split::Test).expect("MNIST, in data/mnist or in the folder that INKLING_DATA names")
}

/// Trains for `steps`: the weights, and the mean loss of the last steps.
fn train(recipe: Recipe, steps: u64, data: &Dataset) -> (Checkpoint, f64) {
    let mut trainer = Trainer::new(&Backend::Cpu, recipe, 1, Some(steps), IMAGES, None).expect("a run");
    let samples = Samples { images: &data.images[..IMAGES * PIXELS], labels: &data.labels[..IMAGES] };
    let mut loss = 0.0;
    for step in 0..steps {
        trainer.step(&samples).expect("a step");
        if step + LAST >= steps {
            loss += pollster::block_on(trainer.losses()).expect("losses").total() / LAST as f64;
        }
    }
    (pollster::block_on(trainer.weights()).expect("weights"), loss)
}

#[test]
fn every_recipe_of_a_loss_reaches_a_stated_one() {
    let data = data();
    // (recipe, images in a step, steps, loss to reach): nats a picture, bits a pixel for the flow, nats a digit
    let stated = [
        ("vae-textbook", 128, 150, 200.0),
        ("vae-conv", 32, 60, 240.0),
        ("classifier", 50, 120, 1.1),
        ("flow", 16, 25, 2.2),
        ("pixel-transformer", 16, 30, 150.0),
        ("pixelrnn", 8, 20, 245.0),
        ("pixelcnn", 8, 25, 210.0),
    ];
    for (name, batch, steps, reached) in stated {
        let recipe = Recipe { batch, warm_up_steps: 5, ..find(name).expect("a recipe") };
        let (_, loss) = train(recipe, steps, &data);
        println!("{name}: {loss:.3} after {steps} steps of {batch}");
        assert!(loss < reached, "{name}: {loss:.3}, not {reached}");
    }
}

/// Looks at drawn digits with the shipped classifier.
struct Eyes {
    extractor: Extractor,
    real: Moments,
}

impl Eyes {
    fn new(data: &Dataset) -> Eyes {
        let entry =
            catalog().into_iter().find(|entry| entry.family == Family::Classifier.name()).expect("a classifier");
        let mut extractor = Extractor::new(&Backend::Cpu, &weights(&entry)).expect("a classifier");
        let real = pollster::block_on(extractor.extract_bytes(&data.images[..2_000 * PIXELS])).expect("features");
        let real = Moments::of(&real.values, real.width).expect("moments");
        Eyes { extractor, real }
    }

    /// The distance of what a generator draws to digits.
    fn distance(&mut self, weights: &Checkpoint) -> f64 {
        let runner = Runner::new(&Backend::Cpu, weights).expect("a generator");
        let job = runner.job("generate", DRAWN).expect("a job");
        let job = &mut *job.borrow_mut();
        let ports: Vec<_> = job.plan().inputs.iter().map(|port| (port.name.clone(), port.shape.numel())).collect();
        for (name, len) in ports {
            let values = match name.as_str() {
                "key" => key_values(2, 0).to_vec(),
                "label" => (0..len).map(|index| (index % 10) as f32).collect(),
                _ => {
                    let mut z = vec![0.0; len];
                    inkling::rng::Philox::new(2, 0).fill_normal(&mut z);
                    z
                }
            };
            job.write(job.input(&name).expect("the input"), &values).expect("its values");
        }
        job.run().expect("a run");
        let features = pollster::block_on(self.extractor.extract(&read(job, "pixels"))).expect("features");
        let drawn = Moments::of(&features.values, features.width).expect("moments");
        distance(&self.real, &drawn).expect("a distance")
    }
}

#[test]
fn every_adversarial_loss_brings_drawings_nearer_to_digits() {
    const STEPS: u64 = 120;
    let data = data();
    let mut eyes = Eyes::new(&data);
    let with = |name: &str, loss: Option<Loss>, regulariser: Option<Regulariser>| {
        let mut recipe = Recipe { batch: 32, warm_up_steps: 5, ema_decay: 0.9, ..find(name).expect("a recipe") };
        if let Task::Gan { adversary, .. } = &mut recipe.task {
            adversary.loss = loss.unwrap_or(adversary.loss);
            adversary.regulariser = regulariser.unwrap_or(adversary.regulariser);
        }
        recipe
    };
    // (recipe, distance to reach); untrained generators draw grey noise, over 2,000 away
    let recipes = [
        ("gan-textbook", with("gan-textbook", None, None), 1_600.0),
        ("gan-deep", with("gan-deep", None, None), 1_100.0),
        ("dcgan", with("dcgan", None, None), 800.0),
        ("dcgan, non-saturating", with("dcgan", Some(Loss::NonSaturating), None), 800.0),
        ("dcgan, hinge with spectral norm", with("dcgan", Some(Loss::Hinge), Some(Regulariser::SpectralNorm)), 800.0),
        ("wgan", with("wgan", None, None), 800.0),
        ("style-gan", with("style-gan", None, None), 800.0),
    ];
    let untrained = eyes.distance(&train(with("dcgan", None, None), 1, &data).0);
    println!("after a single step: {untrained:.0}");
    for (name, recipe, reached) in recipes {
        let after = eyes.distance(&train(recipe, STEPS, &data).0);
        println!("{name}: {after:.0} after {STEPS} steps");
        assert!(after < reached && after < 0.7 * untrained, "{name}: {after:.0}, not {reached}");
    }
}
