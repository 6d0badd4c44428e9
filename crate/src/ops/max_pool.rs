//! Maxima over windows that do not overlap, and the gradient's way back to where each maximum was.

use super::{AdapterKind, Arg, Backward, Io, Kernel, Lowered, Op, Shader, generic_kernel, linear_groups, shader};
use crate::graph::{Shape, Tensor};
use crate::real::Real;
use crate::{Error, Result};

const WORKGROUP: usize = 64;
/// Elements of the input from which the planes are shared out over the cores.
#[cfg(not(target_arch = "wasm32"))]
const PARALLEL_FROM: usize = 1 << 15;

/// The shaders, for the registry's row.
pub(super) const SHADERS: &[Shader] = &[shader!("max_pool"), shader!("max_pool_backward")];

/// `planes` pictures of `height x width` in windows of `kernel x kernel`; what is left over at the right and at the
/// bottom is in none.
#[derive(Debug, Clone, Copy)]
struct Windows {
    planes: usize,
    height: usize,
    width: usize,
    kernel: usize,
}

impl Windows {
    fn rows(self) -> usize {
        self.height / self.kernel
    }

    fn columns(self) -> usize {
        self.width / self.kernel
    }

    fn input_plane(self) -> usize {
        self.height * self.width
    }

    fn output_plane(self) -> usize {
        self.rows() * self.columns()
    }

    fn lower(self, shader: Shader, inputs: usize, invocations: usize) -> Lowered {
        let groups = linear_groups(invocations, WORKGROUP);
        let words = [invocations, groups[0] as usize * WORKGROUP, self.height, self.width, self.kernel];
        // a uniform block is a multiple of 16 bytes
        let words: Vec<u32> = words.iter().map(|word| *word as u32).chain([0; 3]).collect();
        let args = (0..inputs).map(Arg::Input).chain([Arg::Output(0)]).collect();
        Lowered::single(Kernel { shader, uniform: bytemuck::cast_slice(&words).to_vec(), args, program: None, groups })
    }

    /// The maxima of one picture.
    fn pool<T: Real>(self, picture: &[T], maxima: &mut [T]) {
        if self.kernel == 2 {
            return self.pool_pairs(picture, maxima);
        }
        for (y, maxima) in maxima.chunks_exact_mut(self.columns()).enumerate() {
            maxima.fill(T::from_f64(f64::NEG_INFINITY));
            for row in picture[y * self.kernel * self.width..].chunks(self.width).take(self.kernel) {
                for (maximum, window) in maxima.iter_mut().zip(row.chunks_exact(self.kernel)) {
                    for &value in window {
                        *maximum = if value > *maximum { value } else { *maximum };
                    }
                }
            }
        }
    }

    /// [`Windows::pool`] for windows of 2 x 2, in loops that the compiler can unroll.
    fn pool_pairs<T: Real>(self, picture: &[T], maxima: &mut [T]) {
        for (rows, maxima) in picture.chunks_exact(2 * self.width).zip(maxima.chunks_exact_mut(self.columns())) {
            let (upper, lower) = rows.split_at(self.width);
            for ((maximum, upper), lower) in
                maxima.iter_mut().zip(upper.as_chunks::<2>().0).zip(lower.as_chunks::<2>().0)
            {
                let above = if upper[1] > upper[0] { upper[1] } else { upper[0] };
                let below = if lower[1] > lower[0] { lower[1] } else { lower[0] };
                *maximum = if below > above { below } else { above };
            }
        }
    }

    /// Puts each gradient where its window first attains the maximum, and 0 elsewhere.
    fn unpool<T: Real>(self, picture: &[T], maxima: &[T], gradients: &[T], target: &mut [T]) {
        target.fill(T::ZERO);
        let columns = self.columns();
        for y in 0..self.rows() {
            for x in 0..columns {
                let (maximum, gradient) = (maxima[y * columns + x], gradients[y * columns + x]);
                let corner = y * self.kernel * self.width + x * self.kernel;
                'window: for dy in 0..self.kernel {
                    let start = corner + dy * self.width;
                    let end = start + self.kernel;
                    for (target, &value) in target[start..end].iter_mut().zip(&picture[start..end]) {
                        if value == maximum {
                            *target = gradient;
                            break 'window;
                        }
                    }
                }
            }
        }
    }
}

