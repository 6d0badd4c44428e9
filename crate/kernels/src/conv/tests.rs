use super::*;
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

/// Calls `visit` with the indices (input, weight, output) of every product in the convolution.
fn products(shape: &ConvShape, mut visit: impl FnMut(usize, usize, usize)) {
    let (out_height, out_width) = (shape.out_height(), shape.out_width());
    for b in 0..shape.batch {
        for o in 0..shape.out_channels {
            for (y, x) in (0..out_height).flat_map(|y| (0..out_width).map(move |x| (y, x))) {
                let output = ((b * shape.out_channels + o) * out_height + y) * out_width + x;
                for c in 0..shape.in_channels {
                    for (i, j) in (0..shape.kernel_height).flat_map(|i| (0..shape.kernel_width).map(move |j| (i, j))) {
                        let row = (y * shape.stride + i).wrapping_sub(shape.padding);
                        let column = (x * shape.stride + j).wrapping_sub(shape.padding);
                        if row >= shape.height * shape.upsample || column >= shape.width * shape.upsample {
                            continue;
                        }
                        let (row, column) = (row / shape.upsample, column / shape.upsample);
                        let input = ((b * shape.in_channels + c) * shape.height + row) * shape.width + column;
                        let weight = ((o * shape.in_channels + c) * shape.kernel_height + i) * shape.kernel_width + j;
                        visit(input, weight, output);
                    }
                }
            }
        }
    }
}

fn compare<T: Real>(what: &str, shape: &ConvShape, got: &[T], exact: &[f64]) {
    for (i, (got, exact)) in got.iter().zip(exact).enumerate() {
        let error = f64::abs(got.to_f64() - exact);
        assert!(error <= T::EPSILON.to_f64() * 4000.0, "{what} of {shape:?}: {i} is {got}, not {exact}");
    }
}

/// Checks the functions as they are called.
fn check<T: Real>(shape: &ConvShape, scratch: &mut Scratch<T>) {
    check_passes(shape, scratch, |which, operands, result, scratch, epilogue| match which {
        Pass::Forward => conv2d(shape, operands[0], operands[1], result, scratch, &epilogue),
        Pass::GradInput => conv2d_grad_input(shape, operands[0], operands[1], result, scratch, &epilogue),
        Pass::GradWeight => conv2d_grad_weight(shape, operands[0], operands[1], result, scratch),
    });
}

#[derive(Clone, Copy)]
enum Pass {
    Forward,
    GradInput,
    GradWeight,
}

/// Calls `run` for each pass with its two operands, a place for the result, and an epilogue for the first two.
fn check_passes<T: Real>(
    shape: &ConvShape,
    scratch: &mut Scratch<T>,
    run: impl Fn(Pass, [&[T]; 2], &mut [T], &mut Scratch<T>, fn(usize, &mut [T])),
) {
    let input = numbers::<T>(shape.batch * shape.input_len(), 1);
    let weight = numbers::<T>(shape.weight_len(), 2);
    let output = numbers::<T>(shape.batch * shape.output_len(), 3);
    let mut exact = [vec![0.0; input.len()], vec![0.0; weight.len()], vec![0.0; output.len()]];
    products(shape, |i, w, o| {
        let values = [input[i].to_f64(), weight[w].to_f64(), output[o].to_f64()];
        exact[0][i] += values[1] * values[2];
        exact[1][w] += values[0] * values[2];
        exact[2][o] += values[0] * values[1];
    });
    for which in [0, 2] {
        for (i, value) in exact[which].iter_mut().enumerate() {
            *value = 2.0 * *value + (i % 5) as f64;
        }
    }
    fn epilogue<T: Real>(start: usize, values: &mut [T]) {
        for (i, value) in values.iter_mut().enumerate() {
            *value = *value * T::from_f64(2.0) + T::from_f64(((start + i) % 5) as f64);
        }
    }
    // what was there before must not matter
    let mut got = exact.clone().map(|values| vec![T::from_f64(f64::NAN); values.len()]);
    run(Pass::Forward, [&input, &weight], &mut got[2], scratch, epilogue);
    run(Pass::GradInput, [&output, &weight], &mut got[0], scratch, epilogue);
    run(Pass::GradWeight, [&input, &output], &mut got[1], scratch, epilogue);
    compare("output", shape, &got[2], &exact[2]);
    compare("gradient of the input", shape, &got[0], &exact[0]);
    compare("gradient of the weights", shape, &got[1], &exact[1]);
}

fn shape(
    batch: usize,
    sizes: [usize; 4],
    kernel: (usize, usize),
    upsample: usize,
    stride: usize,
    padding: usize,
) -> ConvShape {
    let [in_channels, height, width, out_channels] = sizes;
    let (kernel_height, kernel_width) = kernel;
    ConvShape {
        batch,
        in_channels,
        height,
        width,
        upsample,
        out_channels,
        kernel_height,
        kernel_width,
        stride,
        padding,
    }
}

