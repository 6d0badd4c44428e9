//! Strided copies: transposition, slices, padding with zeros, broadcasting and nearest upsampling.

use crate::real::Real;

/// Axes that a copy may have, after those that are one run in memory have been merged.
pub const MAX_RANK: usize = 6;

/// One axis of the output and how it reads the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// The output's extent.
    pub extent: usize,
    /// Input elements from one position to the next.
    pub stride: usize,
    /// Zeros before the first position that reads.
    pub low: usize,
    /// Positions that read.
    pub size: usize,
}

impl Axis {
    /// An axis whose every position reads.
    pub fn plain(extent: usize, stride: usize) -> Self {
        Axis { extent, stride, low: 0, size: extent }
    }
}

/// See [`crate::Kernels::copy`].
pub(crate) fn copy<T: Real>(axes: &[Axis], offset: usize, input: &[T], output: &mut [T]) {
    let Some((last, outer)) = axes.split_last() else {
        output[0] = input[offset];
        return;
    };
    let mut position = [0usize; MAX_RANK];
    for row in output.chunks_exact_mut(last.extent) {
        let mut start = offset;
        let mut inside = true;
        for (axis, &at) in outer.iter().zip(&position) {
            let relative = at.wrapping_sub(axis.low);
            inside &= relative < axis.size;
            start = start.wrapping_add(relative.wrapping_mul(axis.stride));
        }
        if inside {
            row[..last.low].fill(T::default());
            row[last.low + last.size..].fill(T::default());
            let target = &mut row[last.low..last.low + last.size];
            match last.stride {
                0 => target.fill(input[start]),
                1 => target.copy_from_slice(&input[start..start + last.size]),
                stride => {
                    for (target, &value) in target.iter_mut().zip(input[start..].iter().step_by(stride)) {
                        *target = value;
                    }
                }
            }
        } else {
            row.fill(T::default());
        }
        for axis in (0..outer.len()).rev() {
            position[axis] += 1;
            if position[axis] < outer[axis].extent {
                break;
            }
            position[axis] = 0;
        }
    }
}
