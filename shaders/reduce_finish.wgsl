// out[o] = sum or maximum over splits of partial[o, split]: the second stage of a long reduction.

struct Params {
  outputs: u32,
  // invocations in one row of workgroups
  stride: u32,
  r1: u32,
  b: u32,
  r2: u32,
  splits: u32,
  each: u32,
  pad0: u32,
  is_max: u32,
  pad1: u32,
  pad2: u32,
  pad3: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let o = id.x + id.y * params.stride;
  if (o >= params.outputs) {
    return;
  }
  var result = partial[o * params.splits];
  for (var split = 1u; split < params.splits; split++) {
    let value = partial[o * params.splits + split];
    result = select(result + value, max(result, value), params.is_max == 1u);
  }
  output[o] = result;
}