/// The maximum of each window.
#[derive(Debug, Clone)]
pub struct MaxPool(Windows);

impl MaxPool {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [input] = io.inputs else { unreachable!("a pooling has one input") };
        let [output] = io.outputs else { unreachable!("a pooling has one output") };
        let windows = self.0;
        let (from, to) = (windows.input_plane(), windows.output_plane());
        #[cfg(not(target_arch = "wasm32"))]
        if input.len() > PARALLEL_FROM {
            use rayon::prelude::*;
            let planes = input.par_chunks_exact(from).zip(output.par_chunks_exact_mut(to));
            planes.for_each(|(picture, maxima)| windows.pool(picture, maxima));
            return;
        }
        for (picture, maxima) in input.chunks_exact(from).zip(output.chunks_exact_mut(to)) {
            windows.pool(picture, maxima);
        }
    }
}

impl Op for MaxPool {
    fn name(&self) -> &'static str {
        "max_pool"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        self.0.lower(SHADERS[0], 1, self.0.planes * self.0.output_plane())
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let [input] = context.inputs else { unreachable!("a pooling has one input") };
        let operands = [input, context.output, context.gradient];
        Ok(vec![Some(input.graph().op(MaxPoolBackward(self.0), &operands, input.shape()))])
    }

    fn flops(&self) -> u64 {
        (self.0.planes * self.0.output_plane() * self.0.kernel * self.0.kernel) as u64
    }
}

/// The gradient of [`MaxPool`], from (input, output, gradient).
#[derive(Debug, Clone)]
pub struct MaxPoolBackward(Windows);

impl MaxPoolBackward {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [input, maxima, gradients] = io.inputs else { unreachable!("a pooling's gradient has three inputs") };
        let [output] = io.outputs else { unreachable!("a pooling's gradient has one output") };
        let windows = self.0;
        let (from, to) = (windows.input_plane(), windows.output_plane());
        #[cfg(not(target_arch = "wasm32"))]
        if input.len() > PARALLEL_FROM {
            use rayon::prelude::*;
            let pooled = maxima.par_chunks_exact(to).zip(gradients.par_chunks_exact(to));
            let planes = output.par_chunks_exact_mut(from).zip(input.par_chunks_exact(from)).zip(pooled);
            planes.for_each(|((target, picture), (maxima, gradients))| {
                windows.unpool(picture, maxima, gradients, target);
            });
            return;
        }
        let pooled = maxima.chunks_exact(to).zip(gradients.chunks_exact(to));
        for ((target, picture), (maxima, gradients)) in
            output.chunks_exact_mut(from).zip(input.chunks_exact(from)).zip(pooled)
        {
            windows.unpool(picture, maxima, gradients, target);
        }
    }
}

impl Op for MaxPoolBackward {
    fn name(&self) -> &'static str {
        "max_pool_backward"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        self.0.lower(SHADERS[1], 3, self.0.planes * self.0.input_plane())
    }

    fn backward(&self, _context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        Err(Error::Unsupported("maximum pooling has no second derivative here".into()))
    }

    fn flops(&self) -> u64 {
        (self.0.planes * self.0.input_plane()) as u64
    }
}

impl Tensor {
    /// The maxima of the `kernel x kernel` windows of `[.., height, width]`, side by side; what is left over at the
    /// right and at the bottom is dropped. The gradient goes to the first element that attains a maximum, as in PyTorch.
    ///
    /// # Errors
    /// [`Error::Shape`] when no window fits.
    pub fn max_pool2d(&self, kernel: usize) -> Result<Tensor> {
        let shape = self.shape();
        let [lead @ .., height, width] = shape.dims() else {
            return Err(Error::Shape(format!("{shape:?} is not an image")));
        };
        if kernel == 0 || *height < kernel || *width < kernel {
            return Err(Error::Shape(format!("windows of {kernel} x {kernel} do not fit {shape:?}")));
        }
        let windows = Windows { planes: lead.iter().product(), height: *height, width: *width, kernel };
        let mut target = lead.to_vec();
        target.extend([windows.rows(), windows.columns()]);
        Ok(self.graph().op(MaxPool(windows), &[self], Shape::new(&target)))
    }
}
