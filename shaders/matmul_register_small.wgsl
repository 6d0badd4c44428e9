// Matrix product by register tiles, C = A B with any strides (see shared/matmul_params.wgsl), for software adapters,
// where a barrier costs more than the loads it saves.
//   bindings: 0 params, 1 A, 2 B, 3 C
//   dispatch: (min(groups, 65535), ceil(groups / 65535), batch * splits)
//             with groups = ceil(ceil(m / 8) * ceil(n / 8) / 4), 4 invocations
// Each invocation owns 8 x 8 elements: for products with too few 16 x 16 tiles for matmul_register.wgsl.

// @import matmul_params

const ROWS: u32 = 8u;
const COLUMNS: u32 = 8u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import matmul_register

fn add_row(sums: ptr<function, array<vec4f, ROWS * QUADS>>, i: u32, factor: f32, b_0: vec4f, b_1: vec4f) {
  (*sums)[i * QUADS] += factor * b_0;
  (*sums)[i * QUADS + 1u] += factor * b_1;
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
  let quad_0 = quad_base(tile, 0u);
  let quad_1 = quad_base(tile, 1u);
  let a_step = params.a_col;
  let b_step = params.b_row;
  let p_end = tile.p_end;
  var sums: array<vec4f, ROWS * QUADS>;
  // Two steps in a round, because a round costs something for every sum; an odd last step counts for nothing.
  for (var p = tile.p_begin; p < p_end; p += 2u) {
    {
      let a_at = p * a_step;
      let b_at = p * b_step;
      let b_0 = load_quad(quad_0, b_at);
      let b_1 = load_quad(quad_1, b_at);
      add_row(&sums, 0u, a[row_0 + a_at], b_0, b_1);
      add_row(&sums, 1u, a[row_1 + a_at], b_0, b_1);
      add_row(&sums, 2u, a[row_2 + a_at], b_0, b_1);
      add_row(&sums, 3u, a[row_3 + a_at], b_0, b_1);
      add_row(&sums, 4u, a[row_4 + a_at], b_0, b_1);
      add_row(&sums, 5u, a[row_5 + a_at], b_0, b_1);
      add_row(&sums, 6u, a[row_6 + a_at], b_0, b_1);
      add_row(&sums, 7u, a[row_7 + a_at], b_0, b_1);
    }
    {
      let second = min(p + 1u, p_end - 1u);
      let weight = f32(second - p);
      let a_at = second * a_step;
      let b_at = second * b_step;
      let b_0 = load_quad(quad_0, b_at);
      let b_1 = load_quad(quad_1, b_at);
      add_row(&sums, 0u, weight * a[row_0 + a_at], b_0, b_1);
      add_row(&sums, 1u, weight * a[row_1 + a_at], b_0, b_1);
      add_row(&sums, 2u, weight * a[row_2 + a_at], b_0, b_1);
      add_row(&sums, 3u, weight * a[row_3 + a_at], b_0, b_1);
      add_row(&sums, 4u, weight * a[row_4 + a_at], b_0, b_1);
      add_row(&sums, 5u, weight * a[row_5 + a_at], b_0, b_1);
      add_row(&sums, 6u, weight * a[row_6 + a_at], b_0, b_1);
      add_row(&sums, 7u, weight * a[row_7 + a_at], b_0, b_1);
    }
  }
  var finished = sums;
  store_tile(tile, &finished);
}
