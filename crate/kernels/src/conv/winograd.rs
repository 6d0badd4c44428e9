//! Winograd's F(2x2, 3x3): the 3x3 convolution with 16 multiplications where the plain sum has 36.
//!
//! Each 4x4 block of the input, two pixels apart, and each 3x3 kernel is transformed to 16 numbers; for each of these
//! 16 components the blocks are multiplied by the weights as matrices, summing over channels; each 16 sums are
//! transformed back to 2x2 pixels. The transforms only add, subtract and halve, so that the error stays close to that of
//! the plain sum. See Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015.

use super::ConvShape;
use super::forward::{panel, panel_count, share_out, sum_blocks};
use super::kernel::{ConvKernel, MAX_VECTORS, PixelTile};
use super::stage::Stage;
use super::transform::{BlockRow, Kernels, OutputRow};
use crate::Epilogue;
use crate::gemm::pack::Operand;
use crate::gemm::{Scratch, Shared, Workspace, grown};
use crate::real::Real;

/// Numbers of a transformed block.
const COMPONENTS: usize = 16;
/// About so many blocks are transformed and multiplied together, so that they stay in the second-level cache.
const BLOCKS: usize = 64;

/// Whether this way is the faster one.
pub(super) fn pays(shape: &ConvShape) -> bool {
    let fits = shape.kernel_height == 3 && shape.kernel_width == 3 && shape.stride == 1;
    // few channels do not pay for the transforms
    fits && shape.in_channels >= 8 && shape.out_channels >= 8 && shape.multiplications() > 0
}

/// One such convolution, forward or backward.
struct Convolution<'a, T> {
    batch: usize,
    inputs: &'a [T],
    in_channels: usize,
    out_channels: usize,
    out_height: usize,
    out_width: usize,
    stage: Stage,
    weight: &'a [T],
    /// Where the kernel of an (output, input) pair of channels starts is the sum of these multiples.
    kernel_strides: (usize, usize),
    /// Read the kernels backwards.
    reversed: bool,
    /// Blocks of so many pixels of the result are summed into one.
    shrink: usize,
}

/// See [`super::conv2d`].
pub(super) fn forward<T: Real>(
    shape: &ConvShape,
    kernel: &ConvKernel<T>,
    input: &[T],
    weight: &[T],
    output: &mut [T],
    scratch: &mut Scratch<T>,
    epilogue: Epilogue<T>,
) {
    let (out_height, out_width) = (shape.out_height(), shape.out_width());
    let border = -(shape.padding as isize);
    let size = (shape.height, shape.width);
    let convolution = Convolution {
        batch: shape.batch,
        inputs: input,
        in_channels: shape.in_channels,
        out_channels: shape.out_channels,
        out_height,
        out_width,
        stage: stage(shape.in_channels, size, shape.upsample, border, (out_height, out_width)),
        weight,
        kernel_strides: (shape.in_channels * 9, 9),
        reversed: false,
        shrink: 1,
    };
    convolution.run(kernel, output, scratch, epilogue);
}

/// See [`super::conv2d_grad_input`].
pub(super) fn grad_input<T: Real>(
    shape: &ConvShape,
    kernel: &ConvKernel<T>,
    grad_output: &[T],
    weight: &[T],
    grad_input: &mut [T],
    scratch: &mut Scratch<T>,
    epilogue: Epilogue<T>,
) {
    let (out_height, out_width) = (shape.height * shape.upsample, shape.width * shape.upsample);
    let border = shape.padding as isize - 2;
    let size = (shape.out_height(), shape.out_width());
    let convolution = Convolution {
        batch: shape.batch,
        inputs: grad_output,
        in_channels: shape.out_channels,
        out_channels: shape.in_channels,
        out_height,
        out_width,
        stage: stage(shape.out_channels, size, 1, border, (out_height, out_width)),
        weight,
        kernel_strides: (9, shape.in_channels * 9),
        reversed: true,
        shrink: shape.upsample,
    };
    convolution.run(kernel, grad_input, scratch, epilogue);
}

/// The stage for whole blocks over the result, even and odd columns apart.
fn stage(channels: usize, size: (usize, usize), upsample: usize, border: isize, result: (usize, usize)) -> Stage {
    let extent = |length: usize| 2 * length.div_ceil(2) + 2;
    Stage::new(channels, size, upsample, (border, border), (extent(result.0), extent(result.1)), 2)
}

/// The rows of blocks that are worked on together, and the room they take.
struct Band {
    /// Blocks in a row.
    columns: usize,
    /// Rows of blocks.
    rows: usize,
    /// From one channel to the next: the blocks of a band, in whole tiles.
    channel_stride: usize,
}

