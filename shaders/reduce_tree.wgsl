// out[a, b] = sum or maximum over r1, r2 of program(element [a, r1, b, r2]). One workgroup an output, a tree in
// workgroup memory; with splits > 1 each workgroup takes `each` of the reduced elements and writes a partial result
// out[(a, b), split], which reduce_finish.wgsl adds up.

// @import reduce_params

const SIZE = 64u;

@group(0) @binding(1) var<storage, read_write> output: array<f32>;
var<workgroup> partial: array<f32, SIZE>;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

@compute @workgroup_size(SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let task = group.x + group.y * params.stride;
  let o = task / params.splits;
  let split = task % params.splits;
  let inside = o < params.outputs;
  let base = (o / params.b) * params.r1 * params.b * params.r2 + (o % params.b) * params.r2;
  let end = min((split + 1u) * params.each, params.r1 * params.r2);
  var result = start_value();
  if (inside) {
    for (var j = split * params.each + lane; j < end; j += SIZE) {
      let element = base + (j / params.r2) * params.b * params.r2 + j % params.r2;
      result = combine(result, epilogue(0.0, element));
    }
  }
  partial[lane] = result;
  workgroupBarrier();
  for (var half = SIZE / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial[lane] = combine(partial[lane], partial[lane + half]);
    }
    workgroupBarrier();
  }
  if (lane == 0u && inside) {
    output[task] = partial[0];
  }
}
