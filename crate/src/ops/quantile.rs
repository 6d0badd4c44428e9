//! Quantiles of mixtures of logistics: what a flow's coupling is inverted by.

use super::registry::{Case, Row};
use super::{AdapterKind, Arg, Backward, Io, Kernel, Lowered, Op, generic_kernel, linear_groups, shader};
use crate::graph::Tensor;
use crate::real::Real;
use crate::{Error, Result};

const WORKGROUP: usize = 64;
/// Halvings of the interval that holds a quantile; the last ones are below what f32 resolves.
const HALVINGS: usize = 32;

/// y with logit(sum over k of weight[b, k, i] sigmoid((y - mean[b, k, i]) / scale[b, k, i])) = z[b, i], from (z, weight, mean,
/// scale).
#[derive(Debug, Clone, Copy)]
pub struct Quantile {
    batch: usize,
    components: usize,
    values: usize,
}

impl Quantile {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [z, weight, mean, scale] = io.inputs else { unreachable!("a quantile has four inputs") };
        let [output] = io.outputs else { unreachable!("a quantile has one output") };
        for (index, (output, &z)) in output.iter_mut().zip(*z).enumerate() {
            let first = index / self.values * self.components * self.values + index % self.values;
            let (weight, mean, scale) = (&weight[first..], &mean[first..], &scale[first..]);
            // a mixture's quantile lies between those of its components
            let (mut low, mut high) = (T::from_f64(f64::INFINITY), T::NEG_INFINITY);
            for k in (0..self.components * self.values).step_by(self.values) {
                let own = mean[k] + z * scale[k];
                low = if own < low { own } else { low };
                high = if own > high { own } else { high };
            }
            // where the lower tail is the thick one, the upper one is compared: the other rounds to 1
            let side = if z > T::ZERO { -T::ONE } else { T::ONE };
            let wanted = (side * z).sigmoid();
            let half = T::from_f64(0.5);
            for _ in 0..HALVINGS {
                let y = half * (low + high);
                let mut tail = T::ZERO;
                for k in (0..self.components * self.values).step_by(self.values) {
                    tail += weight[k] * (side * ((y - mean[k]) / scale[k])).sigmoid();
                }
                if side * tail > side * wanted {
                    high = y;
                } else {
                    low = y;
                }
            }
            *output = half * (low + high);
        }
    }
}

impl Op for Quantile {
    fn name(&self) -> &'static str {
        "quantile"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        let groups = linear_groups(self.batch * self.values, WORKGROUP);
        let words = [self.batch * self.values, groups[0] as usize * WORKGROUP, self.components, self.values, HALVINGS];
        let words: Vec<u32> = words.into_iter().chain([0; 3]).map(|word| word as u32).collect();
        Lowered::single(Kernel {
            shader: shader!("quantile"),
            uniform: bytemuck::cast_slice(&words).to_vec(),
            args: vec![Arg::Input(0), Arg::Input(1), Arg::Input(2), Arg::Input(3), Arg::Output(0)],
            program: None,
            groups,
        })
    }

    fn backward(&self, _context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        Err(Error::Unsupported("a mixture's quantile is not differentiated".into()))
    }

    fn flops(&self) -> u64 {
        (self.batch * self.values * self.components * HALVINGS * 8) as u64
    }
}

impl Tensor {
    /// The points `[batch, values]` below which mixtures of logistics have the part sigmoid(z) of their mass, for z in this
    /// tensor `[batch, values]`. `weight` (adding up to 1), `mean` and `scale` (positive) are `[batch, components, values]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes do not fit.
    pub fn logistic_mixture_quantile(&self, weight: &Tensor, mean: &Tensor, scale: &Tensor) -> Result<Tensor> {
        let (own, shape) = (self.shape(), mean.shape());
        match (own.dims(), shape.dims()) {
            (&[batch, values], &[rows, components, columns])
                if (batch, values) == (rows, columns) && weight.shape() == shape && scale.shape() == shape =>
            {
                let op = Quantile { batch, components, values };
                Ok(self.graph().op(op, &[self, weight, mean, scale], own))
            }
            _ => Err(Error::Shape(format!("quantiles of {own:?} do not belong to mixtures of {shape:?}"))),
        }
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "quantile", shaders: &[shader!("quantile")], cases }
}

fn cases() -> Vec<Case> {
    let case = |name: &str, batch: usize, components: usize, values: usize| {
        let mixture = [batch, components, values];
        Case::new(name, &[&[batch, values], &mixture, &mixture, &mixture], |_, x| {
            let weight = x[1].sub(&x[1].logsumexp_keep(&[1])?)?.exp();
            x[0].logistic_mixture_quantile(&weight, &x[2], &x[3].exp())
        })
        .forward_only()
    };
    vec![
        case("one logistic", 1, 1, 1),
        case("mixtures of three", 2, 3, 5),
        case("over one workgroup", 3, 2, 67).input_range(0, (-12.0, 12.0)),
        case("means far apart", 2, 4, 7).input_range(2, (-20.0, 20.0)).input_range(3, (1.0, 3.0)),
    ]
}
