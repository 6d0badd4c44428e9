// Matrix product by register tiles, C = A B with any strides (see shared/matmul_params.wgsl), for software adapters,
// where a barrier costs more than the loads it saves.
//   bindings: 0 params, 1 A, 2 B, 3 C
//   dispatch: (min(groups, 65535), ceil(groups / 65535), batch * splits)
//             with groups = ceil(ceil(m / 8) * ceil(n / 16) / 4), 4 invocations
// Each invocation owns 8 rows x 16 columns, with no barrier and no workgroup memory. Rows and columns past the
// edge repeat the last one, so that every load is in bounds; they are never stored.

// @import matmul_params

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

const ROWS: u32 = 8u;
const COLUMNS: u32 = 16u;
const THREADS: u32 = 4u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

fn store_quad(row: u32, column: u32, z: u32, sum: vec4f) {
  if (row >= params.m) {
    return;
  }
  let at = (z * params.m + row) * params.n + column;
  for (var j = 0u; j < 4u; j++) {
    if (column + j < params.n) {
      c[at + j] = epilogue(sum[j], at + j);
    }
  }
}

fn store_row(row: u32, column: u32, z: u32, sum_0: vec4f, sum_1: vec4f, sum_2: vec4f, sum_3: vec4f) {
  store_quad(row, column, z, sum_0);
  store_quad(row, column + 4u, z, sum_1);
  store_quad(row, column + 8u, z, sum_2);
  store_quad(row, column + 12u, z, sum_3);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tiles_across = (params.n + COLUMNS - 1u) / COLUMNS;
  let tiles_down = (params.m + ROWS - 1u) / ROWS;
  let tile = (group.y * groups.x + group.x) * THREADS + lane;
  if (tile >= tiles_across * tiles_down) {
    return;
  }
  let row = tile / tiles_across * ROWS;
  let column = tile % tiles_across * COLUMNS;
  let z = group.z % params.batch;
  let p_begin = group.z / params.batch * params.k_slice;
  let p_end = min(params.k, p_begin + params.k_slice);
  let last_row = params.m - 1u;
  let last_column = params.n - 1u;

  let a_base = params.a_offset + z * params.a_batch + p_begin * params.a_col;
  var a_at_0 = a_base + min(row + 0u, last_row) * params.a_row;
  var a_at_1 = a_base + min(row + 1u, last_row) * params.a_row;
  var a_at_2 = a_base + min(row + 2u, last_row) * params.a_row;
  var a_at_3 = a_base + min(row + 3u, last_row) * params.a_row;
  var a_at_4 = a_base + min(row + 4u, last_row) * params.a_row;
  var a_at_5 = a_base + min(row + 5u, last_row) * params.a_row;
  var a_at_6 = a_base + min(row + 6u, last_row) * params.a_row;
  var a_at_7 = a_base + min(row + 7u, last_row) * params.a_row;
  let b_base = params.b_offset + z * params.b_batch + p_begin * params.b_row;
  var b_at_0 = b_base + min(column + 0u, last_column) * params.b_col;
  var b_at_1 = b_base + min(column + 1u, last_column) * params.b_col;
  var b_at_2 = b_base + min(column + 2u, last_column) * params.b_col;
  var b_at_3 = b_base + min(column + 3u, last_column) * params.b_col;
  var b_at_4 = b_base + min(column + 4u, last_column) * params.b_col;
  var b_at_5 = b_base + min(column + 5u, last_column) * params.b_col;
  var b_at_6 = b_base + min(column + 6u, last_column) * params.b_col;
  var b_at_7 = b_base + min(column + 7u, last_column) * params.b_col;
  var b_at_8 = b_base + min(column + 8u, last_column) * params.b_col;
  var b_at_9 = b_base + min(column + 9u, last_column) * params.b_col;
  var b_at_10 = b_base + min(column + 10u, last_column) * params.b_col;
  var b_at_11 = b_base + min(column + 11u, last_column) * params.b_col;
  var b_at_12 = b_base + min(column + 12u, last_column) * params.b_col;
  var b_at_13 = b_base + min(column + 13u, last_column) * params.b_col;
  var b_at_14 = b_base + min(column + 14u, last_column) * params.b_col;
  var b_at_15 = b_base + min(column + 15u, last_column) * params.b_col;
  var sum_0_0 = vec4f();
  var sum_0_1 = vec4f();
  var sum_0_2 = vec4f();
  var sum_0_3 = vec4f();
  var sum_1_0 = vec4f();
  var sum_1_1 = vec4f();
  var sum_1_2 = vec4f();
  var sum_1_3 = vec4f();
  var sum_2_0 = vec4f();
  var sum_2_1 = vec4f();
  var sum_2_2 = vec4f();
  var sum_2_3 = vec4f();
  var sum_3_0 = vec4f();
  var sum_3_1 = vec4f();
  var sum_3_2 = vec4f();
  var sum_3_3 = vec4f();
  var sum_4_0 = vec4f();
  var sum_4_1 = vec4f();
  var sum_4_2 = vec4f();
  var sum_4_3 = vec4f();
  var sum_5_0 = vec4f();
  var sum_5_1 = vec4f();
  var sum_5_2 = vec4f();
  var sum_5_3 = vec4f();
  var sum_6_0 = vec4f();
  var sum_6_1 = vec4f();
  var sum_6_2 = vec4f();
  var sum_6_3 = vec4f();
  var sum_7_0 = vec4f();
  var sum_7_1 = vec4f();
  var sum_7_2 = vec4f();
  var sum_7_3 = vec4f();
  for (var p = p_begin; p < p_end; p++) {
    let b_0 = vec4f(b[b_at_0], b[b_at_1], b[b_at_2], b[b_at_3]);
    let b_1 = vec4f(b[b_at_4], b[b_at_5], b[b_at_6], b[b_at_7]);
    let b_2 = vec4f(b[b_at_8], b[b_at_9], b[b_at_10], b[b_at_11]);
    let b_3 = vec4f(b[b_at_12], b[b_at_13], b[b_at_14], b[b_at_15]);
    let a_0 = a[a_at_0];
    sum_0_0 += a_0 * b_0;
    sum_0_1 += a_0 * b_1;
    sum_0_2 += a_0 * b_2;
    sum_0_3 += a_0 * b_3;
    let a_1 = a[a_at_1];
    sum_1_0 += a_1 * b_0;
    sum_1_1 += a_1 * b_1;
    sum_1_2 += a_1 * b_2;
    sum_1_3 += a_1 * b_3;
    let a_2 = a[a_at_2];
    sum_2_0 += a_2 * b_0;
    sum_2_1 += a_2 * b_1;
    sum_2_2 += a_2 * b_2;
    sum_2_3 += a_2 * b_3;
    let a_3 = a[a_at_3];
    sum_3_0 += a_3 * b_0;
    sum_3_1 += a_3 * b_1;
    sum_3_2 += a_3 * b_2;
    sum_3_3 += a_3 * b_3;
    let a_4 = a[a_at_4];
    sum_4_0 += a_4 * b_0;
    sum_4_1 += a_4 * b_1;
    sum_4_2 += a_4 * b_2;
    sum_4_3 += a_4 * b_3;
    let a_5 = a[a_at_5];
    sum_5_0 += a_5 * b_0;
    sum_5_1 += a_5 * b_1;
    sum_5_2 += a_5 * b_2;
    sum_5_3 += a_5 * b_3;
    let a_6 = a[a_at_6];
    sum_6_0 += a_6 * b_0;
    sum_6_1 += a_6 * b_1;
    sum_6_2 += a_6 * b_2;
    sum_6_3 += a_6 * b_3;
    let a_7 = a[a_at_7];
    sum_7_0 += a_7 * b_0;
    sum_7_1 += a_7 * b_1;
    sum_7_2 += a_7 * b_2;
    sum_7_3 += a_7 * b_3;
    a_at_0 += params.a_col;
    a_at_1 += params.a_col;
    a_at_2 += params.a_col;
    a_at_3 += params.a_col;
    a_at_4 += params.a_col;
    a_at_5 += params.a_col;
    a_at_6 += params.a_col;
    a_at_7 += params.a_col;
    b_at_0 += params.b_row;
    b_at_1 += params.b_row;
    b_at_2 += params.b_row;
    b_at_3 += params.b_row;
    b_at_4 += params.b_row;
    b_at_5 += params.b_row;
    b_at_6 += params.b_row;
    b_at_7 += params.b_row;
    b_at_8 += params.b_row;
    b_at_9 += params.b_row;
    b_at_10 += params.b_row;
    b_at_11 += params.b_row;
    b_at_12 += params.b_row;
    b_at_13 += params.b_row;
    b_at_14 += params.b_row;
    b_at_15 += params.b_row;
  }

  store_row(row + 0u, column, group.z, sum_0_0, sum_0_1, sum_0_2, sum_0_3);
  store_row(row + 1u, column, group.z, sum_1_0, sum_1_1, sum_1_2, sum_1_3);
  store_row(row + 2u, column, group.z, sum_2_0, sum_2_1, sum_2_2, sum_2_3);
  store_row(row + 3u, column, group.z, sum_3_0, sum_3_1, sum_3_2, sum_3_3);
  store_row(row + 4u, column, group.z, sum_4_0, sum_4_1, sum_4_2, sum_4_3);
  store_row(row + 5u, column, group.z, sum_5_0, sum_5_1, sum_5_2, sum_5_3);
  store_row(row + 6u, column, group.z, sum_6_0, sum_6_1, sum_6_2, sum_6_3);
  store_row(row + 7u, column, group.z, sum_7_0, sum_7_1, sum_7_2, sum_7_3);
}
