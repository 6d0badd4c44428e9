//! Ops: one file each, with the shape rule, the CPU kernel, the GPU lowering and the derivative together,
//! and one row in [`registry`], which enrols the op in every check.

mod adam;
mod concat;
mod conv;
mod copy;
mod embedding;
mod lerp;
mod matmul;
mod max_pool;
mod normalize;
mod pointwise;
mod pool;
mod quantile;
mod random;
mod reduce;
pub mod registry;
mod rows;
mod softmax;

use std::fmt::{Debug, Formatter};
use std::rc::Rc;

pub use adam::{AdamConfig, AdamState};
pub use pointwise::{Function, Indexing, Instruction, Pointwise, Program, Register};
pub use random::{Distribution, key_values};

use crate::Result;
use crate::backend::cpu::Scratch;
use crate::graph::Tensor;
pub use crate::graph::autodiff::Backward;
use crate::kernels::gemm::PackedB;

/// What a CPU kernel works on: one slice per input and per output, and scratch memory that is reused.
pub struct Io<'a, 'b, T> {
    /// The op's own inputs, then the operands of its program.
    pub inputs: &'a [&'b [T]],
    /// The output, or the slab tensors that an effect changes.
    pub outputs: &'a mut [&'b mut [T]],
    /// The operand that [`Op::packing`] names, packed, where it does not change from run to run.
    pub packed: Option<&'a PackedB<T>>,
    /// Reusable memory.
    pub scratch: &'a mut Scratch<T>,
}

/// An input that a CPU kernel would rather have packed: a matrix of `depth` rows and `columns` columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    /// The input's index.
    pub input: usize,
    /// Whether it multiplies a single row, for which it is packed in another way.
    pub single: bool,
    /// Rows.
    pub depth: usize,
    /// Columns.
    pub columns: usize,
    /// From one row to the next, in elements.
    pub row_stride: usize,
    /// From one column to the next, in elements.
    pub col_stride: usize,
}

/// An operation with all its sizes resolved.
pub trait Op {
    /// The registry's name, which is also the shader file's.
    fn name(&self) -> &'static str;

    /// The CPU kernel.
    fn run_f32(&self, io: Io<'_, '_, f32>);

    /// The same kernel in f64, for gradient checks; native builds only, since the page has no use for its code.
    #[cfg(not(target_arch = "wasm32"))]
    fn run_f64(&self, io: Io<'_, '_, f64>);

    /// The dispatches that compute the op on a GPU.
    fn lower(&self, adapter: AdapterKind) -> Lowered;

    /// Appends the gradients of the inputs to the graph; `None` where an input has none.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] for an op without a derivative.
    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>>;

    /// Multiplications and additions of one run, counted as 2.
    fn flops(&self) -> u64;

    /// The op as a pointwise program, if that is all it is.
    fn as_pointwise(&self) -> Option<&Program> {
        None
    }

    /// The input that the CPU kernel takes packed, if it is one that stays the same.
    fn packing(&self) -> Option<Packing> {
        None
    }

    /// How a broadcast reads its input, if that is all the op does.
    fn as_broadcast(&self) -> Option<Indexing> {
        None
    }

    /// The program applied to each finished element (or, in a reduction, to each element read).
    fn program(&self) -> Option<&Program> {
        None
    }

    /// The same op with a program applied to each finished element. `None` where the op cannot.
    fn with_epilogue(&self, _program: &Program) -> Option<Rc<dyn Op>> {
        None
    }

    /// The same reduction with a program that computes each element it reads. `None` where the op cannot.
    fn with_prologue(&self, _program: &Program) -> Option<Rc<dyn Op>> {
        None
    }
}

/// Its name: what each op would print of itself is much code in the page for nobody to read.
impl Debug for dyn Op {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Implements [`Op::run_f32`] and [`Op::run_f64`] by the generic inherent method `run`.
macro_rules! generic_kernel {
    () => {
        fn run_f32(&self, io: $crate::ops::Io<'_, '_, f32>) {
            self.run(io)
        }
        #[cfg(not(target_arch = "wasm32"))]
        fn run_f64(&self, io: $crate::ops::Io<'_, '_, f64>) {
            self.run(io)
        }
    };
}
pub(crate) use generic_kernel;

/// Which kernels suit the adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AdapterKind {
    /// A GPU: workgroup memory and barriers are cheap.
    Hardware,
    /// A CPU behind a GPU interface: barriers are dear, register tiles are right.
    Software,
}

/// A WGSL file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shader {
    /// The file's name without `.wgsl`.
    pub name: &'static str,
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) source: &'static str,
}

impl Shader {
    /// The file's text, imports not yet resolved.
    pub fn source(&self) -> std::borrow::Cow<'static, str> {
        #[cfg(not(target_arch = "wasm32"))]
        return self.source.into();
        #[cfg(target_arch = "wasm32")]
        return crate::web::shaders::text(self.name).into();
    }
}

/// The shader `shaders/NAME.wgsl`.
macro_rules! shader {
    ($name:literal) => {
        $crate::ops::Shader {
            name: $name,
            #[cfg(not(target_arch = "wasm32"))]
            source: $crate::backend::gpu::shader::wgsl!($name),
        }
    };
}
pub(crate) use shader;

/// A buffer that a kernel binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// The op's input of this index, read.
    Input(usize),
    /// The op's output of this index, read and written.
    Output(usize),
    /// A scratch buffer of this index, read.
    ScratchIn(usize),
    /// A scratch buffer of this index, read and written.
    ScratchOut(usize),
}

/// One dispatch, as data.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// The WGSL file.
    pub shader: Shader,
    /// The bytes of the uniform block at binding 0.
    pub uniform: Vec<u8>,
    /// The storage buffers from binding 1 on.
    pub args: Vec<Arg>,
    /// A fused program and the index of the input that its first operand buffer is.
    pub program: Option<(Program, usize)>,
    /// Workgroups in x, y, z.
    pub groups: [u32; 3],
}

/// What an op becomes on a GPU.
#[derive(Debug, Clone, Default)]
pub struct Lowered {
    /// The dispatches in order.
    pub kernels: Vec<Kernel>,
    /// Lengths in f32 elements of scratch buffers.
    pub scratch: Vec<usize>,
}

impl Lowered {
    /// One dispatch without scratch memory.
    pub fn single(kernel: Kernel) -> Self {
        Lowered { kernels: vec![kernel], scratch: vec![] }
    }
}

/// Workgroups for one thread per item: x up to 32,768 groups, the rest in y.
///
/// A shader recovers the index as `id.x + id.y * GROUPS_X * workgroup_size` with the `stride` it is given.
pub fn linear_groups(items: usize, workgroup_size: usize) -> [u32; 3] {
    let groups = items.div_ceil(workgroup_size).max(1);
    let x = groups.min(32_768);
    [x as u32, groups.div_ceil(x) as u32, 1]
}

/// A copy of `len` elements, for the planner.
pub(crate) fn flat_copy(len: usize) -> Rc<dyn Op> {
    let identity = Program::identity();
    Rc::new(Pointwise::new(identity, len))
}
