// Rows normalised to mean 0 and variance 1 (see shared/normalize_row.wgsl), for real GPUs.

const SIZE: u32 = 64u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import normalize_row

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  normalize_row(group.x + group.y * params.stride, lane);
}
