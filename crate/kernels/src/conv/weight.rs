//! The gradient of a convolution with respect to its weights.

use super::ConvShape;
use super::kernel::{ConvKernel, MAX_WEIGHT_ROWS, WeightTile};
use crate::gemm::pack::Operand;
use crate::gemm::{Scratch, Shared, grown, on_workers, useful_threads};
use crate::real::Real;

/// See [`super::conv2d_grad_weight`].
pub(super) fn grad_weight<T: Real>(
    shape: &ConvShape,
    kernel: &ConvKernel<T>,
    input: &[T],
    grad_output: &[T],
    grad_weight: &mut [T],
    scratch: &mut Scratch<T>,
) {
    let stage = shape.input_stage();
    let (out_height, out_width) = (shape.out_height(), shape.out_width());
    let size = out_height * out_width;
    let taps = shape.kernel_height * shape.kernel_width;
    let total_rows = shape.in_channels * taps;
    let padded = shape.out_channels.next_multiple_of(kernel.weight_columns);
    let data = Shared::new(grad_weight);
    let count = useful_threads(shape.multiplications()).min(total_rows.div_ceil(kernel.weight_rows));
    // where the number for the first output pixel is, for a row of the result: a channel and a tap
    let position = |row: usize| {
        let (channel, tap) = (row / taps, row % taps);
        stage.position(channel, tap / shape.kernel_width, tap % shape.kernel_width)
    };
    let input_stride = stage.step * stage.row_stride();
    on_workers(scratch.workers(count), |i, workspace| {
        let own = i * total_rows / count..(i + 1) * total_rows / count;
        // the transpose of the result, added to image by image
        let sums = grown(&mut workspace.planes, own.len() * padded);
        sums.fill(T::ZERO);
        let staged = grown(&mut workspace.b, stage.length(kernel.lanes));
        let gradients = grown(&mut workspace.a, size * padded);
        for image in 0..shape.batch {
            stage.fill(&input[image * shape.input_len()..], staged);
            let planes = &grad_output[image * shape.output_len()..];
            let planes = Operand { data: planes, lane_stride: size, depth_stride: 1 };
            planes.pack(0, shape.out_channels, 0, size, kernel.weight_columns, kernel.weight_columns, gradients);
            for (panel, gradients) in gradients.chunks_exact(size * kernel.weight_columns).enumerate() {
                for first in own.clone().step_by(kernel.weight_rows) {
                    let rows = usize::min(kernel.weight_rows, own.end - first);
                    let last_read = position(first + rows - 1) + (out_height - 1) * input_stride + out_width;
                    assert!(last_read <= staged.len());
                    // SAFETY: the last row of the tile reads furthest, which was checked; the result holds all rows
                    unsafe {
                        let read = |r: usize| staged.as_ptr().add(position(first + usize::min(r, rows - 1)));
                        let tile = WeightTile {
                            height: out_height,
                            width: out_width,
                            inputs: std::array::from_fn::<_, MAX_WEIGHT_ROWS, _>(read),
                            input_stride,
                            gradients: gradients.as_ptr(),
                            out: sums.as_mut_ptr().add((first - own.start) * padded + panel * kernel.weight_columns),
                            out_stride: padded,
                        };
                        (kernel.weights)(rows, &tile);
                    }
                }
            }
        }
        for channel in 0..shape.out_channels {
            // SAFETY: these rows of the result are this worker's own
            let target = unsafe { data.slice(channel * total_rows + own.start, own.len()) };
            for (target, sums) in target.iter_mut().zip(sums.chunks_exact(padded)) {
                *target = sums[channel];
            }
        }
    });
}
