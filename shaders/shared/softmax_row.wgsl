// Softmax and log-softmax of rows, one workgroup a row. The importing file declares const SIZE.

// @import pointwise
// @import workgroup_tree

struct Params {
  rows: u32,
  length: u32,
  // workgroups in one row of them
  stride: u32,
  // 0 softmax, 1 causal softmax of square matrices, 2 log-softmax
  mode: u32,
}

const CAUSAL: u32 = 1u;
const LOG: u32 = 2u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

fn softmax_row(row: u32, lane: u32) {
  if (row >= params.rows) {
    return;
  }
  let start = row * params.length;
  let seen = select(params.length, row % params.length + 1u, params.mode == CAUSAL);
  var largest = -3.4028234e38;
  for (var i = lane; i < seen; i += SIZE) {
    largest = max(largest, input[start + i]);
  }
  largest = workgroup_max(largest, lane);
  var sum = 0.0;
  for (var i = lane; i < seen; i += SIZE) {
    sum += pw_exp(input[start + i] - largest);
  }
  sum = workgroup_sum(sum, lane);
  let log_sum = log(sum);
  let scale = 1.0 / sum;
  for (var i = lane; i < params.length; i += SIZE) {
    let above = input[start + i] - largest;
    if (params.mode == LOG) {
      output[start + i] = above - log_sum;
    } else {
      output[start + i] = select(0.0, pw_exp(above) * scale, i < seen);
    }
  }
}
