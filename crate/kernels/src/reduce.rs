//! Sums and maxima over axes, with a program that computes each element read.

use crate::Program;
use crate::real::Real;

/// Elements that are computed of the program at a time.
const BLOCK: usize = 512;

/// What a reduction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The maximum; its gradient goes to the elements that attain it.
    Max,
}

/// Reduces `r1` and `r2` of a tensor seen as `[a, r1, b, r2]` to `[a, b]`.
#[derive(Debug, Clone, Copy)]
pub struct ReduceShape {
    /// What is done.
    pub reduction: Reduction,
    /// Rows that are reduced separately.
    pub a: usize,
    /// The first reduced extent.
    pub r1: usize,
    /// Results in a row.
    pub b: usize,
    /// The second reduced extent.
    pub r2: usize,
}

/// See [`crate::Kernels::reduce`].
pub(crate) fn reduce<T: Real>(shape: &ReduceShape, program: &Program, operands: &[&[T]], output: &mut [T]) {
    let row = shape.r1 * shape.b * shape.r2;
    #[cfg(not(target_arch = "wasm32"))]
    if shape.a > 1 && shape.a * row > 1 << 16 {
        use rayon::prelude::*;
        output
            .par_chunks_mut(shape.b)
            .enumerate()
            .for_each(|(index, output)| shape.reduce_row(program, operands, index * row, output));
        return;
    }
    for (index, output) in output.chunks_mut(shape.b).enumerate() {
        shape.reduce_row(program, operands, index * row, output);
    }
}

impl ReduceShape {
    /// Reduces `[r1, b, r2]` from element `start` on to `b` values.
    fn reduce_row<T: Real>(&self, program: &Program, operands: &[&[T]], start: usize, output: &mut [T]) {
        let begin = match self.reduction {
            Reduction::Sum => T::from_f64(0.0),
            Reduction::Max => T::from_f64(f64::NEG_INFINITY),
        };
        output.fill(begin);
        let mut block = [T::default(); BLOCK];
        let total = self.r1 * self.b * self.r2;
        // sums of many numbers keep their digits when each block is summed by itself
        let mut done = 0;
        while done < total {
            let len = BLOCK.min(total - done);
            let part = &mut block[..len];
            program.run(operands, start + done, part);
            if self.r2 == 1 {
                let mut rest = &part[..];
                let mut column = done % self.b;
                while !rest.is_empty() {
                    let run = rest.len().min(self.b - column);
                    let (head, tail) = rest.split_at(run);
                    self.combine_each(&mut output[column..column + run], head);
                    rest = tail;
                    column = 0;
                }
            } else {
                let mut rest = &part[..];
                let mut position = done;
                while !rest.is_empty() {
                    let run = rest.len().min(self.r2 - position % self.r2);
                    let (head, tail) = rest.split_at(run);
                    let target = &mut output[position / self.r2 % self.b];
                    *target = self.combine(*target, self.fold(head));
                    rest = tail;
                    position += run;
                }
            }
            done += len;
        }
    }

    fn combine<T: Real>(&self, left: T, right: T) -> T {
        match self.reduction {
            Reduction::Sum => left + right,
            Reduction::Max => {
                if right > left {
                    right
                } else {
                    left
                }
            }
        }
    }

    fn combine_each<T: Real>(&self, target: &mut [T], values: &[T]) {
        for (target, &value) in target.iter_mut().zip(values) {
            *target = self.combine(*target, value);
        }
    }

    /// Eight partial results, so that the loop vectorises and rounding stays small.
    fn fold<T: Real>(&self, values: &[T]) -> T {
        let mut lanes = [match self.reduction {
            Reduction::Sum => T::from_f64(0.0),
            Reduction::Max => T::from_f64(f64::NEG_INFINITY),
        }; 8];
        let (chunks, rest) = values.as_chunks::<8>();
        for chunk in chunks {
            self.combine_each(&mut lanes, chunk);
        }
        self.combine_each(&mut lanes, rest);
        lanes[1..].iter().fold(lanes[0], |sum, &lane| self.combine(sum, lane))
    }
}
