//! Random tensors: Philox4x32-10 keyed by the graph's `key` input and a stream of the node's own.

use super::registry::{Case, Row};
use super::{AdapterKind, Arg, Backward, Io, Kernel, Lowered, Op, generic_kernel, linear_groups, shader};
use crate::graph::{Graph, Shape, Tensor};
use crate::real::Real;
use crate::rng::{Philox, normals, uniform};
use crate::{Error, Result};

const WORKGROUP: usize = 64;

/// What random elements are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Uniform in [0, 1).
    Uniform,
    /// Standard normal.
    Normal,
}

/// Draws rows of numbers, each by a key of its own; the same key gives the same integers on every backend.
#[derive(Debug, Clone)]
pub struct Random {
    distribution: Distribution,
    stream: u32,
    rows: usize,
    columns: usize,
}

/// The four values of a `key` input: 16 bits each, exact in every float type, so that they travel as numbers.
pub fn key_values(seed: u32, step: u32) -> [f32; 4] {
    [seed & 0xffff, seed >> 16, step & 0xffff, step >> 16].map(|half| half as f32)
}

impl Random {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [keys] = io.inputs else { unreachable!("a random tensor has one input") };
        let [output] = io.outputs else { unreachable!("a random tensor is one output") };
        for (key, row) in keys.chunks(4).zip(output.chunks_mut(self.columns)) {
            let word = |index: usize| key[index].to_f64() as u64 | (key[index + 1].to_f64() as u64) << 16;
            let stream = Philox::new(word(0), word(2) << 32 | u64::from(self.stream));
            for (index, chunk) in row.chunks_mut(4).enumerate() {
                let block = stream.block(index as u64);
                let values = match self.distribution {
                    Distribution::Uniform => block.map(uniform),
                    Distribution::Normal => normals(block),
                };
                for (target, value) in chunk.iter_mut().zip(values) {
                    *target = T::from_f64(f64::from(value));
                }
            }
        }
    }
}

impl Op for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        let groups = linear_groups(self.rows * self.columns.div_ceil(4), WORKGROUP);
        let normal = u32::from(self.distribution == Distribution::Normal);
        let stride = groups[0] * WORKGROUP as u32;
        let uniform = [self.rows as u32, self.columns as u32, stride, self.stream, normal, 0, 0, 0];
        Lowered::single(Kernel {
            shader: shader!("random"),
            uniform: bytemuck::cast_slice(&uniform).to_vec(),
            args: vec![Arg::Input(0), Arg::Output(0)],
            program: None,
            groups,
        })
    }

    fn backward(&self, _context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        Ok(vec![None])
    }

    fn flops(&self) -> u64 {
        0
    }
}

impl Graph {
    /// A random tensor. `key` is an input of shape `[4]` that the host fills with [`key_values`] before each run;
    /// each random tensor of a graph has a stream of its own, in the order of their making.
    ///
    /// # Errors
    /// [`Error::Shape`] when the key has another shape or the tensor is empty.
    pub fn random(&self, distribution: Distribution, key: &Tensor, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        if key.shape() != Shape::new(&[4]) || shape.numel() == 0 {
            return Err(Error::Shape(format!("a random tensor of {shape:?} by a key of {:?}", key.shape())));
        }
        let op = Random { distribution, stream: self.next_stream(), rows: 1, columns: shape.numel() };
        Ok(self.op(op, &[key], shape))
    }

    /// `[rows, columns]` random numbers by `keys` of shape `[rows, 4]`: a row is what [`Graph::random`] gives for its key
    /// and the shape `[columns]`, whatever the other rows are.
    ///
    /// # Errors
    /// [`Error::Shape`] when the keys have another shape or `columns` is 0.
    pub fn random_rows(&self, distribution: Distribution, keys: &Tensor, columns: usize) -> Result<Tensor> {
        let &[rows, 4] = keys.shape().dims() else {
            return Err(Error::Shape(format!("keys of random rows are [rows, 4], not {:?}", keys.shape())));
        };
        if rows * columns == 0 {
            return Err(Error::Shape(format!("{rows} random rows of {columns}")));
        }
        let op = Random { distribution, stream: self.next_stream(), rows, columns };
        Ok(self.op(op, &[keys], Shape::new(&[rows, columns])))
    }

    /// 1 with probability `p` (elementwise), else 0; `p` broadcasts to `shape`.
    ///
    /// # Errors
    /// As [`Graph::random`].
    pub fn bernoulli(&self, p: &Tensor, key: &Tensor, shape: impl Into<Shape>) -> Result<Tensor> {
        p.stop_gradient().greater(&self.random(Distribution::Uniform, key, shape)?)
    }
}

impl Tensor {
    /// Dropout (Srivastava et al. 2014): each element is kept with probability `1 - rate` and then divided by it.
    ///
    /// # Errors
    /// [`Error::Shape`] when `rate` is not in [0, 1).
    pub fn dropout(&self, rate: f64, key: &Tensor) -> Result<Tensor> {
        if !(0.0..1.0).contains(&rate) {
            return Err(Error::Shape(format!("a dropout rate of {rate} is not in [0, 1)")));
        }
        let noise = self.graph().random(Distribution::Uniform, key, self.shape())?;
        let kept = noise.greater_equal_scalar(rate).mul_scalar(1.0 / (1.0 - rate));
        self.mul(&kept)
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "random", shaders: &[shader!("random")], cases }
}

fn cases() -> Vec<Case> {
    let case = |name: &str, distribution: Distribution, shape: &'static [usize]| {
        Case::new(name, &[&[1]], move |graph, x| {
            let key = graph.constant(&key_values(0xDEAD_BEEF, 70_000), [4])?;
            // a stream before it, so that stream numbers are tested too
            let other = graph.random(Distribution::Uniform, &key, [1])?;
            graph.random(distribution, &key, shape)?.add(&other.mul(&x[0])?)
        })
        .forward_only()
    };
    vec![
        case("uniform", Distribution::Uniform, &[13, 11]),
        case("uniform, one", Distribution::Uniform, &[1]),
        case("normal", Distribution::Normal, &[7, 43]),
        Case::new("normal rows", &[&[1]], |graph, x| {
            let keys = [key_values(5, 1), key_values(0x1234_5678, 2), key_values(5, 1)].concat();
            graph.random_rows(Distribution::Normal, &graph.constant(&keys, [3, 4])?, 10)?.add(&x[0])
        })
        .forward_only(),
        Case::new("bernoulli", &[&[9, 31]], |graph, x| {
            graph.bernoulli(&x[0], &graph.constant(&key_values(3, 1), [4])?, [9, 31])
        })
        .range((0.0, 1.0))
        .forward_only(),
        Case::new("dropout", &[&[9, 31]], |graph, x| x[0].dropout(0.4, &graph.constant(&key_values(3, 1), [4])?)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    #[test]
    fn a_row_depends_on_its_key_alone() {
        let draw = |keys: &[[f32; 4]]| {
            let graph = Graph::new();
            let rows = graph.constant(&keys.concat(), [keys.len(), 4]).unwrap();
            let y = graph.random_rows(Distribution::Normal, &rows, 10).unwrap();
            let mut executable = Backend::Cpu.compile(graph.compile(&[("y", &y)]).unwrap(), &[]).unwrap();
            executable.run().unwrap();
            pollster::block_on(executable.read(executable.output("y").unwrap())).unwrap()
        };
        let [first, second] = [key_values(1, 2), key_values(3, 4)];
        let both = draw(&[second, first]);
        assert_eq!([draw(&[second]), draw(&[first])].concat(), both);
        assert_ne!(both[..10], both[10..]);
    }
}
