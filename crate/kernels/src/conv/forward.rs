//! The sliding sum behind a convolution and behind the gradient with respect to its input.

use super::ConvShape;
use super::kernel::{ConvKernel, MAX_ROWS, MAX_VECTORS, PixelTile};
use super::stage::Stage;
use crate::Epilogue;
use crate::gemm::pack::Operand;
use crate::gemm::{Scratch, Shared, Workspace, grown, on_workers, useful_threads};
use crate::real::Real;

/// Output channels are cut into this many panels of nearly equal height, at most `rows` each.
pub(super) fn panel_count(channels: usize, rows: usize) -> usize {
    channels.div_ceil(rows)
}

/// The channels of one panel.
pub(super) fn panel(index: usize, panels: usize, channels: usize) -> std::ops::Range<usize> {
    index * channels / panels..(index + 1) * channels / panels
}

/// One set of taps and the output pixels it is for: pixel (y, x) sums over channels and taps the staged pixel
/// (`shift_y + y * step + tap_y`, `shift_x + x * step + tap_x`) times a weight.
struct Phase {
    taps: (usize, usize),
    shift: (usize, usize),
    /// Output pixels: how many, where the first one is, and how far they are apart in both directions.
    pixels: (usize, usize),
    first: (usize, usize),
    spacing: usize,
}

impl Phase {
    fn depth(&self, channels: usize) -> usize {
        channels * self.taps.0 * self.taps.1
    }

    /// Appends the distances in bytes that [`PixelTile::offsets`] wants.
    fn push_offsets<T>(&self, stage: &Stage, offsets: &mut Vec<u32>) {
        for channel in 0..stage.channels {
            for y in 0..self.taps.0 {
                for x in 0..self.taps.1 {
                    let numbers = stage.position(channel, self.shift.0 + y, self.shift.1 + x);
                    offsets.push((numbers * size_of::<T>()) as u32);
                }
            }
        }
    }
}

/// Output planes of one image.
struct Planes<T> {
    data: Shared<T>,
    /// The first number of the first plane.
    start: usize,
    width: usize,
    size: usize,
}

/// Computes the pixels of one phase in the planes of one panel of channels.
fn run_phase<T: Real>(
    kernel: &ConvKernel<T>,
    phase: &Phase,
    (stage, staged): (&Stage, &[T]),
    (weights, offsets): (&[T], &[u32]),
    rows: usize,
    planes: &Planes<T>,
) {
    let (height, width) = phase.pixels;
    let per_row = width.div_ceil(kernel.lanes);
    let vectors = height * per_row;
    let count = (kernel.vectors)(rows);
    let columns = count * kernel.lanes;
    let mut edge = [T::ZERO; MAX_ROWS * MAX_VECTORS * 8];
    assert!(rows * columns <= edge.len() && rows <= kernel.rows && count <= MAX_VECTORS);
    assert!(weights.len() >= offsets.len() * kernel.rows);
    // the last register of the last row may read up to a register's length beyond
    let reach = offsets.iter().max().map_or(0, |&bytes| bytes as usize / size_of::<T>());
    let locate = |vector: usize| {
        let (y, x) = (vector / per_row, vector % per_row * kernel.lanes);
        let out = (phase.first.0 + y * phase.spacing) * planes.width + phase.first.1 + x * phase.spacing;
        (y * stage.step * stage.row_stride() + x, out, usize::min(kernel.lanes, width - x))
    };
    assert!(vectors == 0 || locate(vectors - 1).0 + reach + kernel.lanes <= staged.len());
    for vector in (0..vectors).step_by(count) {
        // the last tile may repeat its last register
        let parts: [_; MAX_VECTORS] = std::array::from_fn(|v| locate(usize::min(vector + v, vectors - 1)));
        let used = &parts[..count];
        // SAFETY: the furthest read was checked above; registers are stored whole only where all of their pixels
        // belong to this panel's planes
        unsafe {
            let mut tile = PixelTile {
                depth: offsets.len(),
                weights: weights.as_ptr(),
                offsets: offsets.as_ptr(),
                bases: parts.map(|(base, ..)| staged.as_ptr().add(base)),
                out: edge.as_mut_ptr(),
                places: std::array::from_fn(|v| v * kernel.lanes),
                channel_stride: columns,
            };
            if phase.spacing == 1 && used.iter().all(|part| part.2 == kernel.lanes) {
                tile.out = planes.data.slice(planes.start, 1).as_mut_ptr();
                tile.places = parts.map(|part| part.1);
                tile.channel_stride = planes.size;
                (kernel.pixels)(rows, &tile);
                continue;
            }
            (kernel.pixels)(rows, &tile);
            for row in 0..rows {
                for (part, &(_, out, lanes)) in used.iter().enumerate() {
                    let values = &edge[row * columns + part * kernel.lanes..][..lanes];
                    let start = planes.start + row * planes.size + out;
                    let target = planes.data.slice(start, (lanes - 1) * phase.spacing + 1);
                    for (target, &value) in target.iter_mut().step_by(phase.spacing).zip(values) {
                        *target = value;
                    }
                }
            }
        }
    }
}

