//! Trajectories of small random denoisers: equal on every backend, independent of the batch, without leaks.

use std::rc::Rc;

use inkling::backend::Backend;
use inkling::data::PIXELS;
use inkling::models::denoiser::Denoiser;
use inkling::models::denoiser_config::{DenoiserConfig, NO_CLASS, Network, Prediction};
use inkling::models::family::Family;
use inkling::rng::Philox;
use inkling::samplers::Sampler;
use inkling::samplers::path::Path;
use inkling::samplers::spacing::Spacing;
use inkling::samplers::spec::{Direction, Inpaint, Spec, Start};
use inkling::samplers::trajectory::{DenoiserRunner, Given, Keep, Track, Trajectory, round_trip};
use inkling_tests::gpu;

fn unet(prediction: Prediction, path: Path) -> DenoiserConfig {
    let network = Network::Unet { channels: [8, 16], embedding: 16, heads: 2, groups: 4 };
    DenoiserConfig { family: Family::Denoiser, network, prediction, path, conditional: true, training: None }
}

fn mlp() -> DenoiserConfig {
    let network = Network::Mlp { hidden: vec![32, 32] };
    let (prediction, path) = (Prediction::Eps, Path::Linear);
    DenoiserConfig { family: Family::Denoiser, network, prediction, path, conditional: false, training: None }
}

fn normal(len: usize, stream: u64) -> Vec<f32> {
    let mut values = vec![0.0; len];
    Philox::new(1, stream).fill_normal(&mut values);
    values
}

/// First weights start as the zero network: every weight is moved a little.
fn runner(backend: &Backend, config: DenoiserConfig) -> Rc<DenoiserRunner> {
    let denoiser = Denoiser::new(config).expect("a denoiser");
    let mut weights = denoiser.initialize(1).expect("weights").slab().to_vec();
    for (weight, noise) in weights.iter_mut().zip(normal(denoiser.layout().slab_len(), 0)) {
        *weight += 0.05 * noise;
    }
    let params = backend.slab(&weights).expect("a slab");
    Rc::new(DenoiserRunner::on_params(backend, denoiser, params))
}

fn spec(sampler: Sampler, steps: usize, classes: &[u8]) -> Spec {
    Spec {
        model: String::new(),
        sampler,
        steps,
        spacing: Spacing::Uniform,
        eta: 0.0,
        guidance_scale: 0.0,
        classes: classes.to_vec(),
        seed: 5,
        seeds: None,
        shared_noise: false,
        start: Start::Noise,
        direction: Direction::Denoise,
        inpaint: None,
    }
}

/// Three images in [-1, 1] and a mask of the upper half.
fn images() -> (Vec<f32>, Vec<f32>) {
    let images = normal(3 * PIXELS, 1).into_iter().map(f32::tanh).collect();
    (images, (0..PIXELS).map(|pixel| f32::from(u8::from(pixel < PIXELS / 2))).collect())
}

/// All frames with all their tracks.
fn frames(runner: &Rc<DenoiserRunner>, spec: &Spec) -> Vec<Vec<f32>> {
    let (images, mask) = images();
    let given = Given { images: &images[..spec.batch() * PIXELS], mask: &mask };
    let mut trajectory = Trajectory::new(runner, spec.clone(), given, Keep::All).expect("a trajectory");
    while trajectory.step().expect("a step") {}
    let read = |frame, track| pollster::block_on(trajectory.read(frame, track)).expect("a frame");
    let count = trajectory.complete_frames();
    assert_eq!(count, trajectory.moves().len() + 1);
    (0..count).flat_map(|frame| [Track::X, Track::X0, Track::Eps].map(|track| read(frame, track))).collect()
}

fn last(runner: &Rc<DenoiserRunner>, spec: &Spec) -> Vec<f32> {
    let all = frames(runner, spec);
    all[all.len() - 3].clone()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / (1.0 + a.abs())).fold(0.0, f32::max)
}

/// Runs the specs on both backends and compares every frame.
fn expect_equal(config: DenoiserConfig, specs: &[Spec]) {
    let [cpu, gpu] = [Backend::Cpu, gpu()].map(|backend| runner(&backend, config.clone()));
    for spec in specs {
        let [a, b] = [&cpu, &gpu].map(|runner| frames(runner, spec));
        assert!(a.iter().flatten().all(|value| value.is_finite()), "{spec:?}");
        for (index, (a, b)) in a.iter().zip(&b).enumerate() {
            let difference = largest_difference(a, b);
            assert!(difference < 2e-3, "{spec:?}: {difference} in value {} of frame {}", index % 3, index / 3);
        }
    }
}

