//! Every differentiable registry case: gradients against central differences in f64.

use inkling::backend::cpu::CpuExecutable;
use inkling::ops::registry::{Case, rows};
use inkling::rng::Philox;
use inkling_tests::{build, run_again, run_f64, values};

const STEP: f64 = 1e-5;
const TOLERANCE: f64 = 1e-6;
/// Elements of each input that are checked.
const SAMPLES: usize = 24;

#[test]
fn gradients_follow_central_differences() {
    let mut failures = vec![];
    let mut checked = 0;
    for row in rows() {
        for case in (row.cases)().into_iter().filter(|case| case.differentiable) {
            checked += 1;
            if let Err(message) = check(&case) {
                failures.push(format!("{}, {}: {message}", row.name, case.name));
            }
        }
    }
    assert!(checked > 50, "only {checked} cases");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The gradient of sum(weights * y) for fixed random weights.
fn check(case: &Case) -> Result<(), String> {
    let built = build(case);
    let mut stream = Philox::new(8, 1);
    let shape = built.output.shape();
    let weights: Vec<f32> = (0..shape.numel()).map(|_| stream.uniform() - 0.5).collect();
    let weights = built.graph.constant(&weights, shape).map_err(|error| error.to_string())?;
    let loss = built.output.mul(&weights).map_err(|error| error.to_string())?.sum_all();
    let gradients = built.graph.grad(&loss, &built.inputs).map_err(|error| error.to_string())?;
    let mut inputs = values(case);
    let plan = built.graph.compile(&[("loss", &loss)]).map_err(|error| error.to_string())?;
    let mut executable = CpuExecutable::<f64>::new(plan, &[]).map_err(|error| error.to_string())?;
    for (index, gradient) in gradients.iter().enumerate() {
        let len = inputs[index].len();
        let expected = match gradient {
            Some(gradient) => {
                let plan = built.graph.compile(&[("gradient", gradient)]).map_err(|error| error.to_string())?;
                run_f64(plan, &inputs)
            }
            None => vec![0.0; len],
        };
        let scale = expected.iter().fold(1.0f64, |scale, value| scale.max(value.abs()));
        for sample in 0..SAMPLES.min(len) {
            let element = if len <= SAMPLES { sample } else { stream.below(len as u32) as usize };
            let at = inputs[index][element];
            inputs[index][element] = at + STEP;
            let above = run_again(&mut executable, &inputs)[0];
            inputs[index][element] = at - STEP;
            let below = run_again(&mut executable, &inputs)[0];
            inputs[index][element] = at;
            let difference = (above - below) / (2.0 * STEP);
            let error = (difference - expected[element]).abs();
            if error.is_nan() || error > TOLERANCE * scale {
                return Err(format!("input {index}, element {element}: {} against {difference}", expected[element]));
            }
        }
    }
    Ok(())
}
