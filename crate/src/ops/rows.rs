//! What the ops that work on whole rows have in common: softmax and normalisation.

use super::{AdapterKind, Arg, Kernel, Lowered, Program, Shader, linear_groups};

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
