//! The jobs of a flow, each with the input `label` `[batch]`, whole numbers 0 to 9; `n` is the number of couplings:
//!
//! - `encode`: `x` `[batch, 784]` grey values in [0, 1]; `key` `[4]`; `spread` (a scalar): the dequantisation noise is
//!   0.5 + spread (u - 0.5) 31/32, so that 0 gives the middle of each grey value, and 1 keeps off its ends by what rounding
//!   may change on the way to the noise and back.
//! - `likelihood`: `x` and `key` as in `encode`, spread 1; only the output `log_likelihood`.
//! - `decode`: `z` `[batch, 784]`, logistic noise at the places of the pixels that it becomes.
//! - `draw`: `z` as in `decode`; only the outputs `z` and `pixels`.
//! - `sample`: `key` `[4]`; `temperature` (a scalar) scales the noise. Only the outputs `z` and `pixels`.
//!
//! The outputs: `z` `[batch, 784]`; `noise` `[batch, 784]`, the same from -1 to 1 as 2 sigmoid(z) - 1, uniform where z is
//! logistic; `pixels` `[batch, 784]`, grey values in [0, 1] of 8 bits; `x` `[batch, 784]`, the same with the dequantisation
//! noise, in (0, 1); `log_likelihood` `[batch]`, log p(x | class) of the 8-bit picture in nats; `bits_per_dim` `[batch]`;
//! `layers` `[batch * (n + 1), 784]`, each picture's states from noise to data as grey values: a finished pixel as
//! it is, any other as 0.15 + 0.3 sigmoid(noise); `error` `[batch]`, the largest difference after a round
//! trip as a part of the range: of a pixel in `encode`, of sigmoid(z) in `decode`, where a pixel near the end of its
//! range, which f32 resolves coarsely, may cost some digits of z.

use std::rc::Rc;

use super::flow::{Flow, GREYS, Journey, Part, dequantise};
use super::flow_config::PHASES;
use super::flow_grids::{join, merge};
use super::network::{Network, unknown_job};
use super::plans;
use crate::error::Result;
use crate::graph::{Graph, ParamLayout, Plan, Tensor};
use crate::ops::Distribution;

/// The distance from whole numbers at which `encode` keeps v: about eight times the largest error of a round trip that was
/// seen among all test digits. One that crosses a whole number would be read as another byte.
const OFF_EDGES: f64 = 1.0 / 64.0;
/// What keeps a uniform number off the ends of (0, 1).
const UNIFORM_MARGIN: f64 = 1e-7;
/// How noise is drawn among finished pixels: from this grey value on, over so many of them, so that both paper and ink stand
/// out from it.
const FAINT: [f64; 2] = [0.15, 0.3];

impl Flow {
    /// The outputs of all jobs, of pictures `v` that are the couplings' noise in `journey`.
    fn outputs(&self, graph: &Graph, v: &Tensor, journey: &Journey, error: &Tensor) -> Result<Plan> {
        let z = self.states(journey, None)?;
        let states: Vec<Tensor> =
            (0..=self.config.couplings()).rev().map(|done| self.states(journey, Some(done))).collect::<Result<_>>()?;
        let [batch, pixels] = [v.shape().dims()[0], self.config.pixels()];
        let layers = graph.concat(&states.iter().collect::<Vec<_>>(), 1)?.reshape([batch * states.len(), pixels])?;
        graph.compile(&[
            ("z", &z),
            ("noise", &z.sigmoid().mul_scalar(2.0).add_scalar(-1.0)),
            ("pixels", &grey(v)),
            ("x", &v.mul_scalar(1.0 / GREYS)),
            ("log_likelihood", &journey.log_likelihood),
            ("bits_per_dim", &self.bits_per_dim(&journey.log_likelihood)),
            ("layers", &layers),
            ("error", error),
        ])
    }

