//! Kernels that work on whole rows: softmax and normalisation.

use crate::Program;
use crate::real::Real;

/// Elements of a run of rows: few enough to stay in a near cache from pass to pass.
const RUN: usize = 8192;
/// Elements from which the runs are shared out over the cores.
#[cfg(not(target_arch = "wasm32"))]
const PARALLEL_FROM: usize = 1 << 15;

/// The program that ends a kernel, if there is one, and the operands that it reads beside each element.
pub type Finish<'a, T> = Option<(&'a Program, &'a [&'a [T]])>;

/// What becomes of a row; the numbers are those of `shaders/shared/softmax_row.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoftmaxKind {
    /// Softmax.
    Plain = 0,
    /// Softmax of row i over its elements up to i.
    Causal = 1,
    /// The logarithm of the softmax.
    Log = 2,
}

/// Calls `work` with runs of whole rows of `output` and the index of each run's first element.
fn for_runs<T: Real>(output: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let run = (RUN / length).max(1) * length;
    #[cfg(not(target_arch = "wasm32"))]
    if output.len() > PARALLEL_FROM {
        use rayon::prelude::*;
        output.par_chunks_mut(run).enumerate().for_each(|(index, rows)| work(index * run, rows));
        return;
    }
    for (index, rows) in output.chunks_mut(run).enumerate() {
        work(index * run, rows);
    }
}

/// The sum of `term` over pairs of elements, in eight lanes so that the loop vectorises and rounding stays small.
fn lane_sum<T: Real>(a: &[T], b: &[T], term: impl Fn(T, T) -> T) -> T {
    let mut lanes = [T::ZERO; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += term(a, b);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += term(a, b);
    }
    lanes.into_iter().sum()
}

/// See [`crate::Kernels::softmax`].
pub(crate) fn softmax<T: Real>(kind: SoftmaxKind, length: usize, input: &[T], output: &mut [T]) {
    for_runs(output, length, |start, rows| {
        let input = &input[start..start + rows.len()];
        for (index, (output, input)) in rows.chunks_exact_mut(length).zip(input.chunks_exact(length)).enumerate() {
            let row = start / length + index;
            let seen = if kind == SoftmaxKind::Causal { row % length + 1 } else { length };
            output[seen..].fill(T::ZERO);
            softmax_row(kind, &input[..seen], &mut output[..seen]);
        }
    });
}

fn softmax_row<T: Real>(kind: SoftmaxKind, input: &[T], output: &mut [T]) {
    let largest = input.iter().fold(T::NEG_INFINITY, |largest, &x| if x > largest { x } else { largest });
    for (output, &x) in output.iter_mut().zip(input) {
        *output = (x - largest).exp();
    }
    let sum = lane_sum(output, output, |e, _| e);
    if kind == SoftmaxKind::Log {
        let log_sum = sum.ln();
        for (output, &x) in output.iter_mut().zip(input) {
            *output = (x - largest) - log_sum;
        }
    } else {
        let scale = T::ONE / sum;
        output.iter_mut().for_each(|output| *output *= scale);
    }
}

/// The mean of a row and the factor that brings it to variance 1.
fn moments<T: Real>(row: &[T], eps: f64) -> (T, T) {
    let length = T::from_f64(row.len() as f64);
    let mean = lane_sum(row, row, |x, _| x) / length;
    let variance = lane_sum(row, row, |x, _| (x - mean) * (x - mean)) / length;
    (mean, T::ONE / (variance + T::from_f64(eps)).sqrt())
}

fn finish_run<T: Real>(finish: Finish<T>, start: usize, rows: &mut [T]) {
    if let Some((program, operands)) = finish {
        program.finish(operands, start, rows);
    }
}

/// See [`crate::Kernels::normalize`].
pub(crate) fn normalize<T: Real>(length: usize, eps: f64, input: &[T], output: &mut [T], finish: Finish<T>) {
    for_runs(output, length, |start, rows| {
        let input = &input[start..start + rows.len()];
        for (output, input) in rows.chunks_exact_mut(length).zip(input.chunks_exact(length)) {
            let (mean, scale) = moments(input, eps);
            for (output, &x) in output.iter_mut().zip(input) {
                *output = (x - mean) * scale;
            }
        }
        finish_run(finish, start, rows);
    });
}

/// See [`crate::Kernels::normalize_backward`].
pub(crate) fn normalize_backward<T: Real>(
    length: usize,
    eps: f64,
    input: &[T],
    gradient: &[T],
    output: &mut [T],
    finish: Finish<T>,
) {
    let count = T::from_f64(length as f64);
    for_runs(output, length, |start, rows| {
        let part = start..start + rows.len();
        let inputs = input[part.clone()].chunks_exact(length);
        let gradients = gradient[part].chunks_exact(length);
        for ((output, input), gradient) in rows.chunks_exact_mut(length).zip(inputs).zip(gradients) {
            let (mean, scale) = moments(input, eps);
            let shift = lane_sum(gradient, gradient, |g, _| g) / count;
            let slope = lane_sum(gradient, input, |g, x| g * (x - mean)) * scale / count;
            for ((output, &x), &g) in output.iter_mut().zip(input).zip(gradient) {
                *output = (g - shift - (x - mean) * scale * slope) * scale;
            }
        }
        finish_run(finish, start, rows);
    });
}
