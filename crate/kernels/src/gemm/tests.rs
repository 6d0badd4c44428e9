use super::*;
use crate::real::Real;
use proptest::prelude::*;

/// Numbers in [-1, 1) that depend on the index only.
fn numbers<T: Real>(count: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            T::from_f64((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
        })
        .collect()
}

#[derive(Clone, Copy, Debug)]
struct Case {
    m: usize,
    k: usize,
    n: usize,
    a_transposed: bool,
    b_transposed: bool,
    accumulate: bool,
}

fn matrix<T>(data: &[T], rows: usize, columns: usize, transposed: bool) -> Matrix<'_, T> {
    if transposed { Matrix::row_major(data, rows).transposed() } else { Matrix::row_major(data, columns) }
}

fn check<T: Real>(case: Case, scratch: &mut Scratch<T>) {
    let Case { m, k, n, .. } = case;
    let (a, b) = (numbers::<T>(m * k, 1), numbers::<T>(k * n, 2));
    let (a, b) = (matrix(&a, m, k, case.a_transposed), matrix(&b, k, n, case.b_transposed));
    let before = numbers::<T>(m * n, 3);
    let at = |x: Matrix<T>, i: usize, j: usize| x.data[i * x.row_stride + j * x.col_stride].to_f64();
    let epilogue = |start: usize, values: &mut [T]| {
        for (i, value) in values.iter_mut().enumerate() {
            *value = *value * T::from_f64(2.0) + T::from_f64(((start + i) % 7) as f64);
        }
    };
    let mut results = [before.clone(), before.clone()];
    gemm(m, k, n, a, b, &mut results[0], case.accumulate, scratch, &epilogue);
    let packed = PackedB::new(m == 1, k, n, b);
    gemm_packed(m, a, &packed, &mut results[1], case.accumulate, scratch, &epilogue);
    for i in 0..m {
        for j in 0..n {
            let product: f64 = (0..k).map(|p| at(a, i, p) * at(b, p, j)).sum();
            let sum = product + if case.accumulate { before[i * n + j].to_f64() } else { 0.0 };
            let exact = 2.0 * sum + ((i * n + j) % 7) as f64;
            for (which, result) in results.iter().enumerate() {
                let error = f64::abs(result[i * n + j].to_f64() - exact);
                let limit = T::EPSILON.to_f64() * 4.0 * (k as f64 + 8.0);
                assert!(error <= limit, "{case:?}, result {which}, ({i}, {j}): off by {error}");
            }
        }
    }
}

#[test]
fn shapes_transposes_and_accumulation() {
    let (mut single, mut double) = (Scratch::new(), Scratch::new());
    let shapes = [
        (1, 1, 1),
        (2, 1, 2),
        (5, 8, 8),
        (6, 4, 8),
        (7, 11, 13),
        (1, 785, 131),
        (131, 785, 1),
        (3, 5, 2),
        (12, 400, 32),
        (13, 401, 33),
        (64, 20, 400),
        (29, 1000, 31),
        (130, 7, 1030),
        (257, 129, 65),
        (17, 0, 5),
        (0, 3, 4),
        (4, 3, 0),
        (1, 0, 3),
        (3, 0, 1),
        (1, 300, 64),
        (1, 33, 200),
        (128, 784, 20),
    ];
    for (m, k, n) in shapes {
        for flags in 0..8 {
            let (a_transposed, b_transposed, accumulate) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
            let case = Case { m, k, n, a_transposed, b_transposed, accumulate };
            check::<f32>(case, &mut single);
            check::<f64>(case, &mut double);
        }
    }
}

proptest! {
    #[test]
    fn random_shapes(m in 1usize..70, k in 0usize..90, n in 1usize..70, flags in 0u8..8) {
        let (a_transposed, b_transposed, accumulate) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        let case = Case { m, k, n, a_transposed, b_transposed, accumulate };
        check::<f32>(case, &mut Scratch::new());
        check::<f64>(case, &mut Scratch::new());
    }
}

#[test]
fn every_kernel_of_this_machine() {
    // the register tile for each number of rows, against plain sums
    fn check<T: Real>() {
        let kernel = T::micro_kernel();
        let depth = 7;
        let (a, b) = (numbers::<T>(kernel.rows * depth, 5), numbers::<T>(kernel.columns * depth, 6));
        for rows in 1..=kernel.rows {
            let mut c = vec![T::ONE; kernel.rows * kernel.columns];
            let tile = Tile {
                depth,
                a: a.as_ptr(),
                b: b.as_ptr(),
                c: c.as_mut_ptr(),
                c_stride: kernel.columns,
                accumulate: true,
            };
            // SAFETY: the panels and the tile have the sizes of the kernel
            unsafe { (kernel.run)(rows, &tile) };
            for (i, value) in c.iter().enumerate() {
                let (row, column) = (i / kernel.columns, i % kernel.columns);
                let product = |p: usize| a[p * kernel.rows + row].to_f64() * b[p * kernel.columns + column].to_f64();
                let exact = 1.0 + if row < rows { (0..depth).map(product).sum() } else { 0.0 };
                assert!(f64::abs(value.to_f64() - exact) < 1e-5, "{rows} rows, ({row}, {column})");
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn other_machines_kernels() {
    // what this machine would not choose, but can run
    let scratch = &mut Scratch::new();
    for (kernel, _) in kernel::runnable() {
        for (m, k, n) in [(2, 3, 4), (11, 13, 37), (64, 20, 40), (130, 401, 65)] {
            let (a, b) = (numbers::<f32>(m * k, 1), numbers::<f32>(k * n, 2));
            let (a, b) = (Matrix::row_major(&a, k), Matrix::row_major(&b, n));
            let mut c = vec![f32::NAN; m * n];
            multiply(kernel, [m, k, n], a.rows(), Right::Strided(b.columns()), &mut c, false, scratch, &no_epilogue);
            for (i, value) in c.iter().enumerate() {
                let product = |p: usize| f64::from(a.data[i / n * k + p]) * f64::from(b.data[p * n + i % n]);
                let error = f64::abs(f64::from(*value) - (0..k).map(product).sum::<f64>());
                assert!(error < 1e-4, "{m} x {k} x {n}, {} rows: {i} is off by {error}", kernel.rows);
            }
        }
    }
}

#[test]
fn strided_views() {
    // every second column of A, every third row of B
    let (m, k, n) = (9, 14, 10);
    let (a, b) = (numbers::<f32>(m * k * 2, 7), numbers::<f32>(k * n * 3, 8));
    let view_a = Matrix { data: &a, row_stride: 2 * k, col_stride: 2 };
    let view_b = Matrix { data: &b, row_stride: 3 * n, col_stride: 1 };
    let mut c = vec![0.0; m * n];
    gemm(m, k, n, view_a, view_b, &mut c, false, &mut Scratch::new(), &no_epilogue);
    for i in 0..m {
        for j in 0..n {
            let exact: f32 = (0..k).map(|p| a[i * 2 * k + 2 * p] * b[p * 3 * n + j]).sum();
            assert!((c[i * n + j] - exact).abs() < 1e-5);
        }
    }
}
