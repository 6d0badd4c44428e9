//! Couplings and biases of a Markov random field by pseudo-likelihood (Besag 1975): the probability of each pixel given its
//! neighbours needs no partition function. Its logarithm is concave, and Newton's method finds the one maximum.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::classical::Progress;
use crate::data::{PIXELS, SIDE};
use crate::error::{Error, Result};
use crate::graph::ParamStore;
use crate::models::markov_field::{BIAS, COUPLINGS, MarkovField};
use crate::models::network::Network;

/// Images that one thread adds up; the sums of all are added in their order, so that threads do not change the result.
const CHUNK: usize = 1_000;

/// What is fitted.
#[derive(Debug, Clone)]
struct Parameters {
    /// One coupling for each of `offsets` and its opposite.
    couplings: Vec<f64>,
    bias: Vec<f64>,
}

/// The pseudo-likelihood at some parameters, with its derivatives.
struct Sums {
    /// log p(x_i | neighbours of i), all pixels of all images.
    objective: f64,
    couplings: Vec<f64>,
    bias: Vec<f64>,
    /// The negative second derivatives: couplings with each other, couplings with biases, biases with themselves.
    curvature: Vec<f64>,
    mixed: Vec<f64>,
    diagonal: Vec<f64>,
}

/// Half of the neighbourhood, (rows, columns): the other half is its mirror image.
fn offsets(radius: usize) -> Vec<(isize, isize)> {
    let radius = radius as isize;
    let rows = (0..=radius).flat_map(move |row| (-radius..=radius).map(move |column| (row, column)));
    rows.filter(|&(row, column)| row > 0 || column > 0).collect()
}

/// The field of `radius` that makes binary `pixels`, 784 for each image, most probable under a normal prior of the given
/// precision, in at most `passes` over the images.
///
/// # Errors
/// [`Error::NonFinite`] when the curvature is singular.
pub(super) fn newton(
    radius: usize,
    pixels: &[f32],
    precision: f64,
    passes: u64,
    progress: &mut Progress,
) -> Result<ParamStore> {
    let half = offsets(radius);
    let images = pixels.len() / PIXELS;
    let mut best = Parameters { couplings: vec![0.0; half.len()], bias: vec![0.0; PIXELS] };
    let ink = |pixel: usize| pixels.iter().skip(pixel).step_by(PIXELS).map(|x| f64::from(*x)).sum::<f64>() + 0.5;
    for (pixel, bias) in best.bias.iter_mut().enumerate() {
        *bias = (ink(pixel) / (images as f64 + 1.0 - ink(pixel))).ln();
    }
    let mut reached = f64::NEG_INFINITY;
    let mut step: Option<(DVector<f64>, DVector<f64>)> = None;
    let mut length = 1.0;
    for pass in 0..passes {
        let mut tried = best.clone();
        if let Some((couplings, bias)) = &step {
            tried.couplings.iter_mut().zip(couplings).for_each(|(value, change)| *value += length * change);
            tried.bias.iter_mut().zip(bias).for_each(|(value, change)| *value += length * change);
        }
        let sums = sums(radius, &half, &tried, pixels, precision);
        if !sums.objective.is_finite() {
            return Err(Error::NonFinite(format!("the pseudo-likelihood is {}", sums.objective)));
        }
        if sums.objective < reached {
            // too far for a parabola: half as far
            length *= 0.5;
        } else {
            (reached, length) = (sums.objective, 1.0);
            step = Some(solve(&sums)?);
            best = tried;
        }
        progress(pass + 1, passes, reached / images as f64)?;
    }
    store(radius, &half, &best)
}

/// The Newton step: the biases have a diagonal curvature and are eliminated.
fn solve(sums: &Sums) -> Result<(DVector<f64>, DVector<f64>)> {
    let count = sums.couplings.len();
    let mixed = DMatrix::from_row_slice(count, PIXELS, &sums.mixed);
    let diagonal = DVector::from_column_slice(&sums.diagonal);
    let gradient = DVector::from_column_slice(&sums.bias);
    let scaled = DMatrix::from_fn(count, PIXELS, |row, column| mixed[(row, column)] / diagonal[column]);
    let complement = DMatrix::from_row_slice(count, count, &sums.curvature) - &scaled * mixed.transpose();
    let right = DVector::from_column_slice(&sums.couplings) - &scaled * &gradient;
    let singular = || Error::NonFinite("the pseudo-likelihood has no single maximum".into());
    let couplings = complement.cholesky().ok_or_else(singular)?.solve(&right);
    let bias = (gradient - mixed.transpose() * &couplings).component_div(&diagonal);
    Ok((couplings, bias))
}

fn sums(radius: usize, half: &[(isize, isize)], at: &Parameters, pixels: &[f32], precision: f64) -> Sums {
    let parts: Vec<Sums> =
        pixels.par_chunks(CHUNK * PIXELS).map(|chunk| sums_of_chunk(radius, half, at, chunk)).collect();
    let mut total = Sums::zeros(half.len());
    for part in &parts {
        total.add(part);
    }
    let count = half.len();
    for (index, value) in at.couplings.iter().enumerate() {
        total.objective -= 0.5 * precision * value * value;
        total.couplings[index] -= precision * value;
        total.curvature[index * count + index] += precision;
        for other in 0..index {
            total.curvature[index * count + other] = total.curvature[other * count + index];
        }
    }
    for (index, value) in at.bias.iter().enumerate() {
        total.objective -= 0.5 * precision * value * value;
        total.bias[index] -= precision * value;
        total.diagonal[index] += precision;
    }
    total
}

