//! Which of the product's kernels runs, by shape and adapter.

use super::MatMul;
use crate::ops::{AdapterKind, Arg, Kernel, Lowered, Shader, shader};

/// Workgroups under which a hardware adapter is not full and a long sum is cut in slices.
const FULL: usize = 64;
/// The least depth of a slice.
const MIN_SLICE: usize = 64;
const MAX_GROUPS: usize = 65_535;
/// Rows up to which a software adapter multiplies row by row.
const ROWS: usize = 2;
/// Invocations under which a software adapter's cores are not all busy and smaller tiles are better.
const BUSY: usize = 32;

pub(super) fn lower(op: &MatMul, adapter: AdapterKind) -> Lowered {
    match adapter {
        AdapterKind::Hardware => {
            let tiles = |tile: usize| op.m.div_ceil(tile) * op.n.div_ceil(tile) * op.batch;
            let (shader, grid) = if op.m <= 4 {
                (shader!("matmul_row"), [op.n.div_ceil(16), 1])
            } else if tiles(64) >= FULL {
                (shader!("matmul"), [op.n.div_ceil(64), op.m.div_ceil(64)])
            } else {
                (shader!("matmul_small"), [op.n.div_ceil(32), op.m.div_ceil(32)])
            };
            let groups = grid[0] * grid[1] * op.batch;
            let slices = (FULL / groups.max(1)).min(op.k / MIN_SLICE).max(1);
            sliced(op, shader, grid, slices)
        }
        AdapterKind::Software => {
            let tiles = |tile: usize| op.m.div_ceil(tile) * op.n.div_ceil(tile);
            let (shader, invocations) = if op.m <= ROWS {
                (shader!("matmul_row_register"), op.m * op.n.div_ceil(8))
            } else if op.m > 8 && op.n > 8 && tiles(16) * op.batch >= BUSY {
                (shader!("matmul_register"), tiles(16))
            } else {
                (shader!("matmul_register_small"), tiles(8))
            };
            let groups = invocations.div_ceil(4);
            sliced(op, shader, [groups.min(MAX_GROUPS), groups.div_ceil(MAX_GROUPS)], 1)
        }
    }
}

/// The product in `slices` of its depth, and the pass that adds them up.
fn sliced(op: &MatMul, shader: Shader, grid: [usize; 2], slices: usize) -> Lowered {
    let k_slice = op.k.div_ceil(slices);
    let slices = op.k.div_ceil(k_slice);
    let words = [
        op.m,
        op.n,
        op.k,
        op.batch,
        op.a.row_stride,
        op.a.col_stride,
        op.a.batch_stride,
        0,
        op.b.row_stride,
        op.b.col_stride,
        op.b.batch_stride,
        0,
        slices,
        k_slice,
        0,
        0,
    ];
    let program = op.epilogue.clone().map(|program| (program, 2));
    let target = if slices == 1 { Arg::Output(0) } else { Arg::ScratchOut(0) };
    let product = Kernel {
        shader,
        uniform: uniform(&words),
        args: vec![Arg::Input(0), Arg::Input(1), target],
        program: if slices == 1 { program.clone() } else { None },
        groups: [grid[0] as u32, grid[1] as u32, (op.batch * slices) as u32],
    };
    if slices == 1 {
        return Lowered::single(product);
    }
    let length = op.batch * op.m * op.n;
    let groups = length.div_ceil(64);
    let sum = Kernel {
        shader: shader!("matmul_sum"),
        uniform: uniform(&[length, slices, 0, 0]),
        args: vec![Arg::ScratchIn(0), Arg::Output(0)],
        program,
        groups: [groups.min(MAX_GROUPS) as u32, groups.div_ceil(MAX_GROUPS) as u32, 1],
    };
    Lowered { kernels: vec![product, sum], scratch: vec![length * slices] }
}

fn uniform(words: &[usize]) -> Vec<u8> {
    words.iter().flat_map(|&word| (word as u32).to_le_bytes()).collect()
}
