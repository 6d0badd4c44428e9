//! What a model's parameters are called, their shapes and the values they start from: PyTorch's defaults.

use std::rc::Rc;

use crate::Result;
use crate::data::streams;
use crate::graph::{ParamLayout, ParamStore, Shape};
use crate::rng::Philox;

/// The values that a parameter starts from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// One value throughout.
    Constant(f32),
    /// Uniform in [-bound, bound).
    Uniform {
        /// The bound.
        bound: f64,
    },
    /// Normal with mean 0.
    Normal {
        /// The standard deviation.
        std: f64,
    },
}

impl Init {
    /// He et al. 2015 with a = sqrt(5), as PyTorch's layers start: uniform within 1 / sqrt(fan_in), the number of
    /// inputs that meet in one output.
    pub fn kaiming_uniform(fan_in: usize) -> Self {
        Init::Uniform { bound: 1.0 / (fan_in.max(1) as f64).sqrt() }
    }

    /// Glorot and Bengio 2010: uniform within sqrt(6 / (fan_in + fan_out)).
    pub fn xavier_uniform(fan_in: usize, fan_out: usize) -> Self {
        Init::Uniform { bound: (6.0 / (fan_in + fan_out).max(1) as f64).sqrt() }
    }

    /// Fills `values`, drawing from `stream` what is random.
    pub fn fill(self, values: &mut [f32], stream: &mut Philox) {
        match self {
            Init::Constant(value) => values.fill(value),
            Init::Uniform { bound } => {
                values.iter_mut().for_each(|value| *value = bound as f32 * (2.0 * stream.uniform() - 1.0));
            }
            Init::Normal { std } => {
                stream.fill_normal(values);
                values.iter_mut().for_each(|value| *value *= std as f32);
            }
        }
    }
}

/// A list of parameters under PyTorch's names, in the order of their declaration.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    entries: Vec<(String, Shape, Init)>,
}

impl Declarations {
    /// One parameter.
    pub fn parameter(&mut self, name: impl Into<String>, shape: impl Into<Shape>, init: Init) {
        self.entries.push((name.into(), shape.into(), init));
    }

    /// Weight and bias drawn alike.
    fn weight_and_bias(&mut self, name: &str, shape: &[usize], fan_in: usize, outputs: usize) {
        let init = Init::kaiming_uniform(fan_in);
        self.parameter(format!("{name}.weight"), shape, init);
        self.parameter(format!("{name}.bias"), [outputs], init);
    }

    /// What [`super::layers::linear`] reads.
    pub fn linear(&mut self, name: &str, inputs: usize, outputs: usize) {
        self.weight_and_bias(name, &[outputs, inputs], inputs, outputs);
    }

    /// What [`super::layers::conv2d`] reads, for a square kernel.
    pub fn conv2d(&mut self, name: &str, inputs: usize, outputs: usize, kernel: usize) {
        self.weight_and_bias(name, &[outputs, inputs, kernel, kernel], inputs * kernel * kernel, outputs);
    }

    /// What [`super::layers::conv_transpose2d`] reads, for a square kernel. PyTorch counts the fan-in of a transposed
    /// weight over its second axis, the outputs.
    pub fn conv_transpose2d(&mut self, name: &str, inputs: usize, outputs: usize, kernel: usize) {
        self.weight_and_bias(name, &[inputs, outputs, kernel, kernel], outputs * kernel * kernel, outputs);
    }

    /// What the normalisations read: a weight of 1 and a bias of 0.
    pub fn norm(&mut self, name: &str, channels: usize) {
        self.parameter(format!("{name}.weight"), [channels], Init::Constant(1.0));
        self.parameter(format!("{name}.bias"), [channels], Init::Constant(0.0));
    }

    /// The running moments of [`super::layers::batch_norm`]; they belong to a list of statistics, not of parameters.
    pub fn running_moments(&mut self, name: &str, channels: usize) {
        self.parameter(format!("{name}.running_mean"), [channels], Init::Constant(0.0));
        self.parameter(format!("{name}.running_var"), [channels], Init::Constant(1.0));
    }

