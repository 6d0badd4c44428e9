// table[r, d] = sum of gradient[i, d] over the i with index[i] = r: the gradient of embedding.wgsl. Each element
// gathers what belongs to it, so nothing is written twice. One invocation an element of the table.

// @import embedding_params

@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<f32>;
@group(0) @binding(3) var<storage, read_write> table: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let element = id.x + id.y * params.stride;
  if (element >= params.rows * params.width) {
    return;
  }
  let row = element / params.width;
  let column = element % params.width;
  var sum = 0.0;
  for (var i = 0u; i < params.count; i++) {
    if (row_of(index[i]) == row) {
      sum += gradient[i * params.width + column];
    }
  }
  table[element] = sum;
}
