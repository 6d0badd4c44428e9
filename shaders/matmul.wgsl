// Matrix product, large tiles: C = A B with any strides (see shared/matmul_params.wgsl), for real GPUs.
//   bindings: 0 params, 1 A, 2 B, 3 C
//   dispatch: (ceil(n / 64), ceil(m / 64), batch * splits), 256 invocations
// Use where m and n fill the device with 64 x 64 tiles; otherwise matmul_small.wgsl, or matmul_row.wgsl for m <= 4.

// @import matmul_params

const TILE: u32 = 64u;
const THREADS: u32 = 256u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import tile_product
// @import matmul_tile

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  matmul_tile(group, lane);
}
