// out[i, d] = table[index[i], d]. Indices are whole numbers held as f32; those outside the table are clamped to it.
// One invocation an element.

// @import embedding_params

@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * params.stride;
  if (i < params.count * params.width) {
    output[i] = table[row_of(index[i / params.width]) * params.width + i % params.width];
  }
}
