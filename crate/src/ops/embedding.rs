//! Rows of a table gathered by index, and the sum back into the table.

use super::registry::{Case, Row};
use super::{AdapterKind, Arg, Backward, Io, Kernel, Lowered, Op, Shader, generic_kernel, linear_groups, shader};
use crate::graph::{Graph, Shape, Tensor};
use crate::real::Real;
use crate::{Error, Result};

const WORKGROUP: usize = 64;

/// `count` indices into a table of `rows` rows of `width` elements.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    rows: usize,
    width: usize,
    count: usize,
}

impl Sizes {
    /// Indices are whole numbers held as floats; those outside the table are clamped to it, NaN to row 0.
    fn row<T: Real>(&self, index: T) -> usize {
        (index.to_f64() as usize).min(self.rows - 1)
    }

    fn lower(&self, shader: Shader, len: usize) -> Lowered {
        let groups = linear_groups(len, WORKGROUP);
        let words = [self.rows as u32, self.width as u32, self.count as u32, groups[0] * WORKGROUP as u32];
        Lowered::single(Kernel {
            shader,
            uniform: bytemuck::cast_slice(&words).to_vec(),
            args: vec![Arg::Input(0), Arg::Input(1), Arg::Output(0)],
            program: None,
            groups,
        })
    }
}

/// out[i] = table[index[i]], from (table, index).
#[derive(Debug, Clone)]
pub struct Embedding(Sizes);

impl Embedding {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [table, indices] = io.inputs else { unreachable!("an embedding has two inputs") };
        let [output] = io.outputs else { unreachable!("an embedding has one output") };
        let Sizes { width, .. } = self.0;
        for (output, &index) in output.chunks_exact_mut(width).zip(*indices) {
            output.copy_from_slice(&table[self.0.row(index) * width..][..width]);
        }
    }
}

impl Op for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        self.0.lower(shader!("embedding"), self.0.count * self.0.width)
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let [table, index] = context.inputs else { unreachable!("an embedding has two inputs") };
        let scatter = || table.graph().op(EmbeddingBackward(self.0), &[context.gradient, index], table.shape());
        Ok(vec![context.needed[0].then(scatter), None])
    }

    fn flops(&self) -> u64 {
        0
    }
}

/// table[r] = sum of gradient[i] over the i with index[i] = r, from (gradient, index).
#[derive(Debug, Clone)]
pub struct EmbeddingBackward(Sizes);

impl EmbeddingBackward {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [gradient, indices] = io.inputs else { unreachable!("an embedding's gradient has two inputs") };
        let [table] = io.outputs else { unreachable!("an embedding's gradient has one output") };
        let Sizes { width, .. } = self.0;
        table.fill(T::ZERO);
        for (gradient, &index) in gradient.chunks_exact(width).zip(*indices) {
            let row = &mut table[self.0.row(index) * width..][..width];
            row.iter_mut().zip(gradient).for_each(|(sum, &g)| *sum += g);
        }
    }
}

impl Op for EmbeddingBackward {
    fn name(&self) -> &'static str {
        "embedding_backward"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        self.0.lower(shader!("embedding_backward"), self.0.rows * self.0.width)
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let [gradient, index] = context.inputs else { unreachable!("an embedding's gradient has two inputs") };
        let gather = || gradient.graph().op(Embedding(self.0), &[context.gradient, index], gradient.shape());
        Ok(vec![context.needed[0].then(gather), None])
    }

    fn flops(&self) -> u64 {
        (self.0.count * self.0.width) as u64
    }
}

impl Tensor {
    /// The rows of this table `[rows, width]` that `index` names, whole numbers held as floats: `index`'s shape and
    /// then `[width]`. An index outside the table is clamped to it. The index has no gradient.
    ///
    /// # Errors
    /// [`Error::Shape`] when this is not a table.
    pub fn embedding(&self, index: &Tensor) -> Result<Tensor> {
        let (table, index_shape) = (self.shape(), index.shape());
        let &[rows, width] = table.dims() else {
            return Err(Error::Shape(format!("an embedding's table is [rows, width], not {table:?}")));
        };
        let mut target = index_shape.dims().to_vec();
        target.push(width);
        let op = Embedding(Sizes { rows, width, count: index_shape.numel() });
        Ok(self.graph().op(op, &[self, index], Shape::new(&target)))
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "embedding", shaders: &[shader!("embedding"), shader!("embedding_backward")], cases }
}

fn derivative(graph: &Graph, x: &[Tensor], index: &Tensor) -> Result<Tensor> {
    let y = x[0].embedding(index)?;
    let gradients = graph.vector_jacobian(&y, &x[1], &x[..1])?;
    gradients.into_iter().flatten().next().ok_or_else(|| Error::Shape("no gradient".into()))
}

fn cases() -> Vec<Case> {
    // the same row several times, a row never, indices outside the table
    let index = |graph: &Graph| graph.constant(&[2.0, 0.0, 2.0, 6.0, 1.0, -3.0, 1e9], [7, 1]);
    let many = |graph: &Graph| {
        let values: Vec<f32> = (0..131).map(|i| (i * i % 10) as f32).collect();
        graph.constant(&values, [131])
    };
    vec![
        Case::new("one row", &[&[1, 1]], |graph, x| x[0].embedding(&graph.scalar(0.0))),
        Case::new("rows", &[&[7, 5]], move |graph, x| x[0].embedding(&index(graph)?)),
        Case::new("over one workgroup", &[&[10, 13]], move |graph, x| x[0].embedding(&many(graph)?)),
        Case::new("derivative", &[&[7, 5], &[7, 1, 5]], move |graph, x| derivative(graph, x, &index(graph)?)),
        Case::new("derivative over one workgroup", &[&[10, 13], &[131, 13]], move |graph, x| {
            derivative(graph, x, &many(graph)?)
        }),
    ]
}
