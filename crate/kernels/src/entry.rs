//! The kernels' one door: everything that other crates run, compiled for each float type.

use crate::conv::{self, ConvShape};
use crate::copy::{self, Axis};
use crate::gemm::{self, Matrix, PackedB, Scratch};
use crate::{AdamStep, Finish, Function, Program, ReduceShape, SoftmaxKind, reduce, rows, update};

/// What becomes of finished numbers of a result: called with the linear index of the first of a run and the run, while
/// it is in the cache. Every number is in exactly one run; runs may come from several threads.
pub type Epilogue<'a, T> = &'a (dyn Fn(usize, &mut [T]) + Sync);

/// States each kernel once: as a method of the trait, and of both types through the generic function of that name.
macro_rules! kernels {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $path:expr;)*) => {
        /// The kernels of a float type.
        pub trait Kernels: Sized {
            $($(#[$doc])* #[allow(clippy::too_many_arguments, reason = "sizes and operands of a kernel")]
            fn $name($($arg: $type),*) $(-> $result)?;)*
        }

        impl Kernels for f32 {
            // inlined into an op it would get the settings of the op's crate
            $(#[inline(never)] fn $name($($arg: $type),*) $(-> $result)? { $path($($arg),*) })*
        }

        impl Kernels for f64 {
            // inlined into an op it would get the settings of the op's crate
            $(#[inline(never)] fn $name($($arg: $type),*) $(-> $result)? { $path($($arg),*) })*
        }
    };
}

kernels! {
    /// `C = A B` or, with `accumulate`, `C = C + A B`; then the epilogue.
    ///
    /// `a` is `m x k`, `b` is `k x n`, `c` is `m x n` row-major without gaps. Any of the sizes may be 0.
    ///
    /// # Panics
    /// If a slice is shorter than its shape.
    fn gemm(
        m: usize,
        k: usize,
        n: usize,
        a: Matrix<Self>,
        b: Matrix<Self>,
        c: &mut [Self],
        accumulate: bool,
        scratch: &mut Scratch<Self>,
        epilogue: Epilogue<Self>,
    ) = gemm::gemm;

    /// [`Kernels::gemm`] with a B that was packed before.
    ///
    /// # Panics
    /// If a slice is shorter than its shape, or if B was packed for a single row and A has more.
    fn gemm_packed(
        m: usize,
        a: Matrix<Self>,
        b: &PackedB<Self>,
        c: &mut [Self],
        accumulate: bool,
        scratch: &mut Scratch<Self>,
        epilogue: Epilogue<Self>,
    ) = gemm::gemm_packed;

    /// Packs the `depth x columns` matrix `b`: for products with a single row, or for all others.
    ///
    /// # Panics
    /// If `b` is shorter than its shape.
    fn pack(single: bool, depth: usize, columns: usize, b: Matrix<Self>) -> PackedB<Self> = PackedB::new;

    /// `output[b, o, y, x] = sum over c, i, j of weight[o, c, i, j] * input[b, c, y * stride + i - padding, ...]`, with
    /// the input upsampled first; then the epilogue.
    ///
    /// # Panics
    /// If a slice is shorter than its shape, or a size that starts at 1 is 0.
    fn conv2d(
        shape: &ConvShape,
        input: &[Self],
        weight: &[Self],
        output: &mut [Self],
        scratch: &mut Scratch<Self>,
        epilogue: Epilogue<Self>,
    ) = conv::conv2d;

    /// The gradient of [`Kernels::conv2d`] with respect to its input, overwriting `grad_input`; then the epilogue. This
    /// is also the transposed convolution from `grad_output` to `grad_input`.
    ///
    /// # Panics
    /// As [`Kernels::conv2d`].
    fn conv2d_grad_input(
        shape: &ConvShape,
        grad_output: &[Self],
        weight: &[Self],
        grad_input: &mut [Self],
        scratch: &mut Scratch<Self>,
        epilogue: Epilogue<Self>,
    ) = conv::conv2d_grad_input;

    /// The gradient of [`Kernels::conv2d`] with respect to its weights, overwriting `grad_weight`.
    ///
    /// # Panics
    /// As [`Kernels::conv2d`].
    fn conv2d_grad_weight(
        shape: &ConvShape,
        input: &[Self],
        grad_output: &[Self],
        grad_weight: &mut [Self],
        scratch: &mut Scratch<Self>,
    ) = conv::conv2d_grad_weight;

    /// Applies a function to blocks of one length; arguments beyond its arity are ignored.
    fn apply(function: Function, arguments: [&[Self]; 3], output: &mut [Self]) = Function::apply;

    /// Computes `output` by a program, over all cores where that pays (native builds).
    fn run_program(program: &Program, operands: &[&[Self]], output: &mut [Self]) = Program::run_parallel;

    /// Runs a program as an epilogue on the elements from `start` on: operand 0 is the element itself, `operands` are the
    /// others.
    fn finish(program: &Program, operands: &[&[Self]], start: usize, data: &mut [Self]) = Program::finish;

    /// Reduces what a program computes from the operands.
    fn reduce(shape: &ReduceShape, program: &Program, operands: &[&[Self]], output: &mut [Self]) = reduce::reduce;

    /// Softmax of each row of `length` elements.
    fn softmax(kind: SoftmaxKind, length: usize, input: &[Self], output: &mut [Self]) = rows::softmax;

    /// (x - mean) / sqrt(variance + eps) of each row of `length` elements, with the biased variance; then the program.
    fn normalize(length: usize, eps: f64, input: &[Self], output: &mut [Self], finish: Finish<Self>) = rows::normalize;

    /// The gradient of [`Kernels::normalize`] with respect to its input, from the input and the gradient of the output;
    /// then the program.
    fn normalize_backward(
        length: usize,
        eps: f64,
        input: &[Self],
        gradient: &[Self],
        output: &mut [Self],
        finish: Finish<Self>,
    ) = rows::normalize_backward;

    /// `output[c] = input[offset + sum of (c_j - low_j) stride_j]` where every `c_j - low_j` is in `0..size_j`, else 0.
    ///
    /// # Panics
    /// When there are more than [`copy::MAX_RANK`] axes, or an element read lies outside the input.
    fn copy(axes: &[Axis], offset: usize, input: &[Self], output: &mut [Self]) = copy::copy;

    /// One step of Adam on parameters and moments of one length.
    fn adam(
        step: &AdamStep,
        gradients: &[Self],
        params: &mut [Self],
        m: &mut [Self],
        v: &mut [Self],
    ) = update::adam;

    /// `target += rate * (value - target)`.
    fn lerp(rate: Self, value: &[Self], target: &mut [Self]) = update::lerp;
}
