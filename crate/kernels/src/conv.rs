//! Two-dimensional convolution on the CPU and its two gradients.
//!
//! No im2col matrix is built. Each image is copied once with its border ([`stage`]), and the register tiles read
//! from the copy what the im2col matrix would hold: through a table of distances, one for each channel and tap.
//! The gradient with respect to the input is the same sliding sum over the output's gradient, with the taps in
//! reverse, once for each position relative to the stride; it is also the transposed convolution. Where the kernel is
//! 3x3 and the stride 1, both go through Winograd's domain ([`winograd`]), with fewer multiplications. The gradient with
//! respect to the weights keeps a tile of weights in registers while it walks over the pixels.

mod forward;
pub mod kernel;
mod stage;
pub mod transform;
mod weight;
mod winograd;

#[cfg(test)]
mod tests;

use crate::Epilogue;
use crate::gemm::Scratch;
use crate::real::Real;
use stage::Stage;

/// The sizes of a convolution. Images are `[batch, channels, height, width]`, weights
/// `[out_channels, in_channels, kernel_height, kernel_width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Images.
    pub batch: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// The input is first enlarged so many times in both directions, by repeating pixels; 1 leaves it as it is.
    pub upsample: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Rows of the kernel.
    pub kernel_height: usize,
    /// Columns of the kernel.
    pub kernel_width: usize,
    /// Pixels from one position of the kernel to the next, in both directions; at least 1.
    pub stride: usize,
    /// Rows and columns of zeros on each side.
    pub padding: usize,
}

impl ConvShape {
    /// Rows of the output; 0 where the kernel does not fit.
    pub fn out_height(&self) -> usize {
        self.positions(self.height, self.kernel_height)
    }

    /// Columns of the output; 0 where the kernel does not fit.
    pub fn out_width(&self) -> usize {
        self.positions(self.width, self.kernel_width)
    }

    fn positions(&self, length: usize, taps: usize) -> usize {
        (length * self.upsample + 2 * self.padding).checked_sub(taps).map_or(0, |rest| rest / self.stride + 1)
    }

    /// Numbers in one image of the input.
    pub fn input_len(&self) -> usize {
        self.in_channels * self.height * self.width
    }

    /// Numbers in one image of the output.
    pub fn output_len(&self) -> usize {
        self.out_channels * self.out_height() * self.out_width()
    }

    /// Numbers in the weights.
    pub fn weight_len(&self) -> usize {
        self.out_channels * self.in_channels * self.kernel_height * self.kernel_width
    }

    /// Multiplications in one pass, forward or backward.
    pub fn multiplications(&self) -> usize {
        self.batch * self.output_len() * self.in_channels * self.kernel_height * self.kernel_width
    }

    /// The same convolution with each image as one row, where the kernel is a single tap: no pixel of a register
    /// is then lost at the end of a row.
    fn flattened(&self) -> Self {
        let single = self.kernel_height == 1 && self.kernel_width == 1;
        if single && self.stride == 1 && self.padding == 0 && self.upsample == 1 {
            Self { height: 1, width: self.height * self.width, ..*self }
        } else {
            *self
        }
    }

    fn check(&self, input: usize, weight: usize, output: usize) {
        assert!(self.stride > 0 && self.upsample > 0, "stride and upsample start at 1");
        assert!(input >= self.batch * self.input_len(), "input shorter than its shape");
        assert!(weight >= self.weight_len(), "weights shorter than their shape");
        assert!(output >= self.batch * self.output_len(), "output shorter than its shape");
    }

    /// How the input is staged for the forward pass and for the gradient with respect to the weights.
    fn input_stage(&self) -> Stage {
        let border = -(self.padding as isize);
        let extent = |out: usize, taps: usize| (out - 1) * self.stride + taps;
        let rows = extent(self.out_height(), self.kernel_height);
        let columns = extent(self.out_width(), self.kernel_width);
        let size = (self.height, self.width);
        Stage::new(self.in_channels, size, self.upsample, (border, border), (rows, columns), self.stride)
    }
}

/// See [`crate::Kernels::conv2d`].
pub(crate) fn conv2d<T: Real>(
    shape: &ConvShape,
    input: &[T],
    weight: &[T],
    output: &mut [T],
    scratch: &mut Scratch<T>,
    epilogue: Epilogue<T>,
) {
    shape.check(input.len(), weight.len(), output.len());
    let shape = shape.flattened();
    let length = shape.batch * shape.output_len();
    let kernel = T::conv_kernel();
    if winograd::pays(&shape) {
        winograd::forward(&shape, kernel, input, weight, output, scratch, epilogue);
    } else if shape.multiplications() > 0 {
        forward::forward(&shape, kernel, input, weight, output, scratch, epilogue);
    } else if length > 0 {
        output[..length].fill(T::ZERO);
        epilogue(0, &mut output[..length]);
    }
}

/// See [`crate::Kernels::conv2d_grad_input`].
pub(crate) fn conv2d_grad_input<T: Real>(
    shape: &ConvShape,
    grad_output: &[T],
    weight: &[T],
    grad_input: &mut [T],
    scratch: &mut Scratch<T>,
    epilogue: Epilogue<T>,
) {
    shape.check(grad_input.len(), weight.len(), grad_output.len());
    let shape = shape.flattened();
    let length = shape.batch * shape.input_len();
    let kernel = T::conv_kernel();
    if winograd::pays(&shape) {
        winograd::grad_input(&shape, kernel, grad_output, weight, grad_input, scratch, epilogue);
    } else if shape.multiplications() > 0 {
        forward::grad_input(&shape, kernel, grad_output, weight, grad_input, scratch, epilogue);
    } else if length > 0 {
        grad_input[..length].fill(T::ZERO);
        epilogue(0, &mut grad_input[..length]);
    }
}

/// See [`crate::Kernels::conv2d_grad_weight`].
pub(crate) fn conv2d_grad_weight<T: Real>(
    shape: &ConvShape,
    input: &[T],
    grad_output: &[T],
    grad_weight: &mut [T],
    scratch: &mut Scratch<T>,
) {
    shape.check(input.len(), grad_weight.len(), grad_output.len());
    let shape = shape.flattened();
    if shape.multiplications() == 0 {
        grad_weight[..shape.weight_len()].fill(T::ZERO);
    } else {
        weight::grad_weight(&shape, T::conv_kernel(), input, grad_output, grad_weight, scratch);
    }
}
