// out[o] = sum or maximum over splits of partial[o, split]: the second stage of a long reduction.

// @import reduce_params

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
    result = combine(result, partial[o * params.splits + split]);
  }
  output[o] = result;
}
