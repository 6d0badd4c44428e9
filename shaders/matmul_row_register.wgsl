// Matrix product with one or two rows, C = A B with any strides (see shared/matmul_params.wgsl), for software
// adapters. A product with a single column is the same as one with a single row and the operands exchanged.
//   bindings: 0 params, 1 A, 2 B, 3 C
//   dispatch: (min(groups, 65535), ceil(groups / 65535), batch * splits)
//             with groups = ceil(m * ceil(n / 8) / 4), 4 invocations
// Each invocation owns eight elements of one row, with no barrier and no workgroup memory.

// @import matmul_params

const ROWS: u32 = 1u;
const COLUMNS: u32 = 8u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import matmul_register

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, groups, lane);
  if (!tile.live) {
    return;
  }
  let row = row_base(tile, 0u);
  let quad_0 = quad_base(tile, 0u);
  let quad_1 = quad_base(tile, 1u);
  let a_step = params.a_col;
  let b_step = params.b_row;
  var sum_0 = vec4f();
  var sum_1 = vec4f();
  for (var p = tile.p_begin; p < tile.p_end; p++) {
    let factor = a[row + p * a_step];
    sum_0 += factor * load_quad(quad_0, p * b_step);
    sum_1 += factor * load_quad(quad_1, p * b_step);
  }
  var sums = array<vec4f, ROWS * QUADS>(sum_0, sum_1);
  store_tile(tile, &sums);
}
