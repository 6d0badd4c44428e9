//! Expectation-maximisation for mixtures of Bernoullis (Bishop 2006, section 9.3.3), each digit's components on that
//! digit's images: the most probable parameters of p(x, y) under a Beta prior on pixels and a Dirichlet prior on weights.

use super::classical::{Progress, binary};
use super::objective::Samples;
use super::recipes_classical::Fit;
use crate::backend::{Backend, DeviceSlab, Executable};
use crate::data::{PIXELS, streams};
use crate::error::{Error, Result};
use crate::graph::ParamStore;
use crate::models::classifier::CLASSES;
use crate::models::mixture::{LOG_WEIGHTS, LOGITS, layout, log_joint};
use crate::models::plans::{self, PARAMS};
use crate::rng::Philox;

/// Images in one run of the expectation step.
const BATCH: usize = 500;

/// A mixture being fitted to one set of binary images.
struct Em {
    executable: Executable,
    params: DeviceSlab,
    store: ParamStore,
    components: usize,
    smoothing: f64,
}

/// What the expectation step counts.
struct Counts {
    /// Images' worth of ink in each pixel of each component.
    ink: Vec<f64>,
    /// Images' worth of each component.
    mass: Vec<f64>,
    /// log p of all images.
    log_likelihood: f64,
}

/// Fits a mixture for each digit.
///
/// # Errors
/// [`Error::Data`] when a digit has fewer images than components.
pub(super) fn expectation_maximisation(
    backend: &Backend,
    fit: &Fit,
    samples: &Samples,
    seed: u32,
    passes: u64,
    progress: &mut Progress,
) -> Result<ParamStore> {
    let size = fit.model.size;
    let mut store = ParamStore::zeros(layout(CLASSES * size)?);
    let (mut logits, mut log_weights) = (Vec::new(), Vec::new());
    let total = samples.labels.len();
    for digit in 0..CLASSES {
        let members = || samples.images.chunks_exact(PIXELS).zip(samples.labels);
        let images: Vec<u8> = members()
            .filter(|(_, label)| usize::from(**label) == digit)
            .flat_map(|(image, _)| image.iter().copied())
            .collect();
        let count = images.len() / PIXELS;
        if count < size {
            return Err(Error::Data(format!("{count} images of the digit {digit} are too few for {size} components")));
        }
        let mut rng = Philox::new(u64::from(seed), streams::stream(streams::MIXTURE, digit as u64));
        let pixels: Vec<f32> =
            (0..fit.draws.max(1)).flat_map(|_| binary(&images, fit.binarization, &mut rng)).collect();
        let mut em = Em::new(backend, &pixels, size, fit.smoothing, &mut rng)?;
        for pass in 0..passes {
            let objective = em.pass(&pixels)? / (pixels.len() / PIXELS) as f64;
            progress(digit as u64 * passes + pass + 1, CLASSES as u64 * passes, objective)?;
        }
        logits.extend_from_slice(em.store.get(LOGITS).unwrap_or_default());
        let prior = (count as f64 / total as f64).ln() as f32;
        log_weights.extend(em.store.get(LOG_WEIGHTS).unwrap_or_default().iter().map(|weight| weight + prior));
    }
    store.set(LOGITS, &logits)?;
    store.set(LOG_WEIGHTS, &log_weights)?;
    Ok(store)
}

impl Em {
    /// Begins with as many images, softened, as there are components.
    fn new(backend: &Backend, pixels: &[f32], components: usize, smoothing: f64, rng: &mut Philox) -> Result<Em> {
        let layout = layout(components)?;
        let (graph, params) = plans::begin(&layout, BATCH)?;
        let x = graph.input("x", [BATCH, PIXELS])?;
        // 1 for an image, 0 where the last run of a pass has none
        let present = graph.input("present", [BATCH, 1])?;
        let joint = log_joint(&x, &params)?;
        let responsibilities = joint.softmax()?.mul(&present)?;
        let ink = responsibilities.matmul_with(&x, true, false)?;
        let mass = responsibilities.sum(&[0])?;
        let log_likelihood = joint.logsumexp_keep(&[1])?.mul(&present)?;
        let outputs = [("ink", &ink), ("mass", &mass), ("log_likelihood", &log_likelihood)];
        let plan = graph.compile(&outputs)?;
        let mut store = ParamStore::zeros(layout);
        let chosen = &rng.permutation(pixels.len() / PIXELS)[..components];
        let image = |index: &u32| &pixels[*index as usize * PIXELS..(*index as usize + 1) * PIXELS];
        // logits of 0.75 and 0.25
        let soft = |x: &f32| (2.0 * x - 1.0) * 3.0f32.ln();
        store.set(LOGITS, &chosen.iter().flat_map(image).map(soft).collect::<Vec<f32>>())?;
        store.set(LOG_WEIGHTS, &vec![-(components as f32).ln(); components])?;
        let params = backend.slab(store.slab())?;
        let executable = backend.compile(plan, &[(PARAMS, &params)])?;
        Ok(Em { executable, params, store, components, smoothing })
    }