impl<T: Real> Convolution<'_, T> {
    fn run(&self, kernel: &ConvKernel<T>, output: &mut [T], scratch: &mut Scratch<T>, epilogue: Epilogue<T>) {
        let columns = self.out_width.div_ceil(2);
        let rows = usize::clamp(BLOCKS / columns, 1, self.out_height.div_ceil(2));
        // whole registers are written, so that the last row may reach beyond its last block
        let room = (rows - 1) * columns + columns.next_multiple_of(kernel.lanes);
        let band = Band { columns, rows, channel_stride: room.next_multiple_of(MAX_VECTORS * kernel.lanes) };
        let panels = panel_count(self.out_channels, kernel.rows);
        let panel_length = COMPONENTS * self.component_stride(kernel);
        let full_size = self.out_height * self.out_width;
        let size = full_size / (self.shrink * self.shrink);
        let data = Shared::new(output);
        let multiplications = self.batch * self.out_channels * self.in_channels * full_size * 4;
        share_out(scratch, multiplications, self.batch, panels, |images, own_panels, workspace| {
            let Workspace { a: packed, b: staged, offsets, planes: temporary, blocks, products } = workspace;
            let channels = panel(own_panels.start, panels, self.out_channels).start
                ..panel(own_panels.end - 1, panels, self.out_channels).end;
            let packed = grown(packed, own_panels.len() * panel_length);
            let taps = grown(temporary, self.in_channels * 9 * kernel.rows + kernel.lanes);
            for (index, packed) in own_panels.clone().zip(packed.chunks_exact_mut(panel_length)) {
                self.pack(kernel, panel(index, panels, self.out_channels), taps, packed);
            }
            // what lies behind the last number is read, and its results dropped
            let staged = grown(staged, self.stage.length(2 * kernel.lanes));
            let blocks = grown(blocks, COMPONENTS * self.in_channels * band.channel_stride);
            let products = grown(products, COMPONENTS * channels.len() * band.channel_stride);
            let temporary = grown(temporary, if self.shrink > 1 { channels.len() * full_size } else { 0 });
            offsets.clear();
            offsets.extend((0..self.in_channels).map(|c| (c * band.channel_stride * size_of::<T>()) as u32));
            for image in images {
                self.stage
                    .fill(&self.inputs[image * self.in_channels * self.stage.height * self.stage.width..], staged);
                let start = (image * self.out_channels + channels.start) * size;
                // SAFETY: these planes are this worker's own
                let own = unsafe { data.slice(start, channels.len() * size) };
                let planes: &mut [T] = if self.shrink > 1 { temporary } else { own };
                for first_row in (0..self.out_height.div_ceil(2)).step_by(band.rows) {
                    let band = Band { rows: usize::min(band.rows, self.out_height.div_ceil(2) - first_row), ..band };
                    self.transform_input(kernel, &band, first_row, staged, blocks);
                    for (index, packed) in own_panels.clone().zip(packed.chunks_exact(panel_length)) {
                        let own = panel(index, panels, self.out_channels);
                        let products = &mut products[(own.start - channels.start) * band.channel_stride..];
                        let stride = channels.len() * band.channel_stride;
                        self.multiply(kernel, &band, (packed, offsets), own.len(), blocks, (products, stride));
                    }
                    self.transform_output(kernel, &band, first_row, products, channels.len(), planes);
                }
                if self.shrink > 1 {
                    sum_blocks(temporary, self.shrink, self.out_width / self.shrink, own);
                }
                epilogue(start, own);
            }
        });
    }

    /// From one component of a panel of weights to the next; whole registers are written, hence the room behind.
    fn component_stride(&self, kernel: &ConvKernel<T>) -> usize {
        self.in_channels * kernel.rows + kernel.lanes
    }

    /// Transforms the kernels of one panel of output channels; `taps` holds them in the panel's order in between.
    fn pack(&self, kernel: &ConvKernel<T>, channels: std::ops::Range<usize>, taps: &mut [T], packed: &mut [T]) {
        let (lane_stride, channel_stride) = self.kernel_strides;
        let weight = Operand { data: self.weight, lane_stride, depth_stride: 1 };
        let (first, count, width) = (channels.start, channels.len(), kernel.rows);
        if channel_stride == 9 {
            weight.pack(first, count, 0, self.in_channels * 9, width, width, taps);
        } else {
            for (channel, taps) in taps.chunks_exact_mut(9 * width).enumerate().take(self.in_channels) {
                weight.pack(first, count, channel * channel_stride, 9, width, width, taps);
            }
        }
        let component_stride = self.component_stride(kernel);
        assert!(taps.len() >= self.in_channels * 9 * width + kernel.lanes);
        assert!(packed.len() >= COMPONENTS * component_stride);
        // SAFETY: the sizes were checked above
        unsafe {
            (kernel.kernels_to_winograd)(&Kernels {
                taps: taps.as_ptr(),
                out: packed.as_mut_ptr(),
                component_stride,
                channels: self.in_channels,
                width,
                reversed: self.reversed,
            });
        }
    }

    fn transform_input(&self, kernel: &ConvKernel<T>, band: &Band, first_row: usize, staged: &[T], blocks: &mut [T]) {
        let component_stride = self.in_channels * band.channel_stride;
        assert!(blocks.len() >= COMPONENTS * component_stride);
        assert!(staged.len() >= self.stage.length(2 * kernel.lanes));
        assert!(2 * (first_row + band.rows) + 2 <= self.stage.rows);
        for channel in 0..self.in_channels {
            for row in 0..band.rows {
                let position = |x: usize| self.stage.position(channel, 2 * (first_row + row), x);
                // SAFETY: the blocks end with the staged rows, checked above, but for the slack behind the last
                unsafe {
                    let to = channel * band.channel_stride + row * band.columns;
                    (kernel.to_winograd)(&BlockRow {
                        even: staged.as_ptr().add(position(0)),
                        odd: staged.as_ptr().add(position(1)),
                        row_stride: self.stage.row_stride(),
                        out: blocks.as_mut_ptr().add(to),
                        component_stride,
                        blocks: band.columns,
                    });
                }
            }
        }
    }

    /// Multiplies the blocks of a band by the weights of one panel, component by component.
    fn multiply(
        &self,
        kernel: &ConvKernel<T>,
        band: &Band,
        (packed, offsets): (&[T], &[u32]),
        rows: usize,
        blocks: &[T],
        (products, component_stride): (&mut [T], usize),
    ) {
        let weight_stride = self.component_stride(kernel);
        let columns = (kernel.vectors)(rows) * kernel.lanes;
        let places: [usize; MAX_VECTORS] = std::array::from_fn(|v| v * kernel.lanes % columns);
        let block_stride = self.in_channels * band.channel_stride;
        let count = (band.rows * band.columns).next_multiple_of(columns);
        assert!(count <= band.channel_stride && offsets.len() == self.in_channels);
        assert!(packed.len() >= COMPONENTS * weight_stride && blocks.len() >= COMPONENTS * block_stride);
        assert!(products.len() >= (COMPONENTS - 1) * component_stride + rows * band.channel_stride);
        for component in 0..COMPONENTS {
            for first in (0..count).step_by(columns) {
                // SAFETY: the sizes were checked above
                unsafe {
                    let base = blocks.as_ptr().add(component * block_stride + first);
                    let tile = PixelTile {
                        depth: self.in_channels,
                        weights: packed.as_ptr().add(component * weight_stride),
                        offsets: offsets.as_ptr(),
                        bases: places.map(|place| base.add(place)),
                        out: products.as_mut_ptr().add(component * component_stride + first),
                        places,
                        channel_stride: band.channel_stride,
                    };
                    (kernel.pixels)(rows, &tile);
                }
            }
        }
    }

    fn transform_output(
        &self,
        kernel: &ConvKernel<T>,
        band: &Band,
        first_row: usize,
        products: &[T],
        channels: usize,
        planes: &mut [T],
    ) {
        let component_stride = channels * band.channel_stride;
        assert!(products.len() >= COMPONENTS * component_stride);
        let planes = planes.chunks_exact_mut(self.out_height * self.out_width).take(channels);
        for (channel, plane) in planes.enumerate() {
            let pairs = plane.chunks_mut(2 * self.out_width).skip(first_row).take(band.rows);
            for (row, pair) in pairs.enumerate() {
                let (first, second) = pair.split_at_mut(self.out_width);
                let second = if second.is_empty() { None } else { Some(second.as_mut_ptr()) };
                let from = &products[channel * band.channel_stride + row * band.columns..];
                // SAFETY: the rows are as wide as the plane; the products were checked above
                unsafe {
                    (kernel.from_winograd)(&OutputRow {
                        from: from.as_ptr(),
                        component_stride,
                        rows: [Some(first.as_mut_ptr()), second],
                        width: self.out_width,
                    });
                }
            }
        }
    }
}
