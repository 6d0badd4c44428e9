//! Two-dimensional convolution and its two gradients, each of which has the other two as derivatives, so that they
//! can be differentiated again. The gradient with respect to the input is the transposed convolution too.

use std::rc::Rc;

use super::registry::Row;
use super::{AdapterKind, Backward, Io, Lowered, Op, Program, generic_kernel, shader};
use crate::graph::{Shape, Tensor};
use crate::kernels::conv::ConvShape;
use crate::real::Real;
use crate::{Error, Result};

mod cases;
mod lower;

/// Which of the three bilinear maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// output from (input, weight).
    Forward,
    /// Gradient of the input from (gradient of the output, weight).
    GradInput,
    /// Gradient of the weight from (input, gradient of the output).
    GradWeight,
}

/// A convolution or one of its gradients; `shape` is always the forward convolution's.
#[derive(Debug, Clone)]
pub struct Conv2d {
    pub(crate) pass: Pass,
    pub(crate) shape: ConvShape,
    pub(crate) epilogue: Option<Program>,
}

impl Conv2d {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [a, b, operands @ ..] = io.inputs else { unreachable!("a convolution has two inputs") };
        let [output] = io.outputs else { unreachable!("a convolution has one output") };
        let scratch = &mut io.scratch.gemm;
        let finish = |start: usize, part: &mut [T]| {
            if let Some(program) = &self.epilogue {
                T::finish(program, operands, start, part);
            }
        };
        match self.pass {
            Pass::Forward => T::conv2d(&self.shape, a, b, output, scratch, &finish),
            Pass::GradInput => T::conv2d_grad_input(&self.shape, a, b, output, scratch, &finish),
            Pass::GradWeight => {
                T::conv2d_grad_weight(&self.shape, a, b, output, scratch);
                finish(0, output);
            }
        }
    }

    /// The shape of what the op computes.
    fn output_shape(&self) -> Shape {
        let s = &self.shape;
        match self.pass {
            Pass::Forward => Shape::new(&[s.batch, s.out_channels, s.out_height(), s.out_width()]),
            Pass::GradInput => Shape::new(&[s.batch, s.in_channels, s.height, s.width]),
            Pass::GradWeight => Shape::new(&[s.out_channels, s.in_channels, s.kernel_height, s.kernel_width]),
        }
    }

    /// Appends the pass `pass` of the same convolution.
    fn append(&self, pass: Pass, a: &Tensor, b: &Tensor) -> Tensor {
        let op = Conv2d { pass, shape: self.shape, epilogue: None };
        let shape = op.output_shape();
        a.graph().op(op, &[a, b], shape)
    }
}

impl Op for Conv2d {
    fn name(&self) -> &'static str {
        match self.pass {
            Pass::Forward => "conv2d",
            Pass::GradInput => "conv2d_grad_input",
            Pass::GradWeight => "conv2d_grad_weight",
        }
    }

    generic_kernel!();

    fn lower(&self, adapter: AdapterKind) -> Lowered {
        lower::lower(self, adapter)
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let [a, b] = context.inputs else {
            return Err(Error::Unsupported("a fused convolution has no derivative".into()));
        };
        let g = context.gradient;
        let first = || match self.pass {
            Pass::Forward => self.append(Pass::GradInput, g, b),
            Pass::GradInput => self.append(Pass::Forward, g, b),
            Pass::GradWeight => self.append(Pass::GradInput, b, g),
        };
        let second = || match self.pass {
            Pass::Forward => self.append(Pass::GradWeight, a, g),
            Pass::GradInput => self.append(Pass::GradWeight, g, a),
            Pass::GradWeight => self.append(Pass::Forward, a, g),
        };
        Ok(vec![context.needed[0].then(first), context.needed[1].then(second)])
    }

    fn flops(&self) -> u64 {
        let epilogue = self.epilogue.as_ref().map_or(0, |program| program.instructions().len());
        (2 * self.shape.multiplications() + epilogue * self.output_shape().numel()) as u64
    }

    fn program(&self) -> Option<&Program> {
        self.epilogue.as_ref()
    }

    fn with_epilogue(&self, program: &Program) -> Option<Rc<dyn Op>> {
        self.epilogue
            .is_none()
            .then(|| Rc::new(Conv2d { epilogue: Some(program.clone()), ..self.clone() }) as Rc<dyn Op>)
    }
}

