// Uniform block of every matmul*.wgsl (64 bytes, sixteen u32):
//
//   C[z, i, j] = sum over p of A[z, i, p] * B[z, p, j],   i < m, j < n, p < k, z < batch
//
// Element (z, i, p) of A lies at a_offset + z * a_batch + i * a_row + p * a_col, and element (z, p, j) of B at
// b_offset + z * b_batch + p * b_row + j * b_col, all in elements: a transpose is an exchange of two strides, a
// batch stride of 0 broadcasts. C is row-major [batch, m, n].
//
// The sum may be cut in `splits` slices of k_slice elements each. With splits = 1 (k_slice >= k) C is written
// through the epilogue; with more, slice s of batch z goes to rows of a scratch array [splits, batch, m, n] and
// matmul_sum.wgsl adds the slices and runs the epilogue.
struct Params {
  m: u32,
  n: u32,
  k: u32,
  batch: u32,
  a_row: u32,
  a_col: u32,
  a_batch: u32,
  a_offset: u32,
  b_row: u32,
  b_col: u32,
  b_batch: u32,
  b_offset: u32,
  splits: u32,
  k_slice: u32,
  unused_0: u32,
  unused_1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
