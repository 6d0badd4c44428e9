//! Adam and AdamW over a whole slab of parameters in one dispatch.

use super::registry::{Case, Row};
use super::{AdapterKind, Arg, Backward, Io, Kernel, Lowered, Op, generic_kernel, linear_groups, shader};
use crate::graph::{Graph, ParamLayout, Shape, Slab, Tensor};
use crate::kernels::AdamStep;
use crate::real::Real;
use crate::{Error, Result};

const WORKGROUP: usize = 64;
/// Added to the global norm before dividing by it, as PyTorch's `clip_grad_norm_` does.
const CLIP_EPSILON: f64 = 1e-6;

/// Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019; 0 is plain Adam) and clipping
/// by the global norm.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AdamConfig {
    /// Decay of the first moment, in [0, 1).
    pub beta1: f64,
    /// Decay of the second moment, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// The largest global norm of the gradients; `None` does not clip.
    pub clip_norm: Option<f64>,
}

impl Default for AdamConfig {
    fn default() -> Self {
        AdamConfig { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0, clip_norm: None }
    }
}

impl AdamConfig {
    /// The values of the `hyper` input for step `step` (from 1 on) at `learning_rate`.
    pub fn hyper(&self, learning_rate: f64, step: u64) -> [f32; 4] {
        let correction = |beta: f64| 1.0 / (1.0 - beta.powf(step as f64));
        [learning_rate as f32, correction(self.beta1) as f32, correction(self.beta2) as f32, 0.0]
    }
}

/// The slabs that an optimizer keeps.
pub struct AdamState {
    /// First moments.
    pub m: Slab,
    /// Second moments.
    pub v: Slab,
}

/// params, m, v <- Adam(gradients).
#[derive(Debug, Clone)]
pub struct Adam {
    config: AdamConfig,
    len: usize,
}

impl Adam {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [hyper, gradients, norm_squared] = io.inputs else { unreachable!("Adam has three inputs") };
        let [params, m, v] = io.outputs else { unreachable!("Adam changes three slabs") };
        let AdamConfig { beta1, beta2, eps, weight_decay, clip_norm } = self.config;
        let scale = match clip_norm {
            Some(limit) => (limit / (norm_squared[0].to_f64().sqrt() + CLIP_EPSILON)).min(1.0),
            None => 1.0,
        };
        let [rate, correct1, correct2] = [hyper[0], hyper[1], hyper[2]].map(Real::to_f64);
        let step = AdamStep { beta1, beta2, eps, weight_decay, rate, correct1, correct2, scale };
        T::adam(&step, gradients, params, m, v);
    }
}

impl Op for Adam {
    fn name(&self) -> &'static str {
        "adam"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        let groups = linear_groups(self.len, WORKGROUP);
        let c = &self.config;
        let mut uniform = bytemuck::cast_slice(&[self.len as u32, groups[0] * WORKGROUP as u32, 0, 0]).to_vec();
        let clip = c.clip_norm.unwrap_or(0.0);
        let floats = [c.beta1, c.beta2, c.eps, c.weight_decay, clip, CLIP_EPSILON, 0.0, 0.0].map(|value| value as f32);
        uniform.extend_from_slice(bytemuck::cast_slice(&floats));
        Lowered::single(Kernel {
            shader: shader!("adam"),
            uniform,
            args: vec![Arg::Input(0), Arg::Input(1), Arg::Input(2), Arg::Output(0), Arg::Output(1), Arg::Output(2)],
            program: None,
            groups,
        })
    }

    fn backward(&self, _context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        Err(Error::Unsupported("an optimizer step has no derivative".into()))
    }

    fn flops(&self) -> u64 {
        13 * self.len as u64
    }
}

impl Graph {
    /// Appends an optimizer step on `params`. `gradients` are those of the slab's entries in their order, `hyper` is
    /// an input of shape `[4]` that the host fills with [`AdamConfig::hyper`] before each run; the moments live in the
    /// slabs `NAME.m` and `NAME.v`.
    ///
    /// # Errors
    /// [`Error::Shape`] when a gradient or `hyper` has the wrong shape.
    pub fn adam(
        &self,
        name: &str,
        params: &Slab,
        gradients: &[Option<Tensor>],
        hyper: &Tensor,
        config: &AdamConfig,
    ) -> Result<AdamState> {
        if hyper.shape() != Shape::new(&[4]) {
            return Err(Error::Shape(format!("hyper has shape [4], not {:?}", hyper.shape())));
        }
        let packed = self.pack(gradients, params.layout())?;
        let norm_squared = match config.clip_norm {
            Some(_) => packed.square().sum_all(),
            None => self.scalar(0.0),
        };
        let state = AdamState {
            m: self.slab(&format!("{name}.m"), params.layout())?,
            v: self.slab(&format!("{name}.v"), params.layout())?,
        };
        let op = Adam { config: *config, len: params.layout().slab_len() };
        self.effect(op, &[hyper, &packed, &norm_squared], &[&params.all(), &state.m.all(), &state.v.all()])?;
        Ok(state)
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "adam", shaders: &[shader!("adam")], cases }
}

fn cases() -> Vec<Case> {
    let optimizers = [
        ("plain", AdamConfig::default()),
        ("decayed and clipped", AdamConfig { weight_decay: 0.1, clip_norm: Some(0.5), ..AdamConfig::default() }),
        ("not clipped by a large limit", AdamConfig { clip_norm: Some(1e6), ..AdamConfig::default() }),
    ];
    let case = |(name, config): (&str, AdamConfig)| {
        Case::new(format!("{name}, two steps"), &[&[7, 13], &[5]], move |graph, inputs| {
            let shapes: Vec<(String, Shape)> =
                inputs.iter().enumerate().map(|(index, tensor)| (format!("p{index}"), tensor.shape())).collect();
            let layout = ParamLayout::new(&shapes)?;
            let params = graph.slab("params", &layout)?;
            for step in 1..=2 {
                let hyper = graph.constant(&config.hyper(0.1, step), [4])?;
                let gradients: Vec<Option<Tensor>> =
                    inputs.iter().map(|tensor| Some(tensor.mul_scalar(step as f64))).collect();
                graph.adam("adam", &params, &gradients, &hyper, &config)?;
            }
            Ok(params.all())
        })
        .forward_only()
    };
    optimizers.into_iter().map(case).collect()
}
