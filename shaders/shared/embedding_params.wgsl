// Uniform block of embedding*.wgsl.

struct Params {
  // rows of the table
  rows: u32,
  // elements in a row
  width: u32,
  // indices
  count: u32,
  // invocations in one row of workgroups
  stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

fn row_of(index: f32) -> u32 {
  return min(u32(max(index, 0.0)), params.rows - 1u);
}
