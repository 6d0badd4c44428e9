// out[a, b] = sum or maximum over r1, r2 of program(element [a, r1, b, r2]). One invocation an output: for few
// reduced elements, or so many outputs that each invocation has its own.

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
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let o = id.x + id.y * params.stride;
  if (o >= params.outputs) {
    return;
  }
  let a = o / params.b;
  let base = a * params.r1 * params.b * params.r2 + (o % params.b) * params.r2;
  var result = select(0.0, -3.4028234e38, params.is_max == 1u);
  for (var outer = 0u; outer < params.r1; outer++) {
    let row = base + outer * params.b * params.r2;
    for (var inner = 0u; inner < params.r2; inner++) {
      let value = epilogue(0.0, row + inner);
      result = select(result + value, max(result, value), params.is_max == 1u);
    }
  }
  output[o] = result;
}