/// Shares images, or where there are few, channels, out over workers; `work` gets images and panels.
pub(super) fn share_out<T: Real>(
    scratch: &mut Scratch<T>,
    multiplications: usize,
    images: usize,
    panels: usize,
    work: impl Fn(std::ops::Range<usize>, std::ops::Range<usize>, &mut Workspace<T>) + Sync + Send,
) {
    let count = useful_threads(multiplications).min(usize::max(images, panels));
    let by_image = images >= count;
    on_workers(scratch.workers(count), |i, workspace| {
        let part = |total: usize| i * total / count..(i + 1) * total / count;
        let (images, panels) = if by_image { (part(images), 0..panels) } else { (0..images, part(panels)) };
        if !images.is_empty() && !panels.is_empty() {
            work(images, panels, workspace);
        }
    });
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
    let stage = &shape.input_stage();
    let (out_height, out_width) = (shape.out_height(), shape.out_width());
    let phase = Phase {
        taps: (shape.kernel_height, shape.kernel_width),
        shift: (0, 0),
        pixels: (out_height, out_width),
        first: (0, 0),
        spacing: 1,
    };
    let depth = phase.depth(shape.in_channels);
    let size = out_height * out_width;
    let panels = panel_count(shape.out_channels, kernel.rows);
    let data = Shared::new(output);
    share_out(scratch, shape.multiplications(), shape.batch, panels, |images, own_panels, workspace| {
        let Workspace { a: packed, b: staged, offsets, .. } = workspace;
        let packed = grown(packed, own_panels.len() * kernel.rows * depth);
        let staged = grown(staged, stage.length(kernel.lanes));
        offsets.clear();
        phase.push_offsets::<T>(stage, offsets);
        let rows = Operand { data: weight, lane_stride: depth, depth_stride: 1 };
        for (index, packed) in own_panels.clone().zip(packed.chunks_exact_mut(kernel.rows * depth)) {
            let channels = panel(index, panels, shape.out_channels);
            rows.pack(channels.start, channels.len(), 0, depth, kernel.rows, kernel.rows, packed);
        }
        for image in images {
            stage.fill(&input[image * shape.input_len()..], staged);
            for (index, packed) in own_panels.clone().zip(packed.chunks_exact(kernel.rows * depth)) {
                let channels = panel(index, panels, shape.out_channels);
                let start = (image * shape.out_channels + channels.start) * size;
                let planes = Planes { data, start, width: out_width, size };
                run_phase(kernel, &phase, (stage, staged), (packed, offsets), channels.len(), &planes);
                // SAFETY: these planes are finished, and this worker's own
                epilogue(start, unsafe { data.slice(start, channels.len() * size) });
            }
        }
    });
}

/// One direction of one phase of the gradient with respect to the input.
#[derive(Clone, Copy)]
struct Line {
    taps: usize,
    first: usize,
    pixels: usize,
    /// The first row (or column) of the output's gradient that the first pixel reads.
    read: isize,
}

impl Line {
    /// The pixels whose distance to the border of the padded image leaves `residue` when divided by the stride: they
    /// meet the taps `residue`, `residue + stride` and so on, in reverse.
    fn new(length: usize, taps: usize, residue: usize, shape: &ConvShape) -> Self {
        let (stride, padding) = (shape.stride, shape.padding);
        let taps = taps.saturating_sub(residue).div_ceil(stride);
        let first = (residue + stride * padding - padding) % stride;
        let pixels = length.saturating_sub(first).div_ceil(stride);
        let read = ((first + padding - residue) / stride) as isize - (taps as isize - 1);
        Self { taps, first, pixels, read }
    }

    /// One after the last row (or column) that is read.
    fn end(&self) -> isize {
        self.read + (self.pixels + usize::max(self.taps, 1)) as isize - 1
    }
}

/// The phases of the gradient with respect to the input, one for each position relative to the stride, and the part
/// of the output's gradient that they read.
struct GradientPhases<'a> {
    shape: &'a ConvShape,
    origin: [isize; 2],
    extent: [usize; 2],
}

impl<'a> GradientPhases<'a> {
    fn new(shape: &'a ConvShape) -> Self {
        let mut phases = Self { shape, origin: [0; 2], extent: [0; 2] };
        for direction in 0..2 {
            let lines = || (0..shape.stride).map(|residue| phases.line(direction, residue));
            let origin = lines().map(|line| line.read).min().unwrap_or(0);
            let end = lines().map(|line| line.end()).max().unwrap_or(0);
            phases.origin[direction] = origin;
            phases.extent[direction] = (end - origin) as usize;
        }
        phases
    }

    fn line(&self, direction: usize, residue: usize) -> Line {
        let shape = self.shape;
        let (length, taps) = [(shape.height, shape.kernel_height), (shape.width, shape.kernel_width)][direction];
        Line::new(length * shape.upsample, taps, residue, shape)
    }

