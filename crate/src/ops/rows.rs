//! What the ops that work on whole rows have in common: softmax and normalisation.

use super::{AdapterKind, Arg, Kernel, Lowered, Program, Shader, linear_groups};
use crate::real::Real;

/// Elements of a run of rows: few enough to stay in a near cache from pass to pass.
const RUN: usize = 8192;
/// Elements from which the runs are shared out over the cores.
#[cfg(not(target_arch = "wasm32"))]
const PARALLEL_FROM: usize = 1 << 15;

/// Calls `work` with runs of whole rows of `output` and the index of each run's first element.
pub(super) fn for_runs<T: Real>(output: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let run = (RUN / length).max(1) * length;
    #[cfg(not(target_arch = "wasm32"))]
    if output.len() > PARALLEL_FROM {
        use rayon::prelude::*;
        output.par_chunks_mut(run).enumerate().for_each(|(index, rows)| work(index * run, rows));
        return;
    }
    for (index, rows) in output.chunks_mut(run).enumerate() {
        work(index * run, rows);
    }
}

/// The sum of `term` over pairs of elements, in eight lanes so that the loop vectorises and rounding stays small.
pub(super) fn lane_sum<T: Real>(a: &[T], b: &[T], term: impl Fn(T, T) -> T) -> T {
    let mut lanes = [T::ZERO; 8];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += term(a, b);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += term(a, b);
    }
    lanes.into_iter().sum()
}

/// The two variants of a kernel with one workgroup a row.
pub(super) struct RowShaders {
    /// 64 invocations, for hardware.
    pub wide: Shader,
    /// 4 invocations, for software adapters: one SIMD register, so that a barrier costs next to nothing.
    pub narrow: Shader,
}

/// The sizes that every row kernel's uniform block starts with, and a fourth word of the kernel's own.
pub(super) struct RowSizes {
    /// Rows.
    pub rows: usize,
    /// Elements in a row.
    pub length: usize,
    /// The kernel's own word.
    pub word: u32,
}

/// One dispatch of a row kernel.
pub(super) fn lower(
    adapter: AdapterKind,
    shaders: &RowShaders,
    sizes: &RowSizes,
    args: Vec<Arg>,
    program: Option<(Program, usize)>,
) -> Lowered {
    let groups = linear_groups(sizes.rows, 1);
    Lowered::single(Kernel {
        shader: match adapter {
            AdapterKind::Hardware => shaders.wide,
            AdapterKind::Software => shaders.narrow,
        },
        uniform: bytemuck::cast_slice(&[sizes.rows as u32, sizes.length as u32, groups[0], sizes.word]).to_vec(),
        args,
        program,
        groups,
    })
}