/// The extents of an image `[batch, channels, height, width]` or of weights.
fn four(what: &str, shape: &Shape) -> Result<[usize; 4]> {
    <[usize; 4]>::try_from(shape.dims())
        .map_err(|_| Error::Shape(format!("a convolution's {what} has four axes, not {shape:?}")))
}

impl Tensor {
    /// The convolution (cross-correlation, as in PyTorch) of `[batch, in, height, width]` with weights
    /// `[out, in, kernel height, kernel width]`, `padding` zeros on each side:
    /// `[batch, out, (height + 2 padding - kernel height) / stride + 1, (likewise)]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when channels differ or the kernel does not fit.
    pub fn conv2d(&self, weight: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
        self.conv2d_upsampled(weight, 1, stride, padding)
    }

    /// [`Tensor::conv2d`] of the image after [`Tensor::upsample_nearest`] by `factor`, without making the large image.
    ///
    /// # Errors
    /// As [`Tensor::conv2d`].
    pub fn conv2d_upsampled(&self, weight: &Tensor, factor: usize, stride: usize, padding: usize) -> Result<Tensor> {
        let (image, kernel) = (self.shape(), weight.shape());
        let [batch, in_channels, height, width] = four("image", &image)?;
        let [out_channels, expected, kernel_height, kernel_width] = four("weight", &kernel)?;
        if in_channels != expected {
            return Err(Error::Shape(format!(
                "weights {kernel:?} are for images of {expected} channels, not for {image:?}"
            )));
        }
        if stride == 0 || factor == 0 {
            return Err(Error::Shape("a convolution's stride and upsampling factor are at least 1".into()));
        }
        let shape = ConvShape {
            batch,
            in_channels,
            height,
            width,
            upsample: factor,
            out_channels,
            kernel_height,
            kernel_width,
            stride,
            padding,
        };
        if shape.out_height() == 0 || shape.out_width() == 0 {
            return Err(Error::Shape(format!("a kernel {kernel:?} does not fit {image:?} padded by {padding}")));
        }
        let op = Conv2d { pass: Pass::Forward, shape, epilogue: None };
        let target = op.output_shape();
        Ok(self.graph().op(op, &[self, weight], target))
    }

    /// The transposed convolution of `[batch, in, height, width]` with weights
    /// `[in, out, kernel height, kernel width]`, as PyTorch has them:
    /// `[batch, out, (height - 1) stride - 2 padding + kernel height + output_padding, (likewise)]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when channels differ, `output_padding` is not below `stride` or nothing would be left.
    pub fn conv_transpose2d(
        &self,
        weight: &Tensor,
        stride: usize,
        padding: usize,
        output_padding: usize,
    ) -> Result<Tensor> {
        let (image, kernel) = (self.shape(), weight.shape());
        let [batch, out_channels, rows, columns] = four("image", &image)?;
        let [expected, in_channels, kernel_height, kernel_width] = four("weight", &kernel)?;
        if out_channels != expected {
            return Err(Error::Shape(format!(
                "transposed weights {kernel:?} are for images of {expected} channels, not for {image:?}"
            )));
        }
        if output_padding >= stride {
            return Err(Error::Shape(format!(
                "an output padding of {output_padding} is not below the stride of {stride}"
            )));
        }
        let extent = |positions: usize, taps: usize| {
            ((positions - 1) * stride + taps + output_padding).checked_sub(2 * padding).filter(|&extent| extent > 0)
        };
        let (Some(height), Some(width)) = (extent(rows, kernel_height), extent(columns, kernel_width)) else {
            return Err(Error::Shape(format!("a padding of {padding} leaves nothing of {image:?} by {kernel:?}")));
        };
        let shape = ConvShape {
            batch,
            in_channels,
            height,
            width,
            upsample: 1,
            out_channels,
            kernel_height,
            kernel_width,
            stride,
            padding,
        };
        let op = Conv2d { pass: Pass::GradInput, shape, epilogue: None };
        let target = op.output_shape();
        Ok(self.graph().op(op, &[self, weight], target))
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    let shaders = &[
        shader!("conv2d"),
        shader!("conv2d_register"),
        shader!("conv2d_register_narrow"),
        shader!("conv2d_grad_input"),
        shader!("conv2d_grad_input_register"),
        shader!("conv2d_grad_weight"),
        shader!("conv2d_grad_weight_register"),
    ];
    Row { name: "conv2d", shaders, cases: cases::cases }
}
