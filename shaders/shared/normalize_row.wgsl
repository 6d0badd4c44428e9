// out = program((x - mean) / sqrt(variance + eps)) of each row, one workgroup a row. The importing file declares
// const SIZE and the program.

// @import workgroup_tree
// @import normalize_params

@group(0) @binding(2) var<storage, read_write> output: array<f32>;

fn normalize_row(row: u32, lane: u32) {
  if (row >= params.rows) {
    return;
  }
  let start = row * params.length;
  let moment = moments(start, lane);
  for (var i = start + lane; i < start + params.length; i += SIZE) {
    output[i] = epilogue((input[i] - moment.x) * moment.y, i);
  }
}