#[test]
fn the_usual_convolutions() {
    let (mut single, mut double) = (Scratch::new(), Scratch::new());
    let shapes = [
        shape(1, [1, 28, 28, 32], (3, 3), 1, 1, 1),
        shape(3, [8, 28, 28, 12], (3, 3), 1, 2, 1),
        shape(2, [5, 14, 14, 7], (4, 4), 1, 2, 1),
        shape(2, [6, 7, 7, 3], (3, 3), 2, 1, 1),
        shape(5, [16, 7, 7, 1], (3, 3), 1, 1, 1),
        shape(2, [9, 7, 7, 10], (1, 1), 1, 1, 0),
        shape(2, [3, 9, 11, 4], (7, 7), 1, 1, 3),
        shape(1, [3, 9, 11, 4], (1, 1), 1, 3, 0),
        shape(1, [2, 9, 8, 3], (2, 2), 3, 2, 4),
        shape(1, [1, 1, 1, 1], (1, 1), 1, 1, 0),
        shape(1, [2, 1, 1, 2], (4, 4), 1, 1, 3),
        shape(40, [3, 14, 14, 8], (3, 3), 1, 1, 1),
        shape(2, [64, 14, 14, 65], (3, 3), 1, 1, 1),
        shape(2, [8, 7, 7, 9], (3, 3), 1, 1, 1),
        shape(2, [9, 7, 7, 17], (3, 3), 2, 1, 1),
        shape(1, [8, 5, 3, 8], (3, 3), 3, 1, 0),
        shape(3, [10, 1, 1, 8], (3, 3), 1, 1, 1),
        shape(1, [8, 6, 40, 8], (3, 3), 1, 1, 2),
        shape(1, [8, 3, 11, 13], (3, 3), 1, 1, 4),
        shape(9, [16, 8, 8, 16], (3, 3), 1, 1, 1),
    ];
    for shape in &shapes {
        check::<f32>(shape, &mut single);
        check::<f64>(shape, &mut double);
    }
}

#[test]
fn other_machines_kernels() {
    // what this machine would not choose, but can run; both ways where there are two
    let scratch = &mut Scratch::new();
    let shapes = [
        shape(2, [9, 7, 7, 17], (3, 3), 1, 1, 1),
        shape(1, [8, 6, 19, 13], (3, 3), 2, 1, 0),
        shape(2, [12, 28, 28, 8], (3, 3), 1, 1, 1),
    ];
    for (_, kernel) in crate::gemm::kernel::runnable() {
        for shape in &shapes {
            check_passes(shape, scratch, |which, [a, b], result, scratch, epilogue| match which {
                Pass::Forward => forward::forward(shape, kernel, a, b, result, scratch, &epilogue),
                Pass::GradInput => forward::grad_input(shape, kernel, a, b, result, scratch, &epilogue),
                Pass::GradWeight => weight::grad_weight(shape, kernel, a, b, result, scratch),
            });
            check_passes(shape, scratch, |which, [a, b], result, scratch, epilogue| match which {
                Pass::Forward => winograd::forward(shape, kernel, a, b, result, scratch, &epilogue),
                Pass::GradInput => winograd::grad_input(shape, kernel, a, b, result, scratch, &epilogue),
                Pass::GradWeight => weight::grad_weight(shape, kernel, a, b, result, scratch),
            });
        }
    }
}

#[test]
fn empty_results() {
    let scratch = &mut Scratch::new();
    check::<f32>(&shape(0, [2, 5, 5, 3], (3, 3), 1, 1, 1), scratch);
    check::<f32>(&shape(2, [2, 2, 2, 3], (5, 5), 1, 1, 1), scratch);
    check::<f32>(&shape(2, [0, 4, 4, 3], (3, 3), 1, 1, 1), scratch);
    check::<f32>(&shape(2, [2, 4, 4, 0], (3, 3), 1, 1, 1), scratch);
    check::<f32>(&shape(2, [2, 0, 4, 3], (1, 1), 1, 1, 1), scratch);
}

proptest! {
    #[test]
    fn random_shapes_in_the_winograd_domain(
        sizes in (1usize..3, 8usize..12, 1usize..20, 1usize..20, 8usize..20),
        (upsample, padding) in (1usize..3, 0usize..4),
    ) {
        let (batch, in_channels, height, width, out_channels) = sizes;
        let shape = shape(batch, [in_channels, height, width, out_channels], (3, 3), upsample, 1, padding);
        check::<f32>(&shape, &mut Scratch::new());
        check::<f64>(&shape, &mut Scratch::new());
    }

    #[test]
    fn random_shapes(
        sizes in (1usize..3, 1usize..8, 1usize..12, 1usize..12, 1usize..9),
        kernel in (1usize..6, 1usize..6),
        (upsample, stride, padding) in (1usize..4, 1usize..4, 0usize..5),
    ) {
        let (batch, in_channels, height, width, out_channels) = sizes;
        let shape = shape(batch, [in_channels, height, width, out_channels], kernel, upsample, stride, padding);
        check::<f32>(&shape, &mut Scratch::new());
        check::<f64>(&shape, &mut Scratch::new());
    }
}
