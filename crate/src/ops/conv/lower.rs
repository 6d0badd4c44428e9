//! Which of the convolution's kernels runs, by pass and adapter.

use super::{Conv2d, Pass};
use crate::ops::{AdapterKind, Arg, Kernel, Lowered, Shader, shader};

/// Side of a workgroup's tile of the output in the kernels for hardware.
const TILE: usize = 32;
/// Pixels and channels of an invocation in the kernels for software, and channels in the narrow one.
const PIXELS: usize = 16;
const CHANNELS: usize = 16;
const NARROW: usize = 4;
/// Output and input channels of an invocation in the weights' kernel for software.
const ROWS: usize = 8;
const COLUMNS: usize = 16;
/// Invocations of a workgroup in the kernels for software.
const THREADS: usize = 4;
const MAX_GROUPS: usize = 65_535;
/// Terms of a weight's sum in one slice, and the most slices, for hardware.
const SLICE: usize = 512;
const MAX_SLICES: usize = 64;
/// Invocations under which a software adapter's cores are not all busy and the weights' sum is cut in slices.
const FULL: usize = 32;

pub(super) fn lower(op: &Conv2d, adapter: AdapterKind) -> Lowered {
    let s = &op.shape;
    match op.pass {
        Pass::Forward => {
            let pixels = s.batch * s.out_height() * s.out_width();
            let register = match s.out_channels <= NARROW {
                true => (shader!("conv2d_register_narrow"), NARROW),
                false => (shader!("conv2d_register"), CHANNELS),
            };
            gathered(op, adapter, shader!("conv2d"), register, pixels, s.out_channels)
        }
        Pass::GradInput => {
            let register = (shader!("conv2d_grad_input_register"), CHANNELS);
            gathered(op, adapter, shader!("conv2d_grad_input"), register, s.batch * s.height * s.width, s.in_channels)
        }
        Pass::GradWeight => grad_weight(op, adapter),
    }
}

/// The forward pass and the gradient of the input: each output element gathers what it is made of. `register` is the
/// kernel for software and the channels of one of its invocations.
fn gathered(
    op: &Conv2d,
    adapter: AdapterKind,
    tile: Shader,
    register: (Shader, usize),
    pixels: usize,
    channels: usize,
) -> Lowered {
    let tiles = [pixels.div_ceil(TILE), channels.div_ceil(TILE)];
    // the tile kernels have no second axis left for very many pixels
    let (shader, groups) = if adapter == AdapterKind::Hardware && tiles[0] <= MAX_GROUPS && tiles[1] <= MAX_GROUPS {
        (tile, tiles)
    } else {
        (register.0, folded((pixels.div_ceil(PIXELS) * channels.div_ceil(register.1)).div_ceil(THREADS)))
    };
    Lowered::single(Kernel {
        shader,
        uniform: uniform(op, 1, 0),
        args: vec![Arg::Input(0), Arg::Input(1), Arg::Output(0)],
        program: op.epilogue.clone().map(|program| (program, 2)),
        groups: [groups[0] as u32, groups[1] as u32, 1],
    })
}

/// The gradient of the weights: a long sum for each of few elements, cut in slices that a second pass adds up.
fn grad_weight(op: &Conv2d, adapter: AdapterKind) -> Lowered {
    let s = &op.shape;
    let taps = s.kernel_height * s.kernel_width;
    let (shader, groups, terms, wanted) = match adapter {
        AdapterKind::Hardware => {
            let terms = s.batch * s.out_height() * s.out_width();
            let groups = [(s.in_channels * taps).div_ceil(TILE), s.out_channels.div_ceil(TILE)];
            (shader!("conv2d_grad_weight"), groups, terms, terms.div_ceil(SLICE).min(MAX_SLICES))
        }
        AdapterKind::Software => {
            let invocations = taps * s.out_channels.div_ceil(ROWS) * s.in_channels.div_ceil(COLUMNS);
            let lines = s.batch * s.out_height();
            let groups = folded(invocations.div_ceil(THREADS));
            (shader!("conv2d_grad_weight_register"), groups, lines, FULL.div_ceil(invocations).min(lines))
        }
    };
    let slice = terms.div_ceil(wanted);
    let slices = terms.div_ceil(slice);
    let program = op.epilogue.clone().map(|program| (program, 2));
    let product = |target: Arg, program| Kernel {
        shader,
        uniform: uniform(op, slices, slice),
        args: vec![Arg::Input(0), Arg::Input(1), target],
        program,
        groups: [groups[0] as u32, groups[1] as u32, slices as u32],
    };
    if slices == 1 {
        return Lowered::single(product(Arg::Output(0), program));
    }
    let length = s.weight_len();
    let [x, y] = folded(length.div_ceil(64));
    let sum = Kernel {
        shader: shader!("matmul_sum"),
        uniform: words(&[length, slices, 0, 0]),
        args: vec![Arg::ScratchIn(0), Arg::Output(0)],
        program,
        groups: [x as u32, y as u32, 1],
    };
    Lowered { kernels: vec![product(Arg::ScratchOut(0), None), sum], scratch: vec![length * slices] }
}

/// A row of workgroups folded so that neither axis is too long.
fn folded(groups: usize) -> [usize; 2] {
    [groups.min(MAX_GROUPS), groups.div_ceil(MAX_GROUPS)]
}

fn uniform(op: &Conv2d, slices: usize, slice: usize) -> Vec<u8> {
    let s = &op.shape;
    words(&[
        s.batch,
        s.in_channels,
        s.height,
        s.width,
        s.out_channels,
        s.out_height(),
        s.out_width(),
        s.kernel_height,
        s.kernel_width,
        s.stride,
        s.padding,
        s.upsample,
        slices,
        slice,
        0,
        0,
    ])
}

fn words(values: &[usize]) -> Vec<u8> {
    values.iter().flat_map(|&value| (value as u32).to_le_bytes()).collect()
}
