// The gradient of a normalisation with respect to its input, one workgroup a row:
//   out = program((g - mean(g) - y mean(g y)) / sqrt(variance + eps)),   y = (x - mean) / sqrt(variance + eps)
// The importing file declares const SIZE and the program.

// @import workgroup_tree
// @import normalize_params

@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

fn normalize_backward_row(row: u32, lane: u32) {
  if (row >= params.rows) {
    return;
  }
  let start = row * params.length;
  let end = start + params.length;
  let moment = moments(start, lane);
  var sum = 0.0;
  var weighted = 0.0;
  for (var i = start + lane; i < end; i += SIZE) {
    sum += gradient[i];
    weighted += gradient[i] * (input[i] - moment.x) * moment.y;
  }
  let mean = workgroup_sum(sum, lane) / f32(params.length);
  let slope = workgroup_sum(weighted, lane) / f32(params.length);
  for (var i = start + lane; i < end; i += SIZE) {
    let y = (input[i] - moment.x) * moment.y;
    output[i] = epilogue((gradient[i] - mean - y * slope) * moment.y, i);
  }
}
