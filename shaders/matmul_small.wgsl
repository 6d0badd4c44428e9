// Matrix product, small tiles: C = A B with any strides (see shared/matmul_params.wgsl), for real GPUs.
//   bindings: 0 params, 1 A, 2 B, 3 C
//   dispatch: (ceil(n / 32), ceil(m / 32), batch * splits), 64 invocations
// Four times as many workgroups as matmul.wgsl: for products whose 64 x 64 tiles would leave the device idle.

// @import matmul_params

const TILE: u32 = 32u;
const THREADS: u32 = 64u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import tile_product
// @import matmul_tile

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  matmul_tile(group, lane);
}
