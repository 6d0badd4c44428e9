// out[a, b] = sum or maximum over r1, r2 of program(element [a, r1, b, r2]). One invocation an output: for few
// reduced elements, or so many outputs that each invocation has its own.

// @import reduce_params

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
  var result = start_value();
  for (var outer = 0u; outer < params.r1; outer++) {
    let row = base + outer * params.b * params.r2;
    for (var inner = 0u; inner < params.r2; inner++) {
      result = combine(result, epilogue(0.0, row + inner));
    }
  }
  output[o] = result;
}
