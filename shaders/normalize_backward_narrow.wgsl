// The derivative of a normalisation (see shared/normalize_backward_row.wgsl), for software adapters.

const SIZE: u32 = 4u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import normalize_backward_row

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  normalize_backward_row(group.x + group.y * params.stride, lane);
}
