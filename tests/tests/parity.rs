//! Every registry case: the CPU in f32 and the GPU against the CPU in f64, and finite results at extremes.

use inkling::backend::Backend;
use inkling::ops::AdapterKind;
use inkling::ops::registry::rows;
use inkling_tests::{gpu, plan, relative_error, run_f64, run_on, values};

/// Largest error relative to the output's largest value (at least 1). The sums here are up to some ten thousand
/// terms; f32 has a unit roundoff of 6e-8.
const TOLERANCE: f64 = 3e-5;

fn check(backend: &Backend) {
    let mut failures = vec![];
    for row in rows() {
        for case in (row.cases)() {
            let inputs = values(&case);
            let reference = run_f64(plan(&case), &inputs);
            let result = run_on(backend, plan(&case), &inputs);
            let error = relative_error(result.into_iter().map(f64::from), &reference);
            if error > TOLERANCE {
                failures.push(format!("{}, {}: {error:.1e}", row.name, case.name));
            }
        }
    }
    assert!(failures.is_empty(), "on {}:\n{}", backend.name(), failures.join("\n"));
}

#[test]
fn cpu_in_f32_follows_f64() {
    check(&Backend::Cpu);
}

#[test]
fn gpu_follows_f64_with_the_kernels_for_software() {
    check(&gpu_with(AdapterKind::Software));
}

#[test]
fn gpu_follows_f64_with_the_kernels_for_hardware() {
    check(&gpu_with(AdapterKind::Hardware));
}

fn gpu_with(kind: AdapterKind) -> Backend {
    let backend = gpu();
    if let Backend::Gpu(device) = &backend {
        device.set_kind(kind);
    }
    backend
}

#[test]
fn extremes_stay_finite() {
    for backend in [Backend::Cpu, gpu()] {
        for row in rows() {
            for case in (row.cases)().into_iter().filter(|case| case.extremes) {
                for magnitude in [100.0, -100.0, 1e4] {
                    let inputs: Vec<Vec<f64>> =
                        case.inputs.iter().map(|input| vec![magnitude; input.shape.iter().product()]).collect();
                    let result = run_on(&backend, plan(&case), &inputs);
                    let bad = result.iter().find(|value| !value.is_finite());
                    assert!(bad.is_none(), "{}, {} at {magnitude} on {}: {bad:?}", row.name, case.name, backend.name());
                }
            }
        }
    }
}
