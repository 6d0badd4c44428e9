// Matrix product with at most four rows, C = A B with any strides (see shared/matmul_params.wgsl), for real GPUs.
//   bindings: 0 params, 1 A, 2 B, 3 C
//   dispatch: (ceil(n / 16), 1, batch * splits), 256 invocations; m <= 4
// A workgroup owns 16 columns; 16 invocations share a column, each sums every 16th element of k for all rows, and
// one pass over workgroup memory adds their sums. Neighbouring invocations follow the contiguous axis of B.

// @import matmul_params

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

const COLUMNS: u32 = 16u;
const SHARES: u32 = 16u;
const ROWS: u32 = 4u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

var<workgroup> partial: array<f32, ROWS * COLUMNS * SHARES>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let z = group.z % params.batch;
  let p_begin = (group.z / params.batch) * params.k_slice;
  let p_end = min(params.k, p_begin + params.k_slice);
  let b_along_k = params.b_row == 1u;
  let share = select(lane / COLUMNS, lane % SHARES, b_along_k);
  let my_column = select(lane % COLUMNS, lane / SHARES, b_along_k);
  let column = min(group.x * COLUMNS + my_column, params.n - 1u);
  let a_base = params.a_offset + z * params.a_batch;
  let b_base = params.b_offset + z * params.b_batch + column * params.b_col;
  // Rows past the last repeat it; they are never stored.
  let row_1 = min(1u, params.m - 1u) * params.a_row;
  let row_2 = min(2u, params.m - 1u) * params.a_row;
  let row_3 = min(3u, params.m - 1u) * params.a_row;
  var sum = vec4f();
  for (var p = p_begin + share; p < p_end; p += SHARES) {
    let at = a_base + p * params.a_col;
    sum += b[b_base + p * params.b_row] * vec4f(a[at], a[at + row_1], a[at + row_2], a[at + row_3]);
  }
  let place = share * COLUMNS + my_column;
  partial[place] = sum.x;
  partial[place + COLUMNS * SHARES] = sum.y;
  partial[place + 2u * COLUMNS * SHARES] = sum.z;
  partial[place + 3u * COLUMNS * SHARES] = sum.w;
  workgroupBarrier();

  let row = lane / COLUMNS;
  let out_column = group.x * COLUMNS + lane % COLUMNS;
  if (row < params.m && row < ROWS && out_column < params.n) {
    var total = 0.0;
    for (var s = 0u; s < SHARES; s++) {
      total += partial[row * COLUMNS * SHARES + s * COLUMNS + lane % COLUMNS];
    }
    let at = (group.z * params.m + row) * params.n + out_column;
    c[at] = epilogue(total, at);
  }
}
