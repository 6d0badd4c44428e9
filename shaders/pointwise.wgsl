// out[i] = program(i): a fused chain of pointwise functions. The program's operands and constants come with the
// code that replaces the marked region. One invocation an element.

struct Params {
  // elements
  len: u32,
  // invocations in one row of workgroups
  stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * params.stride;
  if (i < params.len) {
    output[i] = epilogue(0.0, i);
  }
}