    /// The picture behind `done` couplings as grey values, or z itself.
    pub(super) fn states(&self, journey: &Journey, done: Option<usize>) -> Result<Tensor> {
        let levels = self.config.levels.len();
        // a part's picture behind so many of its couplings
        let shown = |part: &Part, changes: usize| match (done, changes) {
            (None, _) => part.states[part.states.len() - 1].clone(),
            (_, 0) => part.v.mul_scalar(1.0 / GREYS),
            (_, changes) => part.states[changes - 1].sigmoid().mul_scalar(FAINT[1]).add_scalar(FAINT[0]),
        };
        let behind = |first: usize| done.map_or(0, |done| done.saturating_sub(first));
        let at_top = behind(levels * (PHASES.len() - 1));
        let [even, odd] = &journey.top;
        let mut picture = join(&[&shown(even, at_top.div_ceil(2)), &shown(odd, at_top / 2)])?;
        for (index, parts) in journey.levels.iter().enumerate().rev() {
            // on the way to noise the grid that is drawn last goes first
            let changed = behind(index * parts.len());
            let mut grids = vec![picture];
            let order = parts.iter().enumerate();
            grids.extend(order.map(|(place, part)| shown(part, usize::from(changed >= parts.len() - place))));
            picture = merge(&grids.iter().collect::<Vec<_>>(), self.config.side >> (index + 1))?;
        }
        Ok(picture)
    }
}

impl Network for Flow {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        self.config.describe()
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let label = graph.input("label", [batch])?;
        let shape = [batch, self.config.pixels()];
        if matches!(job, "encode" | "likelihood") {
            let x = graph.input("x", shape)?;
            let uniform = graph.random(Distribution::Uniform, &graph.input("key", [4])?, shape)?;
            let bytes = x.mul_scalar(GREYS - 1.0).add_scalar(0.5).floor();
            if job == "likelihood" {
                let (_, log_likelihood) = self.log_likelihood(&params, &label, &dequantise(&bytes, &uniform)?)?;
                return graph.compile(&[("log_likelihood", &log_likelihood)]);
            }
            let spread = graph.input("spread", [1])?;
            let noise = uniform.add_scalar(-0.5).mul_scalar(1.0 - 2.0 * OFF_EDGES).mul(&spread)?.add_scalar(0.5);
            let v = dequantise(&bytes, &noise)?;
            let journey = self.encode(&params, &label, &v)?;
            let back = self.decode(&params, &label, &self.states(&journey, None)?)?;
            let error = largest(&back.sub(&v)?.mul_scalar(1.0 / GREYS))?;
            return self.outputs(&graph, &v, &journey, &error);
        }
        let z = match job {
            "decode" | "draw" => graph.input("z", shape)?,
            "sample" => {
                let temperature = graph.input("temperature", [1])?;
                let uniform = graph.random(Distribution::Uniform, &graph.input("key", [4])?, shape)?;
                let uniform = uniform.clamp(UNIFORM_MARGIN, 1.0 - UNIFORM_MARGIN);
                uniform.log().sub(&uniform.neg().add_scalar(1.0).log())?.mul(&temperature)?
            }
            _ => return unknown_job(job, &["encode", "likelihood", "decode", "draw", "sample"]),
        };
        let v = self.decode(&params, &label, &z)?;
        if matches!(job, "draw" | "sample") {
            return graph.compile(&[("z", &z), ("pixels", &grey(&v))]);
        }
        let journey = self.encode(&params, &label, &v)?;
        let error = largest(&self.states(&journey, None)?.sigmoid().sub(&z.sigmoid())?)?;
        self.outputs(&graph, &v, &journey, &error)
    }
}

/// v as the grey values of 8 bits that it is a part of.
fn grey(v: &Tensor) -> Tensor {
    v.floor().mul_scalar(1.0 / (GREYS - 1.0))
}

