// What matmul.wgsl and matmul_small.wgsl have in common: general strides on top of tile_product.wgsl.

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

var<private> a_base: u32;
var<private> b_base: u32;
var<private> c_base: u32;

fn element_a(row: u32, p: u32) -> f32 {
  if (row < params.m) {
    return a[a_base + row * params.a_row + p * params.a_col];
  }
  return 0.0;
}

fn element_b(p: u32, column: u32) -> f32 {
  if (column < params.n) {
    return b[b_base + p * params.b_row + column * params.b_col];
  }
  return 0.0;
}

fn stage_a(row: u32, p: u32, slot: u32) -> vec4f {
  return vec4f(element_a(row, p), element_a(row + 1u, p), element_a(row + 2u, p), element_a(row + 3u, p));
}

fn stage_b(p: u32, column: u32, slot: u32) -> vec4f {
  return vec4f(
    element_b(p, column), element_b(p, column + 1u), element_b(p, column + 2u), element_b(p, column + 3u));
}

fn store(row: u32, column: u32, sum: f32) {
  if (row < params.m && column < params.n) {
    let at = c_base + row * params.n + column;
    c[at] = epilogue(sum, at);
  }
}

fn matmul_tile(group: vec3u, lane: u32) {
  let z = group.z % params.batch;
  let p_begin = group.z / params.batch * params.k_slice;
  a_base = params.a_offset + z * params.a_batch;
  b_base = params.b_offset + z * params.b_batch;
  c_base = group.z * params.m * params.n;
  tile_product(group.y * TILE, group.x * TILE, p_begin, min(params.k, p_begin + params.k_slice), lane,
    params.a_col == 1u, params.b_row == 1u);
}