#[test]
fn every_sampler_is_equal_on_both_backends() {
    let classes = [3, NO_CLASS];
    let mut specs: Vec<Spec> = Sampler::ALL.map(|sampler| spec(sampler, 10, &classes)).to_vec();
    specs.push(Spec { eta: 0.7, guidance_scale: 1.5, spacing: Spacing::LogSnr, ..spec(Sampler::Ddim, 10, &classes) });
    specs.push(Spec { inpaint: Some(Inpaint { resample: 2, jump: 5 }), ..spec(Sampler::Ddpm, 10, &classes) });
    specs.push(Spec { start: Start::Source { t: 0.6 }, ..spec(Sampler::DpmSolver, 10, &classes) });
    specs.push(Spec { start: Start::Data, direction: Direction::Encode, ..spec(Sampler::Ddim, 10, &classes) });
    expect_equal(unet(Prediction::V, Path::Cosine), &specs);
}

#[test]
fn the_textbook_s_network_is_equal_on_both_backends() {
    expect_equal(mlp(), &Sampler::ALL.map(|sampler| spec(sampler, 10, &[NO_CLASS; 2])));
}

#[test]
fn a_guided_flow_is_equal_on_both_backends() {
    let guided = Spec { guidance_scale: 2.0, spacing: Spacing::Quadratic, ..spec(Sampler::Heun, 10, &[3, NO_CLASS]) };
    expect_equal(unet(Prediction::Velocity, Path::Straight), &[guided]);
}

#[test]
fn a_digit_does_not_depend_on_the_others() {
    let runner = runner(&Backend::Cpu, unet(Prediction::Velocity, Path::Straight));
    let three = last(&runner, &Spec { seeds: Some(vec![8, 9, 8]), ..spec(Sampler::Ddpm, 4, &[1, 2, 1]) });
    let one = last(&runner, &Spec { seeds: Some(vec![9]), ..spec(Sampler::Ddpm, 4, &[2]) });
    assert!(largest_difference(&three[PIXELS..2 * PIXELS], &one) < 1e-4);
    assert!(largest_difference(&three[..PIXELS], &three[2 * PIXELS..]) < 1e-4);
    let shared = Spec { shared_noise: true, ..spec(Sampler::Euler, 1, &[4, 4]) };
    let pair = last(&runner, &shared);
    assert!(largest_difference(&pair[..PIXELS], &pair[PIXELS..]) < 1e-5);
}

#[test]
fn guidance_moves_away_from_the_unconditional_prediction() {
    let runner = runner(&Backend::Cpu, unet(Prediction::Velocity, Path::Straight));
    // one Euler step is linear in the prediction
    let result = |class, guidance_scale| last(&runner, &Spec { guidance_scale, ..spec(Sampler::Euler, 1, &[class]) });
    let (plain, none, guided) = (result(7, 0.0), result(NO_CLASS, 0.0), result(7, 3.0));
    let expected: Vec<f32> = plain.iter().zip(&none).map(|(plain, none)| plain + 3.0 * (plain - none)).collect();
    assert!(largest_difference(&expected, &guided) < 1e-4);
    assert!(largest_difference(&plain, &guided) > 1e-3, "the class matters");
}

#[test]
fn inpainting_keeps_what_is_known() {
    let runner = runner(&Backend::Cpu, unet(Prediction::V, Path::Cosine));
    let (known, _) = images();
    for sampler in Sampler::ALL {
        let spec = Spec { inpaint: Some(Inpaint { resample: 2, jump: 2 }), ..spec(sampler, 4, &[1, 2]) };
        let result = last(&runner, &spec);
        for (digit, known) in result.chunks(PIXELS).zip(known.chunks(PIXELS)) {
            assert_eq!(digit[..PIXELS / 2], known[..PIXELS / 2], "{sampler:?}");
            assert_ne!(digit[PIXELS / 2..], known[PIXELS / 2..], "{sampler:?}");
        }
    }
}

#[test]
fn encoding_comes_back_the_better_the_more_steps() {
    let runner = runner(&Backend::Cpu, unet(Prediction::Velocity, Path::Straight));
    let (images, _) = images();
    for (sampler, order) in [(Sampler::Ddim, 1), (Sampler::Euler, 1), (Sampler::Midpoint, 2), (Sampler::Heun, 2)] {
        let error = |steps| {
            pollster::block_on(round_trip(&runner, &spec(sampler, steps, &[1, 2, 3]), &images))
                .expect("a round trip")
                .rms
        };
        let (coarse, fine) = (error(8), error(32));
        assert!(fine < coarse / f64::from(order) / 2.0, "{sampler:?}: {coarse}, then {fine}");
    }
}

#[test]
fn two_hundred_restarts_leave_no_buffers() {
    let backend = gpu();
    let Backend::Gpu(device) = &backend else { panic!("a GPU") };
    let runner = runner(&backend, mlp());
    let restart = |count: usize| {
        // more shapes than compiled steps are kept
        let classes = vec![NO_CLASS; 1 + count % 3];
        let spec = spec(Sampler::ALL[count % 6], 50, &classes);
        let mut trajectory = Trajectory::new(&runner, spec, Given::default(), Keep::All).expect("a trajectory");
        // stopped in the middle
        for _ in 0..3 {
            trajectory.step().expect("a step");
        }
    };
    (0..12).for_each(restart);
    let before = device.buffer_count();
    (0..200).for_each(restart);
    assert_eq!(device.buffer_count(), before);
}
