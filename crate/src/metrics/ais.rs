//! The partition function of an RBM by annealed importance sampling (Neal 2001; Salakhutdinov and Murray 2008).
//!
//! Between a machine without weights (beta = 0), whose log Z is known, and the machine itself (beta = 1) stand machines
//! of p_beta(v) = exp((1 - beta) a v + beta b v) prod (1 + exp(beta (c + W v))); a chain walks through them all. The mean
//! of the chains' importance weights is without bias for Z, so the mean of its logarithm is too low for log Z: a
//! likelihood comes out too good. Walked backwards from samples of the machine it errs to the other side.

use crate::backend::{Backend, DeviceSlab, Executable, InputId, OutputId};
use crate::data::{PIXELS, streams};
use crate::error::{Error, Result};
use crate::graph::{ParamLayout, Plan};
use crate::metrics::vae::log_mean_exp;
use crate::models::network::Network;
use crate::models::plans::{self, PARAMS};
use crate::models::rbm::Rbm;
use crate::ops::key_values;
use crate::rng::Philox;

/// The chains' visible states.
const STATE: &str = "chains";

/// log Z, by one pass of a number of chains.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// The estimate of log Z, nats.
    pub log_z: f64,
    /// Standard deviation of the chains' log weights, nats.
    pub spread: f64,
    /// log Z where the mean weight is three standard errors lower; minus infinity (JSON: null) when that is below 0.
    pub low: f64,
    /// log Z where the mean weight is three standard errors higher.
    pub high: f64,
}

/// Chains that walk between the machines.
pub struct Annealing {
    executable: Executable,
    inputs: [InputId; 3],
    increment: OutputId,
    chains: usize,
    base: Vec<f32>,
    log_z_base: f64,
}

impl Annealing {
    /// `chains` chains for `rbm`, whose parameters are `params`. `means` are the mean grey values of the training pixels,
    /// 0 to 1: the machine without weights paints each pixel by them.
    ///
    /// # Errors
    /// [`Error::Data`] for no chain or other than 784 means; [`Error::Gpu`] when the device refuses.
    pub fn new(backend: &Backend, rbm: &Rbm, params: &DeviceSlab, means: &[f64], chains: usize) -> Result<Annealing> {
        if chains == 0 || means.len() != PIXELS {
            return Err(Error::Data(format!(
                "annealing takes chains and {PIXELS} means, not {chains} and {}",
                means.len()
            )));
        }
        // a pixel that is never inked must stay possible
        let odds = |mean: &f64| (mean.clamp(0.001, 0.999) / (1.0 - mean.clamp(0.001, 0.999))).ln();
        let base: Vec<f64> = means.iter().map(odds).collect();
        let of_pixels: f64 = base.iter().map(|a| a.exp().ln_1p()).sum();
        let log_z_base = of_pixels + rbm.config().hidden as f64 * 2f64.ln();
        let mut executable = backend.compile(plan(rbm, chains)?, &[(PARAMS, params)])?;
        let inputs = [executable.input("key")?, executable.input("from")?, executable.input("to")?];
        let base: Vec<f32> = base.into_iter().map(|a| a as f32).collect();
        executable.write(executable.input("base")?, &base)?;
        let increment = executable.output("increment")?;
        Ok(Annealing { executable, inputs, increment, chains, base, log_z_base })
    }

