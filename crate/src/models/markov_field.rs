//! A Markov random field of binary pixels, the prior of a denoiser that knows nothing but neighbourhoods (Geman and Geman
//! 1984; Bishop 2006, section 8.3.3).
//!
//! log p(x) = sum_i b_i x_i + 1/2 sum_i sum_j J_(j-i) x_i x_j - log Z, where j runs over the pixels within `radius` rows and
//! columns of i: the couplings J are the same everywhere, the biases b know where digits stand. One job:
//!
//! `denoise`: one sweep over the pixels of a chain, from p(x | given) of a picture of which pixels were flipped. Inputs:
//! `key` `[4]`, new in each run; `step`, the index of the run (the chain begins at run 0 with `given`); `given`
//! `[batch, 784]`, ink above 0.5; scalars `coupling` (1 as learnt, 0 without a prior), `evidence`, which is
//! log((1 - e) / e) for a part e of flipped pixels, and `temperature` (1 Gibbs sampling; 0 takes the more probable value,
//! iterated conditional modes; in between for annealing). Outputs: `pixels` `[batch, 784]`, 0 or 1, and `energy` `[batch]`,
//! -log p(x, given) up to a constant. The chain's state is the slab `state`.

use std::rc::Rc;

use super::network::{Network, unknown_job};
use super::plans;
use crate::data::{PIXELS, SIDE};
use crate::error::Result;
use crate::graph::{Graph, ParamLayout, Plan, Shape, Slab, Tensor};
use crate::ops::Distribution;

/// The couplings `[1, 1, 2 r + 1, 2 r + 1]`, symmetric about their middle, which is 0.
pub const COUPLINGS: &str = "couplings";
/// The biases `[784]`.
pub const BIAS: &str = "bias";
/// The state of the chain.
const STATE: &str = "state";

/// A Markov random field as a builder of plans.
#[derive(Debug, Clone)]
pub struct MarkovField {
    radius: usize,
    layout: Rc<ParamLayout>,
}

impl MarkovField {
    /// The field whose pixels see `radius` rows and columns around them.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] does not come up.
    pub fn new(radius: usize) -> Result<MarkovField> {
        let side = 2 * radius + 1;
        let layout =
            ParamLayout::new(&[(COUPLINGS.into(), [1, 1, side, side].into()), (BIAS.into(), [PIXELS].into())])?;
        Ok(MarkovField { radius, layout })
    }

    fn denoise(&self, graph: &Graph, params: &Slab, batch: usize) -> Result<Plan> {
        let key = graph.input("key", [4])?;
        let scalar = |name: &str| graph.input(name, Shape::default());
        let (step, coupling, evidence, temperature) =
            (scalar("step")?, scalar("coupling")?, scalar("evidence")?, scalar("temperature")?);
        let given = graph.input("given", [batch, PIXELS])?.greater_scalar(0.5);
        let slab = graph.slab(STATE, &ParamLayout::new(&[(STATE.into(), [batch, PIXELS].into())])?)?;
        let state = slab.get(STATE)?;

        // a pixel of ink that was given speaks for ink as much as a pixel of paper against it
        let own = given.mul_scalar(2.0).add_scalar(-1.0).mul(&evidence)?;
        let own = own.add(&params.get(BIAS)?.mul(&coupling)?)?;
        let couplings = params.get(COUPLINGS)?.mul(&coupling)?;
        let neighbours = |x: &Tensor| {
            let picture = x.reshape([batch, 1, SIDE, SIDE])?;
            picture.conv2d(&couplings, 1, self.radius)?.reshape([batch, PIXELS])
        };
        let uniform = graph.random(Distribution::Uniform, &key, [batch, PIXELS])?.clamp(1e-7, 1.0 - 1e-7);
        // logistic noise of this size turns a threshold into a draw from the conditional distribution
        let noise = uniform.log().sub(&uniform.neg().add_scalar(1.0).log())?.mul(&temperature)?;
        let own_with_noise = own.add(&noise)?;

        let mut x = step.greater_scalar(0.5).select(&state, &given)?;
        // pixels that do not see each other change together
        let stride = self.radius + 1;
        for colour in 0..stride * stride {
            let turn = |pixel: usize| {
                let (row, column) = (pixel / SIDE % stride, pixel % SIDE % stride);
                f32::from(u8::from(row * stride + column == colour))
            };
            let turns = graph.constant(&(0..PIXELS).map(turn).collect::<Vec<f32>>(), [PIXELS])?;
            let drawn = neighbours(&x)?.add(&own_with_noise)?.greater_scalar(0.0);
            x = turns.select(&drawn, &x)?;
        }
        let energy = neighbours(&x)?.mul_scalar(0.5).add(&own)?.mul(&x)?.sum(&[1])?.neg();
        graph.moving_average(&state, &x, &graph.scalar(1.0))?;
        graph.compile(&[("pixels", &x), ("energy", &energy)])
    }
}

impl Network for MarkovField {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        let side = 2 * self.radius + 1;
        format!("couplings within {side} x {side} pixels, the same everywhere, and a bias for each pixel")
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        match job {
            "denoise" => self.denoise(&graph, &params, batch),
            _ => unknown_job(job, &["denoise"]),
        }
    }
}