    /// All phases, with the residues they belong to.
    fn iter(&self) -> impl Iterator<Item = (Phase, (usize, usize))> {
        let stride = self.shape.stride;
        (0..stride * stride).map(move |number| {
            let residues = (number / stride, number % stride);
            let (y, x) = (self.line(0, residues.0), self.line(1, residues.1));
            let phase = Phase {
                taps: (y.taps, x.taps),
                shift: ((y.read - self.origin[0]) as usize, (x.read - self.origin[1]) as usize),
                pixels: (y.pixels, x.pixels),
                first: (y.first, x.first),
                spacing: stride,
            };
            (phase, residues)
        })
    }
}

/// Sums each `factor x factor` block of the planes in `from` into one pixel of `to`, whose rows have `width` pixels.
pub(super) fn sum_blocks<T: Real>(from: &[T], factor: usize, width: usize, to: &mut [T]) {
    for (rows, to) in from.chunks_exact(factor * factor * width).zip(to.chunks_exact_mut(width)) {
        to.fill(T::ZERO);
        for row in rows.chunks_exact(factor * width) {
            for (to, block) in to.iter_mut().zip(row.chunks_exact(factor)) {
                for &value in block {
                    *to += value;
                }
            }
        }
    }
}

/// Packs the weights of one phase for some input channels: taps in reverse, every `stride`-th of them.
fn pack_reversed<'a, T: Real>(
    shape: &ConvShape,
    phase: &Phase,
    residues: (usize, usize),
    channels: std::ops::Range<usize>,
    weight: &[T],
    groups: &mut impl Iterator<Item = &'a mut [T]>,
) {
    let taps = shape.kernel_height * shape.kernel_width;
    for out_channel in 0..shape.out_channels {
        for y in (0..phase.taps.0).rev() {
            for x in (0..phase.taps.1).rev() {
                let tap = (residues.0 + y * shape.stride) * shape.kernel_width + residues.1 + x * shape.stride;
                let Some(group) = groups.next() else { return };
                for (value, channel) in group.iter_mut().zip(channels.clone()) {
                    *value = weight[(out_channel * shape.in_channels + channel) * taps + tap];
                }
            }
        }
    }
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
    let phases = GradientPhases::new(shape);
    let stage = Stage::new(
        shape.out_channels,
        (shape.out_height(), shape.out_width()),
        1,
        phases.origin.into(),
        phases.extent.into(),
        1,
    );
    let upsampled_width = shape.width * shape.upsample;
    let upsampled_size = shape.height * shape.upsample * upsampled_width;
    let size = shape.height * shape.width;
    let panels = panel_count(shape.in_channels, kernel.rows);
    let data = Shared::new(grad_input);
    // every tap belongs to exactly one phase
    let panel_length = shape.out_channels * shape.kernel_height * shape.kernel_width * kernel.rows;
    share_out(scratch, shape.multiplications(), shape.batch, panels, |images, own_panels, workspace| {
        let Workspace { a: packed, b: staged, offsets, planes: temporary, .. } = workspace;
        let packed = grown(packed, own_panels.len() * panel_length);
        let staged = grown(staged, stage.length(kernel.lanes));
        let temporary = grown(temporary, if shape.upsample > 1 { kernel.rows * upsampled_size } else { 0 });
        offsets.clear();
        for (phase, _) in phases.iter() {
            phase.push_offsets::<T>(&stage, offsets);
        }
        for (index, packed) in own_panels.clone().zip(packed.chunks_exact_mut(panel_length)) {
            let channels = panel(index, panels, shape.in_channels);
            let mut groups = packed.chunks_exact_mut(kernel.rows);
            for (phase, residues) in phases.iter() {
                pack_reversed(shape, &phase, residues, channels.clone(), weight, &mut groups);
            }
        }
        for image in images {
            stage.fill(&grad_output[image * shape.output_len()..], staged);
            for (index, packed) in own_panels.clone().zip(packed.chunks_exact(panel_length)) {
                let channels = panel(index, panels, shape.in_channels);
                let start = (image * shape.in_channels + channels.start) * size;
                // SAFETY: these planes are this worker's own
                let own = unsafe { data.slice(start, channels.len() * size) };
                let planes = if shape.upsample > 1 {
                    Planes { data: Shared::new(temporary), start: 0, width: upsampled_width, size: upsampled_size }
                } else {
                    Planes { data: Shared::new(own), start: 0, width: shape.width, size }
                };
                let (mut weights, mut offsets) = (packed, &offsets[..]);
                for (phase, _) in phases.iter() {
                    let (own_offsets, later_offsets) = offsets.split_at(phase.depth(shape.out_channels));
                    let (own_weights, later_weights) = weights.split_at(own_offsets.len() * kernel.rows);
                    let operands = (own_weights, own_offsets);
                    run_phase(kernel, &phase, (&stage, staged), operands, channels.len(), &planes);
                    (weights, offsets) = (later_weights, later_offsets);
                }
                if shape.upsample > 1 {
                    sum_blocks(temporary, shape.upsample, shape.width, own);
                }
                epilogue(start, own);
            }
        }
    });
}