    /// From the machine without weights to the machine: log Z in the mean too low. `progress` is told the steps done.
    ///
    /// # Errors
    /// [`Error::Data`] for no temperature, [`Error::DeviceLost`], [`Error::Gpu`], whatever `progress` returns.
    pub async fn forward(
        &mut self,
        temperatures: usize,
        seed: u32,
        progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Estimate> {
        let mut rng = Philox::new(u64::from(seed), streams::stream(streams::SAMPLE, 0));
        let ink: Vec<f32> = self.base.iter().map(|a| 1.0 / (1.0 + (-a).exp())).collect();
        let states: Vec<f32> =
            (0..self.chains).flat_map(|_| ink.iter()).map(|p| f32::from(u8::from(rng.uniform() < *p))).collect();
        let betas = ladder(temperatures)?;
        let weights = self.walk(&states, &betas, seed, progress).await?;
        Ok(estimate(&weights, self.log_z_base, 1.0))
    }

    /// From `states`, `[chains, 784]` samples of the machine, to the machine without weights: log Z in the mean too high.
    ///
    /// # Errors
    /// As [`Annealing::forward`]; [`Error::Shape`] for another number of states.
    pub async fn reverse(
        &mut self,
        states: &[f32],
        temperatures: usize,
        seed: u32,
        progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Estimate> {
        let mut betas = ladder(temperatures)?;
        betas.reverse();
        let weights = self.walk(states, &betas, seed, progress).await?;
        Ok(estimate(&weights, self.log_z_base, -1.0))
    }

    /// The chains' log weights after a walk along `betas`.
    async fn walk(
        &mut self,
        states: &[f32],
        betas: &[f32],
        seed: u32,
        mut progress: impl FnMut(usize) -> Result<()>,
    ) -> Result<Vec<f64>> {
        let slab = self.executable.slab(STATE).ok_or_else(|| Error::Shape("the chains have no state".into()))?;
        slab.write(states)?;
        let [key, from, to] = self.inputs;
        let mut weights = vec![0.0; self.chains];
        for (step, pair) in betas.windows(2).enumerate() {
            self.executable.write(key, &key_values(seed, step as u32))?;
            self.executable.write(from, &pair[..1])?;
            self.executable.write(to, &pair[1..])?;
            let increments = self.executable.run_and_read(&[self.increment]).await?;
            for (weight, increment) in weights.iter_mut().zip(increments) {
                *weight += f64::from(increment);
            }
            progress(step + 1)?;
        }
        Ok(weights)
    }
}

/// Evenly spaced from 0 to 1.
fn ladder(temperatures: usize) -> Result<Vec<f32>> {
    if temperatures == 0 {
        return Err(Error::Data("annealing takes at least one temperature".into()));
    }
    Ok((0..=temperatures).map(|step| (step as f64 / temperatures as f64) as f32).collect())
}

fn estimate(weights: &[f64], log_z_base: f64, sign: f64) -> Estimate {
    let count = weights.len() as f64;
    let mean = log_mean_exp(weights);
    let centre = weights.iter().sum::<f64>() / count;
    let spread = (weights.iter().map(|weight| (weight - centre).powi(2)).sum::<f64>() / count).sqrt();
    // of the weights over their mean
    let variance = weights.iter().map(|weight| ((weight - mean).exp() - 1.0).powi(2)).sum::<f64>() / count;
    let error = 3.0 * (variance / count).sqrt();
    let ends = [(1.0 - error).max(0.0).ln(), (1.0 + error).ln()].map(|end| log_z_base + sign * (mean + end));
    Estimate { log_z: log_z_base + sign * mean, spread, low: ends[0].min(ends[1]), high: ends[0].max(ends[1]) }
}

/// One step: the weight of going on to the next machine, then a sweep of that machine.
fn plan(rbm: &Rbm, chains: usize) -> Result<Plan> {
    let (graph, params) = plans::begin(rbm.layout(), chains)?;
    let key = graph.input("key", [4])?;
    let (from, to) = (graph.input("from", [1])?, graph.input("to", [1])?);
    let base = graph.input("base", [PIXELS])?;
    let states = ParamLayout::new(&[("v".into(), [chains, PIXELS].into())])?;
    let state = graph.slab(STATE, &states)?.get("v")?;
    let logits = rbm.hidden_logits(&state, &params)?;
    let tilt = params.get("visible_bias")?.sub(&base)?;
    let of_hidden = logits.mul(&to)?.softplus().sub(&logits.mul(&from)?.softplus())?.sum(&[1])?;
    let of_pixels = state.mul(&tilt)?.sum(&[1])?.mul(&to.sub(&from)?)?;
    let increment = of_pixels.add(&of_hidden)?;

    let h = graph.bernoulli(&logits.mul(&to)?.sigmoid(), &key, logits.shape())?;
    let logits = rbm.visible_logits(&h, &params)?.sub(&base)?.mul(&to)?.add(&base)?;
    let v = graph.bernoulli(&logits.sigmoid(), &key, [chains, PIXELS])?;
    graph.moving_average(&state, &v, &graph.scalar(1.0))?;
    graph.compile(&[("increment", &increment)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::rbm::RbmConfig;

    /// log Z by a sum over all states of the hidden units.
    fn exact(weight: &[f32], visible: &[f32], hidden: &[f32]) -> f64 {
        let units = hidden.len();
        let terms: Vec<f64> = (0..1usize << units)
            .map(|state| {
                let on = |unit: &usize| state >> unit & 1 == 1;
                let on: Vec<usize> = (0..units).filter(on).collect();
                let of_hidden: f64 = on.iter().map(|&unit| f64::from(hidden[unit])).sum();
                let field = |pixel: usize| {
                    f64::from(visible[pixel]) + on.iter().map(|&u| f64::from(weight[u * PIXELS + pixel])).sum::<f64>()
                };
                of_hidden + (0..PIXELS).map(|pixel| field(pixel).exp().ln_1p()).sum::<f64>()
            })
            .collect();
        log_mean_exp(&terms) + (terms.len() as f64).ln()
    }

    #[test]
    fn both_directions_meet_the_sum_over_all_states() {
        let rbm = Rbm::new(RbmConfig::new(9)).unwrap();
        let mut store = rbm.config().declarations().initialize(4).unwrap();
        // weights large enough that the units matter: the free energy differs by tens of nats between states
        for (name, scale) in [("weight", 4.0), ("hidden_bias", 1.0), ("visible_bias", 1.0)] {
            let mut noise = vec![0.0; store.get(name).unwrap().len()];
            Philox::new(8, scale as u64).fill_normal(&mut noise);
            for (value, noise) in store.get_mut(name).unwrap().iter_mut().zip(noise) {
                *value = *value * scale + 0.3 * noise;
            }
        }
        let [weight, visible, hidden] =
            ["weight", "visible_bias", "hidden_bias"].map(|n| store.get(n).unwrap().to_vec());
        let exact = exact(&weight, &visible, &hidden);
        let params = Backend::Cpu.slab(store.slab()).unwrap();
        let mut annealing = Annealing::new(&Backend::Cpu, &rbm, &params, &vec![0.2; PIXELS], 200).unwrap();
        let estimate = pollster::block_on(annealing.forward(2_000, 1, |_| Ok(()))).unwrap();
        assert!((estimate.log_z - exact).abs() < 0.1, "{estimate:?} against {exact}");
        assert!(estimate.low <= exact && exact <= estimate.high && estimate.spread < 1.0, "{estimate:?} {exact}");
        // the forward walk ends in samples of the machine
        let states = pollster::block_on(annealing.executable.slab(STATE).unwrap().read()).unwrap();
        let back = pollster::block_on(annealing.reverse(&states, 2_000, 2, |_| Ok(()))).unwrap();
        assert!((back.log_z - exact).abs() < 0.1 && back.log_z > estimate.log_z - 0.1, "{back:?} against {exact}");
    }
}
