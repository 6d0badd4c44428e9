//! Staging: a copy of one image with its border of zeros, upsampled, and sorted by column phase, so that the
//! micro-kernels find the numbers for neighbouring output pixels side by side whatever the stride.

use crate::real::Real;

/// How an image is staged. The staged pixel (y, x) is the pixel (y + origin_y, x + origin_x) of the upsampled
/// image, or 0 outside of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// Each pixel of the image counts for so many rows and columns.
    pub upsample: usize,
    pub origin_y: isize,
    pub origin_x: isize,
    /// Staged rows.
    pub rows: usize,
    /// Staged columns of one phase.
    pub phase_columns: usize,
    /// Columns x with the same x % step lie together.
    pub step: usize,
}

impl Stage {
    /// The stage for `rows x columns` staged pixels of one channel.
    #[allow(clippy::too_many_arguments, reason = "two corners of two rectangles")]
    pub fn new(
        channels: usize,
        (height, width): (usize, usize),
        upsample: usize,
        (origin_y, origin_x): (isize, isize),
        (rows, columns): (usize, usize),
        step: usize,
    ) -> Self {
        let phase_columns = columns.div_ceil(step);
        Self { channels, height, width, upsample, origin_y, origin_x, rows, phase_columns, step }
    }

    /// From one staged row to the next.
    pub fn row_stride(&self) -> usize {
        self.step * self.phase_columns
    }

    /// From one channel to the next: an odd number of cache lines, so that the channels of one pixel do not compete
    /// for the same lines of the cache.
    pub fn channel_stride(&self) -> usize {
        const LINE: usize = 16;
        ((self.rows * self.row_stride()).div_ceil(LINE) | 1) * LINE
    }

    /// Numbers in the staged image, with `slack` readable ones behind it.
    pub fn length(&self, slack: usize) -> usize {
        self.channels * self.channel_stride() + slack
    }

    /// Where staged pixel (y, x) of a channel is.
    pub fn position(&self, channel: usize, y: usize, x: usize) -> usize {
        channel * self.channel_stride() + y * self.row_stride() + x % self.step * self.phase_columns + x / self.step
    }

    /// Stages `image`, `channels x height x width`.
    pub fn fill<T: Real>(&self, image: &[T], staged: &mut [T]) {
        let image = &image[..self.channels * self.height * self.width];
        for channel in 0..self.channels {
            let staged = &mut staged[channel * self.channel_stride()..][..self.rows * self.row_stride()];
            let plane = &image[channel * self.height * self.width..][..self.height * self.width];
            for (y, row) in staged.chunks_exact_mut(self.row_stride()).enumerate() {
                let y = y as isize + self.origin_y;
                if y < 0 || y >= (self.height * self.upsample) as isize {
                    row.fill(T::ZERO);
                    continue;
                }
                let source = &plane[y as usize / self.upsample * self.width..][..self.width];
                for (phase, row) in row.chunks_exact_mut(self.phase_columns).enumerate() {
                    self.fill_phase(phase, source, row);
                }
            }
        }
    }

    /// Stages the columns of one phase of one row.
    fn fill_phase<T: Real>(&self, phase: usize, source: &[T], row: &mut [T]) {
        let first = phase as isize + self.origin_x;
        let step = self.step as isize;
        let width = (self.width * self.upsample) as isize;
        // columns j with 0 <= first + j * step < width
        let start = usize::min(if first < 0 { (-first + step - 1) / step } else { 0 } as usize, row.len());
        let end = if width > first { (width - first + step - 1) / step } else { 0 };
        let end = usize::clamp(end as usize, start, row.len());
        row[..start].fill(T::ZERO);
        row[end..].fill(T::ZERO);
        let row = &mut row[start..end];
        if row.is_empty() {
            return;
        }
        let from = (first + start as isize * step) as usize;
        match (self.upsample, self.step) {
            // each step of the columns is one pixel of the image
            (upsample, step) if upsample == step => copy(&source[from / upsample..][..row.len()], row),
            (1, 2) => {
                let (pairs, last) = source[from..].as_chunks::<2>();
                for (to, pair) in row.iter_mut().zip(pairs) {
                    *to = pair[0];
                }
                if let ([value], Some(to)) = (last, row.get_mut(pairs.len())) {
                    *to = *value;
                }
            }
            (2, 1) => {
                // an odd start is the second half of a pair
                let odd = from % 2;
                let (head, tail) = row.split_at_mut(odd);
                head.fill(source[from / 2]);
                let source = &source[from / 2 + odd..];
                let (pairs, last) = tail.as_chunks_mut::<2>();
                let count = pairs.len();
                for (pair, &value) in pairs.iter_mut().zip(source) {
                    *pair = [value; 2];
                }
                if let [last] = last {
                    *last = source[count];
                }
            }
            _ => {
                for (j, to) in row.iter_mut().enumerate() {
                    *to = source[(from + j * self.step) / self.upsample];
                }
            }
        }
    }
}

/// Copies short rows with plain loads and stores: a call of the general copying routine costs more than the row.
#[inline(always)]
fn copy<T: Real>(from: &[T], to: &mut [T]) {
    let (from_groups, from_rest) = from.as_chunks::<4>();
    let (to_groups, to_rest) = to.as_chunks_mut::<4>();
    for (to, from) in to_groups.iter_mut().zip(from_groups) {
        *to = *from;
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        *to = *from;
    }
}