    /// What [`super::layers::embedding`] reads: standard normal rows.
    pub fn embedding(&mut self, name: &str, rows: usize, width: usize) {
        self.parameter(format!("{name}.weight"), [rows, width], Init::Normal { std: 1.0 });
    }

    /// What [`super::layers::attention`] reads.
    pub fn attention(&mut self, name: &str, width: usize) {
        self.parameter(format!("{name}.in_proj_weight"), [3 * width, width], Init::xavier_uniform(width, 3 * width));
        self.parameter(format!("{name}.in_proj_bias"), [3 * width], Init::Constant(0.0));
        self.parameter(format!("{name}.out_proj.weight"), [width, width], Init::kaiming_uniform(width));
        self.parameter(format!("{name}.out_proj.bias"), [width], Init::Constant(0.0));
    }

    /// Names, shapes and places.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when a name comes twice or a parameter is empty.
    pub fn layout(&self) -> Result<Rc<ParamLayout>> {
        let shapes: Vec<(String, Shape)> =
            self.entries.iter().map(|(name, shape, _)| (name.clone(), shape.clone())).collect();
        ParamLayout::new(&shapes)
    }

    /// First values: each parameter draws from a stream of its own, by `seed` and its place in the list.
    ///
    /// # Errors
    /// As [`Declarations::layout`].
    pub fn initialize(&self, seed: u64) -> Result<ParamStore> {
        let mut store = ParamStore::zeros(self.layout()?);
        for (index, (name, _, init)) in self.entries.iter().enumerate() {
            let mut stream = Philox::new(seed, streams::stream(streams::INITIALIZE, index as u64));
            if let Some(values) = store.get_mut(name) {
                init.fill(values, &mut stream);
            }
        }
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f32]) -> (f64, f64) {
        let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>();
        (mean, (square / values.len() as f64).sqrt())
    }

    fn model() -> Declarations {
        let mut list = Declarations::default();
        list.conv2d("conv", 4, 32, 5);
        list.norm("norm", 32);
        list.embedding("label", 10, 128);
        list.attention("attention", 32);
        list.conv_transpose2d("up", 32, 2, 4);
        list
    }

    #[test]
    fn first_weights_are_distributed_as_in_pytorch() {
        let store = model().initialize(5).expect("a store");
        let spread = |name: &str| moments(store.get(name).expect("a parameter"));
        // a uniform distribution within b has the standard deviation b / sqrt(3)
        for (name, bound) in
            [("conv.weight", 0.1), ("attention.out_proj.weight", 0.176_776_7), ("up.weight", 0.176_776_7)]
        {
            let values = store.get(name).expect("a parameter");
            assert!(values.iter().all(|value| value.abs() <= bound as f32), "{name}");
            let (mean, std) = spread(name);
            assert!(
                mean.abs() < 0.1 * bound && (std / (bound / 3f64.sqrt()) - 1.0).abs() < 0.05,
                "{name}: {mean} {std}"
            );
        }
        let (mean, std) = spread("label.weight");
        assert!(mean.abs() < 0.1 && (std - 1.0).abs() < 0.05, "{mean} {std}");
        assert_eq!(spread("norm.weight"), (1.0, 0.0));
        assert_eq!(spread("attention.in_proj_bias"), (0.0, 0.0));
        assert!(store.get("conv.bias").expect("a bias").iter().any(|&value| value != 0.0));
    }

    #[test]
    fn a_seed_decides_every_weight_and_parameters_differ() {
        let model = model();
        assert_eq!(model.initialize(7).expect("a store"), model.initialize(7).expect("a store"));
        let (a, b) = (model.initialize(7).expect("a store"), model.initialize(8).expect("a store"));
        assert_ne!(a.get("conv.weight"), b.get("conv.weight"));
        let (weight, other) = (a.get("attention.out_proj.weight"), a.get("up.weight"));
        assert_ne!(weight.map(|values| &values[..32]), other.map(|values| &values[..32]));
    }

    #[test]
    fn a_name_that_comes_twice_is_refused() {
        let mut list = model();
        list.linear("conv", 3, 4);
        assert_eq!(list.layout().expect_err("a clash").kind(), "shape");
    }
}
