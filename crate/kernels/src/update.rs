//! Updates of parameters in place: Adam and moving averages.

use crate::real::Real;

/// The numbers of one step of Adam (Kingma and Ba 2015, algorithm 1) with decoupled weight decay.
#[derive(Debug, Clone, Copy)]
pub struct AdamStep {
    /// Decay of the first moment, in [0, 1).
    pub beta1: f64,
    /// Decay of the second moment, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// The learning rate.
    pub rate: f64,
    /// 1 / (1 - beta1^t).
    pub correct1: f64,
    /// 1 / (1 - beta2^t).
    pub correct2: f64,
    /// What the gradients are multiplied by, 1 unless their norm is clipped.
    pub scale: f64,
}

/// An [`AdamStep`] in the kernel's type.
#[derive(Clone, Copy)]
struct Factors<T> {
    beta1: T,
    beta2: T,
    eps: T,
    keep: T,
    rate: T,
    correct1: T,
    correct2: T,
    scale: T,
}

/// See [`crate::Kernels::adam`].
pub(crate) fn adam<T: Real>(step: &AdamStep, gradients: &[T], params: &mut [T], m: &mut [T], v: &mut [T]) {
    let factors = Factors {
        beta1: T::from_f64(step.beta1),
        beta2: T::from_f64(step.beta2),
        eps: T::from_f64(step.eps),
        keep: T::ONE - T::from_f64(step.rate) * T::from_f64(step.weight_decay),
        rate: T::from_f64(step.rate),
        correct1: T::from_f64(step.correct1),
        correct2: T::from_f64(step.correct2),
        scale: T::from_f64(step.scale),
    };
    #[cfg(not(target_arch = "wasm32"))]
    {
        use rayon::prelude::*;
        let chunk = params.len().div_ceil(rayon::current_num_threads()).max(4096);
        params
            .par_chunks_mut(chunk)
            .zip(m.par_chunks_mut(chunk))
            .zip(v.par_chunks_mut(chunk))
            .zip(gradients.par_chunks(chunk))
            .for_each(|(((params, m), v), gradients)| update(factors, gradients, params, m, v));
    }
    #[cfg(target_arch = "wasm32")]
    update(factors, gradients, params, m, v);
}

fn update<T: Real>(factors: Factors<T>, gradients: &[T], params: &mut [T], m: &mut [T], v: &mut [T]) {
    let Factors { beta1, beta2, eps, keep, rate, correct1, correct2, scale } = factors;
    for (((p, m), v), &g) in params.iter_mut().zip(m).zip(v).zip(gradients) {
        let g = g * scale;
        *m = beta1 * *m + (T::ONE - beta1) * g;
        *v = beta2 * *v + (T::ONE - beta2) * g * g;
        *p = *p * keep - rate * (*m * correct1) / ((*v * correct2).sqrt() + eps);
    }
}

/// See [`crate::Kernels::lerp`].
pub(crate) fn lerp<T: Real>(rate: T, value: &[T], target: &mut [T]) {
    for (target, &value) in target.iter_mut().zip(value) {
        *target += rate * (value - *target);
    }
}