/// The largest absolute value of each row of `[batch, values]`.
fn largest(differences: &Tensor) -> Result<Tensor> {
    let batch = differences.shape().dims()[0];
    differences.abs().max_keep(&[1])?.reshape([batch])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::data::SIDE;
    use crate::models::flow_config::{FlowConfig, Level, Top};
    use crate::models::plans::PARAMS;

    const BATCH: usize = 2;

    fn flow() -> Flow {
        let levels = vec![Level { channels: 4, layers: 1 }; 2];
        let top = Top { couplings: 3, hidden: 8 };
        let family = crate::models::family::Family::Flow;
        Flow::new(FlowConfig { family, side: SIDE, levels, top, components: 3, paper: 0.99, training: None }).unwrap()
    }

    /// Runs a job of a flow with random weights; all outputs that are asked for.
    fn run(flow: &Flow, job: &str, inputs: &[(&str, &[f32])], outputs: &[&str]) -> Vec<Vec<f32>> {
        let weights = flow.config.declarations().initialize(3).unwrap();
        let slab = Backend::Cpu.slab(weights.slab()).unwrap();
        let plan = flow.plan(job, BATCH).unwrap();
        let mut executable = Backend::Cpu.compile(plan, &[(PARAMS, &slab)]).unwrap();
        for (name, values) in [&[("label", &[4.0, 0.0][..])], inputs].concat() {
            executable.write(executable.input(name).unwrap(), values).unwrap();
        }
        executable.run().unwrap();
        let read = |name: &&str| pollster::block_on(executable.read(executable.output(name).unwrap())).unwrap();
        outputs.iter().map(read).collect()
    }

    fn largest(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).fold(0.0, |most, (a, b)| f32::max(most, (a - b).abs()))
    }

    #[test]
    fn pictures_come_back_from_their_noise() {
        let flow = flow();
        let x: Vec<f32> = (0..BATCH * 784).map(|i| if i % 5 < 3 { 0.0 } else { (i % 256) as f32 / 255.0 }).collect();
        let key = [1.0, 0.0, 0.0, 0.0];
        let found = run(
            &flow,
            "encode",
            &[("x", &x), ("key", &key), ("spread", &[1.0])],
            &["z", "pixels", "x", "error", "layers"],
        );
        let [z, pixels, with_noise, error, layers] = &found[..] else { unreachable!("five outputs") };
        assert!(largest(pixels, &x) < 1e-6, "encoding shows the picture itself");
        assert!(error.iter().all(|error| *error < 1e-4), "{error:?}");
        let found = run(&flow, "decode", &[("z", z)], &["pixels", "x", "layers", "error"]);
        assert!(largest(&found[1], with_noise) < 1e-4);
        assert!(largest(&found[0], &x) < 1.5 / 255.0, "a grey value may fall on the next one's side");
        assert!(largest(&found[2], layers) < 1e-3);
        assert!(found[3].iter().all(|error| *error < 1e-2), "{:?}", found[3]);
        // from noise to data, each picture's states together
        let states = flow.config.couplings() + 1;
        assert_eq!(layers.len(), BATCH * states * 784);
        let noise: Vec<f32> = z.iter().map(|z| 0.15 + 0.3 / (1.0 + (-z).exp())).collect();
        let state = |picture: usize, index: usize| &layers[(picture * states + index) * 784..][..784];
        for picture in 0..BATCH {
            let here = picture * 784..(picture + 1) * 784;
            assert!(largest(state(picture, 0), &noise[here.clone()]) < 1e-6);
            assert!(largest(state(picture, states - 1), &with_noise[here]) < 1e-6);
        }
        // the last coupling draws the last of the four grids
        let changed = |index: usize| {
            let pairs = state(1, index).iter().zip(state(1, index + 1)).enumerate();
            pairs.filter(|(_, (a, b))| (*a - *b).abs() > 1e-4).map(|(i, _)| i).collect::<Vec<_>>()
        };
        let last = changed(states - 2);
        assert!(last.len() > 150 && last.iter().all(|i| i / SIDE % 2 == 1 && i % 2 == 0));
        assert!(
            changed(0).len() > 20 && changed(0).iter().all(|i| (i / SIDE).is_multiple_of(4) && i.is_multiple_of(4))
        );
    }

    #[test]
    fn noise_of_no_temperature_is_none_and_unknown_jobs_are_named() {
        let flow = flow();
        let key = [7.0, 0.0, 0.0, 0.0];
        let found = run(&flow, "sample", &[("key", &key), ("temperature", &[0.0])], &["z", "pixels"]);
        assert!(found[0].iter().all(|z| *z == 0.0));
        assert!(found[1].iter().all(|grey| (0.0..=1.0).contains(grey)));
        assert_eq!(found[1], run(&flow, "draw", &[("z", &found[0])], &["pixels"])[0]);
        assert!(flow.plan("paint", 1).unwrap_err().to_string().contains("likelihood"));
        assert!(flow.plan("draw", 0).is_err());
    }
}
