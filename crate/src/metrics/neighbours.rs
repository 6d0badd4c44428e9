//! Distances between sets of features, block by block: a whole table of 10,000 x 10,000 is never there.

use crate::kernels::Kernels;
use crate::kernels::gemm::{Matrix, Scratch, no_epilogue};

/// Rows of a block of distances.
const BLOCK: usize = 128;

/// Points of one dimension, all of a point's coordinates together, with their squared lengths.
#[derive(Debug, Clone)]
pub struct Points {
    width: usize,
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl Points {
    /// Rows of `width`.
    pub fn new(values: Vec<f64>, width: usize) -> Points {
        let squares = values.chunks_exact(width.max(1)).map(|row| row.iter().map(|v| v * v).sum()).collect();
        Points { width, values, squares }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.squares.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.squares.is_empty()
    }
}

/// The squared distances of all pairs of two sets, some rows at a time.
pub struct Distances<'a> {
    from: &'a Points,
    to: &'a Points,
    next: usize,
    block: Vec<f64>,
    scratch: Scratch<f64>,
}

impl<'a> Distances<'a> {
    /// Rows are the points `from`, columns the points `to`.
    ///
    /// # Panics
    /// When the points are of different dimensions.
    pub fn new(from: &'a Points, to: &'a Points) -> Distances<'a> {
        assert_eq!(from.width, to.width, "points of different dimensions");
        Distances { from, to, next: 0, block: Vec::new(), scratch: Scratch::new() }
    }

    /// The next rows: the number of the first one, and all their values. `None` behind the last row.
    ///
    /// |x - y|^2 = |x|^2 + |y|^2 - 2 x . y, so that nearly all of the work is a matrix product; rounding below 0 is cut.
    pub fn next_rows(&mut self) -> Option<(usize, &[f64])> {
        let (first, columns, width) = (self.next, self.to.len(), self.from.width);
        let rows = BLOCK.min(self.from.len() - first);
        if rows == 0 || columns == 0 {
            return None;
        }
        self.next += rows;
        self.block.resize(rows * columns, 0.0);
        let from = Matrix::row_major(&self.from.values[first * width..(first + rows) * width], width);
        let to = Matrix::row_major(&self.to.values, width).transposed();
        f64::gemm(rows, width, columns, from, to, &mut self.block, false, &mut self.scratch, &no_epilogue);
        for (row, square) in self.block.chunks_exact_mut(columns).zip(&self.from.squares[first..]) {
            for (value, other) in row.iter_mut().zip(&self.to.squares) {
                *value = (square + other - 2.0 * *value).max(0.0);
            }
        }
        Some((first, &self.block))
    }
}

/// The squared distances of each point to its `k` nearest others of the same set, the nearest first: `k` for each point.
/// Where there are fewer others the missing ones are infinitely far.
pub fn nearest_others(points: &Points, k: usize) -> Vec<f64> {
    let columns = points.len();
    let mut nearest = vec![f64::INFINITY; columns * k];
    let mut distances = Distances::new(points, points);
    while let Some((first, block)) = distances.next_rows() {
        for (row, values) in block.chunks_exact(columns).enumerate() {
            let index = first + row;
            let kept = &mut nearest[index * k..(index + 1) * k];
            keep_smallest(&values[..index], kept);
            keep_smallest(&values[index + 1..], kept);
        }
    }
    nearest
}

/// Sorts those of `values` that belong there into `kept`, which is in order.
fn keep_smallest(values: &[f64], kept: &mut [f64]) {
    let Some(last) = kept.len().checked_sub(1) else { return };
    for &value in values {
        if value < kept[last] {
            let mut place = last;
            while place > 0 && kept[place - 1] > value {
                kept[place] = kept[place - 1];
                place -= 1;
            }
            kept[place] = value;
        }
    }
}

/// The mean distance (not squared) of the points `from` to the nearest of the points `to`.
pub fn mean_nearest_distance(from: &Points, to: &Points) -> f64 {
    nearest_distances(from, to).iter().sum::<f64>() / from.len() as f64
}

/// The distance (not squared) of each of the points `from` to the nearest of the points `to`.
pub fn nearest_distances(from: &Points, to: &Points) -> Vec<f64> {
    let mut nearest = Vec::with_capacity(from.len());
    let mut distances = Distances::new(from, to);
    while let Some((_, block)) = distances.next_rows() {
        for values in block.chunks_exact(to.len()) {
            let mut smallest = f64::INFINITY;
            for &value in values {
                smallest = if value < smallest { value } else { smallest };
            }
            nearest.push(smallest.sqrt());
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Philox;

    fn cloud(seed: u64, count: usize, width: usize) -> Points {
        let mut values = vec![0.0f32; count * width];
        Philox::new(seed, 0).fill_normal(&mut values);
        Points::new(values.into_iter().map(f64::from).collect(), width)
    }

    fn squared(a: &Points, i: usize, b: &Points, j: usize) -> f64 {
        let width = a.width;
        let rows = a.values[i * width..(i + 1) * width].iter().zip(&b.values[j * width..(j + 1) * width]);
        rows.map(|(a, b)| (a - b).powi(2)).sum()
    }

    #[test]
    fn blocks_hold_every_pair_once() {
        let (a, b) = (cloud(1, BLOCK + 5, 7), cloud(2, 31, 7));
        let mut distances = Distances::new(&a, &b);
        let mut seen = 0;
        while let Some((first, block)) = distances.next_rows() {
            for (row, values) in block.chunks_exact(b.len()).enumerate() {
                for (column, value) in values.iter().enumerate() {
                    assert!((value - squared(&a, first + row, &b, column)).abs() < 1e-12);
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, a.len() * b.len());
        assert!(Distances::new(&cloud(1, 0, 7), &b).next_rows().is_none());
    }

    #[test]
    fn the_nearest_others_leave_the_point_itself_out() {
        let points = cloud(3, BLOCK + 9, 3);
        let nearest = nearest_others(&points, 4);
        for index in [0, 1, BLOCK, points.len() - 1] {
            let mut all: Vec<f64> =
                (0..points.len()).filter(|j| *j != index).map(|j| squared(&points, index, &points, j)).collect();
            all.sort_by(f64::total_cmp);
            for (found, expected) in nearest[index * 4..].iter().zip(&all[..4]) {
                assert!((found - expected).abs() < 1e-12);
            }
        }
        assert_eq!(nearest_others(&Points::new(vec![0.0, 3.0], 1), 2), [9.0, f64::INFINITY, 9.0, f64::INFINITY]);
    }

    #[test]
    fn copies_are_at_no_distance() {
        let points = cloud(5, 40, 6);
        assert!(mean_nearest_distance(&points, &points) < 1e-6);
        let line = |values: &[f64]| Points::new(values.to_vec(), 1);
        assert!((mean_nearest_distance(&line(&[0.0, 10.0]), &line(&[1.0, 7.0])) - 2.0).abs() < 1e-12);
    }
}
