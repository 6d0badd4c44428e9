// Uniform block of the three reduce*.wgsl: the input is seen as [a, r1, b, r2], r1 and r2 are reduced.

struct Params {
  // a * b
  outputs: u32,
  // invocations, or in reduce_tree.wgsl workgroups, in one row of the dispatch
  stride: u32,
  r1: u32,
  b: u32,
  r2: u32,
  // parts that each output's elements are cut in, and the elements of a part
  splits: u32,
  each: u32,
  // 1 for the maximum, 0 for the sum
  is_max: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

fn combine(a: f32, b: f32) -> f32 { return select(a + b, max(a, b), params.is_max == 1u); }

fn start_value() -> f32 { return select(0.0, -3.4028234e38, params.is_max == 1u); }
