// Uniform block of the normalisations, and a row's mean and scale.

struct Params {
  rows: u32,
  length: u32,
  // workgroups in one row of them
  stride: u32,
  // added to the variance
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;

// Mean and 1 / sqrt(variance + eps) of the row from element `start` on. The deviations are squared after the mean is
// known: the difference of two large sums would lose what is sought.
fn moments(start: u32, lane: u32) -> vec2f {
  var sum = 0.0;
  for (var i = lane; i < params.length; i += SIZE) {
    sum += input[start + i];
  }
  let mean = workgroup_sum(sum, lane) / f32(params.length);
  var squares = 0.0;
  for (var i = lane; i < params.length; i += SIZE) {
    let deviation = input[start + i] - mean;
    squares += deviation * deviation;
  }
  let variance = workgroup_sum(squares, lane) / f32(params.length);
  return vec2f(mean, 1.0 / sqrt(variance + params.eps));
}
