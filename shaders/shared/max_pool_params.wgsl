// Uniform block of max_pool*.wgsl.

struct Params {
  // invocations that have work
  count: u32,
  // invocations in one row of workgroups
  stride: u32,
  // of one picture of the input
  height: u32,
  width: u32,
  // side of a window
  kernel: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
