// Up to four tensors laid side by side: each is `outer` rows of its own width, and so is the output with the sum of
// the widths. Absent inputs have width 0. One invocation an element.

struct Params {
  len: u32,
  // invocations in one row of workgroups
  stride: u32,
  width: u32,
  pad0: u32,
  widths: vec4u,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input_0: array<f32>;
@group(0) @binding(2) var<storage, read> input_1: array<f32>;
@group(0) @binding(3) var<storage, read> input_2: array<f32>;
@group(0) @binding(4) var<storage, read> input_3: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * params.stride;
  if (i >= params.len) {
    return;
  }
  let row = i / params.width;
  let at_0 = i % params.width;
  // below a start the difference wraps around, but then an earlier branch was taken
  let at_1 = at_0 - params.widths.x;
  let at_2 = at_1 - params.widths.y;
  let at_3 = at_2 - params.widths.z;
  if (at_0 < params.widths.x) {
    output[i] = input_0[row * params.widths.x + at_0];
  } else if (at_1 < params.widths.y) {
    output[i] = input_1[row * params.widths.y + at_1];
  } else if (at_2 < params.widths.z) {
    output[i] = input_2[row * params.widths.z + at_2];
  } else {
    output[i] = input_3[row * params.widths.w + at_3];
  }
}
