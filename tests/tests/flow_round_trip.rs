//! The shipped flow's pictures come back from their noise.

use inkling::backend::Backend;
use inkling::models::family::Family;
use inkling::models::network::Runner;
use inkling::ops::key_values;
use inkling_tests::{catalog, read, weights};

/// The seed of all noise.
const SEED: u32 = 11;

/// The largest difference of a pixel, as a part of the grey range, after a way through the noise.
///
/// Of what stands between, only z is kept in f32 by necessity: with all else in f64 no pixel of 250 digits comes back off
/// by more than 2.5e-5. In f32 the networks round anew on the way back, where their input differs in its last bits, and a
/// chain of twelve couplings passes that on: it shows in one picture of a hundred.
#[test]
fn pictures_come_back_from_the_shipped_flows_noise() {
    const COUNT: usize = 100;
    for entry in catalog().iter().filter(|entry| entry.family == Family::Flow.name()) {
        let runner = Runner::new(&Backend::Cpu, &weights(entry)).expect("a flow");
        let labels: Vec<f32> = (0..COUNT).map(|index| (index % 10) as f32).collect();
        let ask = |job: &str, inputs: &[(&str, &[f32])], output: &str| {
            let job = runner.job(job, COUNT).expect("a job");
            let job = &mut *job.borrow_mut();
            for (name, values) in inputs {
                job.write(job.input(name).expect("the input"), values).expect("its values");
            }
            job.run().expect("a run");
            read(job, output)
        };
        // digits that the flow draws itself, so that no data set is needed
        let inputs = [("label", &labels[..]), ("key", &key_values(SEED, 0)), ("temperature", &[0.8])];
        let digits = ask("sample", &inputs, "pixels");
        let inputs = [("x", &digits[..]), ("label", &labels), ("key", &key_values(SEED, 1)), ("spread", &[1.0])];
        let mut errors = ask("encode", &inputs, "error");
        errors.sort_by(f32::total_cmp);
        let [median, most, largest] = [COUNT / 2, COUNT * 95 / 100, COUNT - 1].map(|place| errors[place]);
        println!("{}: off by {median:.1e} in the median, {most:.1e} in 95 of 100, {largest:.1e} at most", entry.id);
        assert!(
            median < 2e-5 && most < 1e-4 && largest < 1e-2,
            "{}: {median:.1e}, {most:.1e}, {largest:.1e}",
            entry.id
        );
    }
}