fn sums_of_chunk(radius: usize, half: &[(isize, isize)], at: &Parameters, pixels: &[f32]) -> Sums {
    let count = half.len();
    let side = SIDE + 2 * radius;
    let steps: Vec<isize> = half.iter().map(|(row, column)| row * side as isize + column).collect();
    let mut sums = Sums::zeros(count);
    let mut picture = vec![0u8; side * side];
    let mut seen = vec![0.0; count];
    for image in pixels.chunks_exact(PIXELS) {
        for (row, values) in image.chunks_exact(SIDE).enumerate() {
            let start = (row + radius) * side + radius;
            for (target, value) in picture[start..start + SIDE].iter_mut().zip(values) {
                *target = u8::from(*value > 0.5);
            }
        }
        for (pixel, x) in image.iter().enumerate() {
            let place = ((pixel / SIDE + radius) * side + pixel % SIDE + radius) as isize;
            let mut field = at.bias[pixel];
            let mut any = false;
            for index in 0..count {
                let sum = picture[(place + steps[index]) as usize] + picture[(place - steps[index]) as usize];
                any |= sum > 0;
                seen[index] = f64::from(sum);
                field += at.couplings[index] * seen[index];
            }
            let p = 1.0 / (1.0 + (-field).exp());
            let (error, weight) = (f64::from(*x) - p, p * (1.0 - p));
            // log p(x) = x f - softplus(f)
            sums.objective += f64::from(*x) * field - field.max(0.0) - (-field.abs()).exp().ln_1p();
            sums.bias[pixel] += error;
            sums.diagonal[pixel] += weight;
            // most pixels are paper among paper
            if !any {
                continue;
            }
            for first in 0..count {
                sums.couplings[first] += error * seen[first];
                let weighted = weight * seen[first];
                sums.mixed[first * PIXELS + pixel] += weighted;
                let row = &mut sums.curvature[first * count + first..(first + 1) * count];
                for (curvature, seen) in row.iter_mut().zip(&seen[first..count]) {
                    *curvature += weighted * seen;
                }
            }
        }
    }
    sums
}

impl Sums {
    fn zeros(count: usize) -> Sums {
        Sums {
            objective: 0.0,
            couplings: vec![0.0; count],
            bias: vec![0.0; PIXELS],
            curvature: vec![0.0; count * count],
            mixed: vec![0.0; count * PIXELS],
            diagonal: vec![0.0; PIXELS],
        }
    }

    fn add(&mut self, other: &Sums) {
        self.objective += other.objective;
        for (to, from) in [
            (&mut self.couplings, &other.couplings),
            (&mut self.bias, &other.bias),
            (&mut self.curvature, &other.curvature),
            (&mut self.mixed, &other.mixed),
            (&mut self.diagonal, &other.diagonal),
        ] {
            to.iter_mut().zip(from).for_each(|(sum, value)| *sum += value);
        }
    }
}

fn store(radius: usize, half: &[(isize, isize)], found: &Parameters) -> Result<ParamStore> {
    let mut store = ParamStore::zeros(MarkovField::new(radius)?.layout().clone());
    let side = 2 * radius + 1;
    let middle = (radius * side + radius) as isize;
    let mut couplings = vec![0.0; side * side];
    for (&(row, column), value) in half.iter().zip(&found.couplings) {
        let step = row * side as isize + column;
        for place in [middle + step, middle - step] {
            couplings[place as usize] = *value as f32;
        }
    }
    store.set(COUPLINGS, &couplings)?;
    store.set(BIAS, &found.bias.iter().map(|value| *value as f32).collect::<Vec<f32>>())?;
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Philox;

    /// Smooth blots: neighbours go together.
    fn blots(count: usize) -> Vec<f32> {
        let mut rng = Philox::new(1, 1);
        let mut pixels = Vec::new();
        for _ in 0..count {
            let (x, y, size) = (rng.below(28) as f32, rng.below(28) as f32, 4.0 + rng.below(40) as f32);
            pixels.extend((0..PIXELS).map(|i| {
                let (dx, dy) = ((i % 28) as f32 - x, (i / 28) as f32 - y);
                let inside = dx * dx + 2.0 * dy * dy < size;
                f32::from(u8::from(inside != (rng.uniform() < 0.02)))
            }));
        }
        pixels
    }

    #[test]
    fn passes_climb_to_where_the_gradient_is_zero() {
        let pixels = blots(60);
        let mut reached = Vec::new();
        let mut note = |_: u64, _: u64, objective: f64| {
            reached.push(objective);
            Ok(())
        };
        let found = newton(2, &pixels, 1.0, 15, &mut note).unwrap();
        assert!(reached.windows(2).all(|pair| pair[1] >= pair[0]), "{reached:?}");
        let couplings = found.get(COUPLINGS).unwrap();
        assert!((0..25).all(|i| couplings[i] == couplings[24 - i]) && couplings[12] == 0.0, "{couplings:?}");
        assert!(couplings[7] > 0.2 && couplings[11] > 0.2, "neighbours attract: {couplings:?}");
        let half = offsets(2);
        let at = Parameters {
            couplings: half
                .iter()
                .map(|&(row, column)| f64::from(couplings[((row + 2) * 5 + column + 2) as usize]))
                .collect(),
            bias: found.get(BIAS).unwrap().iter().map(|value| f64::from(*value)).collect(),
        };
        let sums = sums(2, &half, &at, &pixels, 1.0);
        let steepest = sums.couplings.iter().chain(&sums.bias).fold(0.0f64, |most, value| most.max(value.abs()));
        assert!(steepest < 1e-2, "{steepest}");
    }
}
