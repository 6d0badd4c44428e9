//! The shipped flow's pictures come back from their noise.

use inkling::backend::Backend;
use inkling::checkpoint::Checkpoint;
use inkling::data::PIXELS;
use inkling::data::mnist::{Dataset, Split};
use inkling::models::family::Family;
use inkling::models::network::Runner;
use inkling::ops::key_values;
use inkling_tests::{catalog, gpu, mnist, read, weights};

/// The seed of all noise.
const SEED: u32 = 11;
/// The largest difference that a way there and back may make, as a part of the grey range.
const TOLERANCE: f32 = 1e-4;

/// The shipped flows.
fn flows() -> Vec<Checkpoint> {
    let flows: Vec<_> = catalog().iter().filter(|entry| entry.family == Family::Flow.name()).map(weights).collect();
    assert!(!flows.is_empty(), "the catalog has a flow");
    flows
}

/// What a job of a batch of digits of the classes `label` gives.
fn ask(runner: &Runner, job: &str, label: &[f32], inputs: &[(&str, &[f32])], output: &str) -> Vec<f32> {
    let job = runner.job(job, label.len()).expect("a job");
    let job = &mut *job.borrow_mut();
    for (name, values) in [&[("label", label)], inputs].concat() {
        job.write(job.input(name).expect("the input"), values).expect("its values");
    }
    job.run().expect("a run");
    read(job, output)
}

/// Asserts that none of `errors` is above the tolerance.
fn check(what: &str, mut errors: Vec<f32>) {
    errors.sort_by(f32::total_cmp);
    let [median, largest] = [errors.len() / 2, errors.len() - 1].map(|place| errors[place]);
    println!("{what}: off by {median:.1e} in the median, {largest:.1e} at most");
    assert!(largest < TOLERANCE, "{what}: off by {largest:.1e}");
}

#[test]
fn test_digits_come_back_from_the_shipped_flows_noise() {
    const BATCH: usize = 250;
    let data =
        Dataset::load(&mnist(), Split::Test).expect("MNIST, in data/mnist or in the folder that INKLING_DATA names");
    for flow in flows() {
        let runner = Runner::new(&Backend::Cpu, &flow).expect("a flow");
        let mut errors = Vec::new();
        for first in (0..2000).step_by(BATCH) {
            let label: Vec<f32> = data.labels[first..first + BATCH].iter().map(|&label| f32::from(label)).collect();
            let bytes = &data.images[first * PIXELS..(first + BATCH) * PIXELS];
            let x: Vec<f32> = bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect();
            let inputs = [("x", &x[..]), ("key", &key_values(SEED, first as u32)), ("spread", &[1.0])];
            errors.extend(ask(&runner, "encode", &label, &inputs, "error"));
        }
        check("test digits", errors);
    }
}

#[test]
fn drawn_digits_come_back_on_both_backends() {
    for (backend, count) in [(Backend::Cpu, 250), (gpu(), 10)] {
        for flow in flows() {
            let runner = Runner::new(&backend, &flow).expect("a flow");
            let label: Vec<f32> = (0..count).map(|index| (index % 10) as f32).collect();
            let inputs = [("key", &key_values(SEED, 0)[..]), ("temperature", &[1.0])];
            let digits = ask(&runner, "sample", &label, &inputs, "pixels");
            let inputs = [("x", &digits[..]), ("key", &key_values(SEED, 1)), ("spread", &[1.0])];
            check("drawn digits", ask(&runner, "encode", &label, &inputs, "error"));
        }
    }
}
