// Softmax of rows (see shared/softmax_row.wgsl), for software adapters.

const SIZE: u32 = 4u;

// @import softmax_row

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  softmax_row(group.x + group.y * params.stride, lane);
}