    /// One pass of both steps: the penalised log-likelihood of the parameters as they were before it.
    fn pass(&mut self, pixels: &[f32]) -> Result<f64> {
        let counts = self.count(pixels)?;
        let objective = counts.log_likelihood + self.log_prior();
        if !objective.is_finite() {
            return Err(Error::NonFinite(format!("the likelihood of the mixture is {objective}")));
        }
        self.maximise(&counts, pixels.len() / PIXELS)?;
        Ok(objective)
    }

    /// The expectation step.
    fn count(&mut self, pixels: &[f32]) -> Result<Counts> {
        let executable = &mut self.executable;
        let (x, present) = (executable.input("x")?, executable.input("present")?);
        let outputs = [executable.output("ink")?, executable.output("mass")?, executable.output("log_likelihood")?];
        let (mut ink, mut mass, mut log_likelihood) =
            (vec![0.0; self.components * PIXELS], vec![0.0; self.components], 0.0);
        let mut rows = vec![0.0; BATCH * PIXELS];
        for chunk in pixels.chunks(BATCH * PIXELS) {
            rows[..chunk.len()].copy_from_slice(chunk);
            let count = chunk.len() / PIXELS;
            executable.write(x, &rows)?;
            let there: Vec<f32> = (0..BATCH).map(|row| f32::from(u8::from(row < count))).collect();
            executable.write(present, &there)?;
            let values = pollster::block_on(executable.run_and_read(&outputs))?;
            let (inks, others) = values.split_at(ink.len());
            let (masses, likelihoods) = others.split_at(mass.len());
            add(&mut ink, inks);
            add(&mut mass, masses);
            log_likelihood += likelihoods.iter().map(|value| f64::from(*value)).sum::<f64>();
        }
        Ok(Counts { ink, mass, log_likelihood })
    }

    /// The maximisation step: counts with those of the prior.
    fn maximise(&mut self, counts: &Counts, images: usize) -> Result<()> {
        let smoothing = self.smoothing;
        let ink = counts.ink.chunks_exact(PIXELS).zip(&counts.mass).flat_map(|(row, mass)| {
            row.iter().map(move |ink| ((ink + smoothing) / (mass - ink + smoothing).max(f64::MIN_POSITIVE)).ln() as f32)
        });
        self.store.set(LOGITS, &ink.collect::<Vec<f32>>())?;
        let total = images as f64 + self.components as f64;
        let weights = counts.mass.iter().map(|mass| ((mass + 1.0) / total).ln() as f32);
        self.store.set(LOG_WEIGHTS, &weights.collect::<Vec<f32>>())?;
        self.params.write(self.store.slab())
    }

    /// The logarithm of the prior's density, up to a constant: of each pixel p^s (1 - p)^s, of each weight w.
    fn log_prior(&self) -> f64 {
        let softplus = |logit: f64| logit.max(0.0) + (-logit.abs()).exp().ln_1p();
        let logits = self.store.get(LOGITS).unwrap_or_default().iter().map(|logit| f64::from(*logit));
        let pixels: f64 = logits.map(|logit| -softplus(-logit) - softplus(logit)).sum();
        let weights: f64 = self.store.get(LOG_WEIGHTS).unwrap_or_default().iter().map(|w| f64::from(*w)).sum();
        self.smoothing * pixels + weights
    }
}

fn add(sums: &mut [f64], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += f64::from(*value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Images of some kinds, each pixel flipped now and then.
    fn images(seed: u64, count: usize, kinds: u32, flips: f32) -> Vec<f32> {
        let mut rng = Philox::new(seed, 1);
        let mut pixels = Vec::with_capacity(count * PIXELS);
        for _ in 0..count {
            let kind = rng.below(kinds);
            pixels.extend((0..PIXELS as u32).map(|i| {
                let ink = (i / 28 + kind * (i % 28)).is_multiple_of(kind + 3);
                f32::from(u8::from(ink != (rng.uniform() < flips)))
            }));
        }
        pixels
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn a_pass_never_lowers_the_likelihood(seed in 0u64..1000, count in 20usize..700, kinds in 1u32..6,
            components in 1usize..6, flips in 0.01f32..0.4, smoothing in 0.1f64..2.0) {
            let pixels = images(seed, count, kinds, flips);
            let mut em = Em::new(&Backend::Cpu, &pixels, components, smoothing, &mut Philox::new(seed, 2)).unwrap();
            let mut before = f64::NEG_INFINITY;
            for _ in 0..8 {
                let now = em.pass(&pixels).unwrap();
                // sums of 784 terms in f32, some 28 roundings of 6e-8 wide
                prop_assert!(now >= before - 4e-6 * now.abs(), "{} after {}", now, before);
                before = now;
            }
        }
    }

    #[test]
    fn one_component_is_a_count() {
        let pixels = images(3, 600, 2, 0.1);
        let mut em = Em::new(&Backend::Cpu, &pixels, 1, 1.0, &mut Philox::new(1, 2)).unwrap();
        em.pass(&pixels).unwrap();
        for pixel in [0, 5, 783] {
            let ink: f32 = pixels.iter().skip(pixel).step_by(PIXELS).sum();
            let expected = (f64::from(ink) + 1.0) / 602.0;
            let found = f64::from(em.store.get(LOGITS).unwrap()[pixel]);
            assert!((1.0 / (1.0 + (-found).exp()) - expected).abs() < 1e-6, "{pixel}");
        }
        assert_eq!(em.store.get(LOG_WEIGHTS).unwrap(), [0.0]);
    }
}
