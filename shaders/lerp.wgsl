// target = target + rate (value - target): a moving average in place. One invocation an element.

struct Params {
  len: u32,
  // invocations in one row of workgroups
  stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> value: array<f32>;
@group(0) @binding(2) var<storage, read> rate: array<f32>;
@group(0) @binding(3) var<storage, read_write> average: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * params.stride;
  if (i < params.len) {
    average[i] += rate[0] * (value[i] - average[i]);
  }
}
