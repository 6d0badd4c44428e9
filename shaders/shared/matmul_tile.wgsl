// Matrix product by square tiles in workgroup memory, for real GPUs. The importing file declares
//   const TILE (a multiple of 16), const THREADS = (TILE / 4)^2, and fn epilogue.
// Each of the THREADS invocations owns 4 x 4 elements of the TILE x TILE output tile. Sixteen steps of k are
// staged at a time as vectors of four rows of A and four columns of B; the staging order follows whichever
// axis of the operand is contiguous, so that neighbouring invocations read neighbouring words.

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

const DEPTH: u32 = 16u;
const QUADS: u32 = TILE / 4u;
// One vector of padding per line keeps staging writes along k off the same bank.
const LINE: u32 = QUADS + 1u;
const LOADS: u32 = DEPTH * QUADS / THREADS;

var<workgroup> a_tile: array<vec4f, DEPTH * LINE>;
var<workgroup> b_tile: array<vec4f, DEPTH * LINE>;

fn load_a(base: u32, row: u32, p: u32, p_end: u32) -> f32 {
  if (row < params.m && p < p_end) {
    return a[base + row * params.a_row + p * params.a_col];
  }
  return 0.0;
}

fn load_b(base: u32, p: u32, column: u32, p_end: u32) -> f32 {
  if (column < params.n && p < p_end) {
    return b[base + p * params.b_row + column * params.b_col];
  }
  return 0.0;
}

fn matmul_tile(group: vec3u, lane: u32) {
  let z = group.z % params.batch;
  let slice = group.z / params.batch;
  let p_begin = slice * params.k_slice;
  let p_end = min(params.k, p_begin + params.k_slice);
  let row_0 = group.y * TILE;
  let column_0 = group.x * TILE;
  let a_base = params.a_offset + z * params.a_batch;
  let b_base = params.b_offset + z * params.b_batch;
  let a_along_k = params.a_col == 1u;
  let b_along_k = params.b_row == 1u;
  let my_row = lane / QUADS;
  let my_column = lane % QUADS;

  var sum_0 = vec4f();
  var sum_1 = vec4f();
  var sum_2 = vec4f();
  var sum_3 = vec4f();
  for (var p_0 = p_begin; p_0 < p_end; p_0 += DEPTH) {
    for (var load = 0u; load < LOADS; load++) {
      let e = lane + load * THREADS;
      let a_depth = select(e / QUADS, e % DEPTH, a_along_k);
      let a_quad = select(e % QUADS, e / DEPTH, a_along_k);
      let row = row_0 + a_quad * 4u;
      let a_p = p_0 + a_depth;
      a_tile[a_depth * LINE + a_quad] = vec4f(
        load_a(a_base, row, a_p, p_end), load_a(a_base, row + 1u, a_p, p_end),
        load_a(a_base, row + 2u, a_p, p_end), load_a(a_base, row + 3u, a_p, p_end));
      let b_depth = select(e / QUADS, e % DEPTH, b_along_k);
      let b_quad = select(e % QUADS, e / DEPTH, b_along_k);
      let column = column_0 + b_quad * 4u;
      let b_p = p_0 + b_depth;
      b_tile[b_depth * LINE + b_quad] = vec4f(
        load_b(b_base, b_p, column, p_end), load_b(b_base, b_p, column + 1u, p_end),
        load_b(b_base, b_p, column + 2u, p_end), load_b(b_base, b_p, column + 3u, p_end));
    }
    workgroupBarrier();
    for (var d = 0u; d < DEPTH; d++) {
      let a_quad = a_tile[d * LINE + my_row];
      let b_quad = b_tile[d * LINE + my_column];
      sum_0 += a_quad.x * b_quad;
      sum_1 += a_quad.y * b_quad;
      sum_2 += a_quad.z * b_quad;
      sum_3 += a_quad.w * b_quad;
    }
    workgroupBarrier();
  }

  let row = row_0 + my_row * 4u;
  let column = column_0 + my_column * 4u;
  let at = group.z * params.m * params.n + row * params.n + column;
  store_row(row, column, at, sum_0);
  store_row(row + 1u, column, at + params.n, sum_1);
  store_row(row + 2u, column, at + 2u * params.n, sum_2);
  store_row(row + 3u, column, at + 3u * params.n, sum_3);
}

fn store_row(row: u32, column: u32, at: u32, sum: vec4f) {
  if (row >= params.m) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (column + j < params.n) {
      c[at + j] = epilogue(sum[j], at + j);
    }
  }
}
