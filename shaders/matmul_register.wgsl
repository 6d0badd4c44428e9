// Matrix product by register tiles, C = A B with any strides (see shared/matmul_params.wgsl), for software adapters,
// where a barrier costs more than the loads it saves.
//   bindings: 0 params, 1 A, 2 B, 3 C
//   dispatch: (min(groups, 65535), ceil(groups / 65535), batch * splits)
//             with groups = ceil(ceil(m / 16) * ceil(n / 16) / 4), 4 invocations
// Each invocation owns 16 x 16 elements, with no barrier and no workgroup memory, and takes four steps of k at a
// time: a round costs something for every sum it carries, and a vector times a matrix adds four products to a sum
// before that has to be stored.

// @import matmul_params

const ROWS: u32 = 16u;
const COLUMNS: u32 = 16u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import matmul_register

fn load_a(base: u32, at: vec4u, live: vec4<bool>) -> vec4f {
  return select(vec4f(), vec4f(a[base + at.x], a[base + at.y], a[base + at.z], a[base + at.w]), live);
}

fn load_b(base: u32, at: vec4u) -> vec4f {
  return vec4f(b[base + at.x], b[base + at.y], b[base + at.z], b[base + at.w]);
}

// Four columns of B, four steps each.
fn load_columns(base: vec4u, at: vec4u) -> mat4x4f {
  return mat4x4f(load_b(base.x, at), load_b(base.y, at), load_b(base.z, at), load_b(base.w, at));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, groups, lane);
  if (!tile.live) {
    return;
  }
  let row_0 = row_base(tile, 0u);
  let row_1 = row_base(tile, 1u);
  let row_2 = row_base(tile, 2u);
  let row_3 = row_base(tile, 3u);
  let row_4 = row_base(tile, 4u);
  let row_5 = row_base(tile, 5u);
  let row_6 = row_base(tile, 6u);
  let row_7 = row_base(tile, 7u);
  let row_8 = row_base(tile, 8u);
  let row_9 = row_base(tile, 9u);
  let row_10 = row_base(tile, 10u);
  let row_11 = row_base(tile, 11u);
  let row_12 = row_base(tile, 12u);
  let row_13 = row_base(tile, 13u);
  let row_14 = row_base(tile, 14u);
  let row_15 = row_base(tile, 15u);
  let quad_0 = quad_base(tile, 0u);
  let quad_1 = quad_base(tile, 1u);
  let quad_2 = quad_base(tile, 2u);
  let quad_3 = quad_base(tile, 3u);
  let a_step = params.a_col;
  let b_step = params.b_row;
  let p_end = tile.p_end;
  var sums: array<vec4f, ROWS * QUADS>;
  for (var p = tile.p_begin; p < p_end; p += 4u) {
    // Steps past the end repeat the last one with a zero for A.
    let wanted = p + vec4u(0u, 1u, 2u, 3u);
    let steps = min(wanted, vec4u(p_end - 1u));
    let live = wanted < vec4u(p_end);
    let a_at = steps * a_step;
    let b_at = steps * b_step;
    let a_0 = load_a(row_0, a_at, live);
    let a_1 = load_a(row_1, a_at, live);
    let a_2 = load_a(row_2, a_at, live);
    let a_3 = load_a(row_3, a_at, live);
    let a_4 = load_a(row_4, a_at, live);
    let a_5 = load_a(row_5, a_at, live);
    let a_6 = load_a(row_6, a_at, live);
    let a_7 = load_a(row_7, a_at, live);
    let a_8 = load_a(row_8, a_at, live);
    let a_9 = load_a(row_9, a_at, live);
    let a_10 = load_a(row_10, a_at, live);
    let a_11 = load_a(row_11, a_at, live);
    let a_12 = load_a(row_12, a_at, live);
    let a_13 = load_a(row_13, a_at, live);
    let a_14 = load_a(row_14, a_at, live);
    let a_15 = load_a(row_15, a_at, live);
    let b_0 = load_columns(quad_0, b_at);
    sums[0] += a_0 * b_0;
    sums[4] += a_1 * b_0;
    sums[8] += a_2 * b_0;
    sums[12] += a_3 * b_0;
    sums[16] += a_4 * b_0;
    sums[20] += a_5 * b_0;
    sums[24] += a_6 * b_0;
    sums[28] += a_7 * b_0;
    sums[32] += a_8 * b_0;
    sums[36] += a_9 * b_0;
    sums[40] += a_10 * b_0;
    sums[44] += a_11 * b_0;
    sums[48] += a_12 * b_0;
    sums[52] += a_13 * b_0;
    sums[56] += a_14 * b_0;
    sums[60] += a_15 * b_0;
    let b_1 = load_columns(quad_1, b_at);
    sums[1] += a_0 * b_1;
    sums[5] += a_1 * b_1;
    sums[9] += a_2 * b_1;
    sums[13] += a_3 * b_1;
    sums[17] += a_4 * b_1;
    sums[21] += a_5 * b_1;
    sums[25] += a_6 * b_1;
    sums[29] += a_7 * b_1;
    sums[33] += a_8 * b_1;
    sums[37] += a_9 * b_1;
    sums[41] += a_10 * b_1;
    sums[45] += a_11 * b_1;
    sums[49] += a_12 * b_1;
    sums[53] += a_13 * b_1;
    sums[57] += a_14 * b_1;
    sums[61] += a_15 * b_1;
    let b_2 = load_columns(quad_2, b_at);
    sums[2] += a_0 * b_2;
    sums[6] += a_1 * b_2;
    sums[10] += a_2 * b_2;
    sums[14] += a_3 * b_2;
    sums[18] += a_4 * b_2;
    sums[22] += a_5 * b_2;
    sums[26] += a_6 * b_2;
    sums[30] += a_7 * b_2;
    sums[34] += a_8 * b_2;
    sums[38] += a_9 * b_2;
    sums[42] += a_10 * b_2;
    sums[46] += a_11 * b_2;
    sums[50] += a_12 * b_2;
    sums[54] += a_13 * b_2;
    sums[58] += a_14 * b_2;
    sums[62] += a_15 * b_2;
    let b_3 = load_columns(quad_3, b_at);
    sums[3] += a_0 * b_3;
    sums[7] += a_1 * b_3;
    sums[11] += a_2 * b_3;
    sums[15] += a_3 * b_3;
    sums[19] += a_4 * b_3;
    sums[23] += a_5 * b_3;
    sums[27] += a_6 * b_3;
    sums[31] += a_7 * b_3;
    sums[35] += a_8 * b_3;
    sums[39] += a_9 * b_3;
    sums[43] += a_10 * b_3;
    sums[47] += a_11 * b_3;
    sums[51] += a_12 * b_3;
    sums[55] += a_13 * b_3;
    sums[59] += a_14 * b_3;
    sums[63] += a_15 * b_3;
  }
  var finished = sums;
  store_tile(tile, &finished);
}
