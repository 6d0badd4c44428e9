// y[plane, i, j] = the maximum of x[plane, i k .. i k + k, j k .. j k + k]. One invocation a window.

// @import max_pool_params

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let rows = params.height / params.kernel;
  let columns = params.width / params.kernel;
  let plane = i / (rows * columns);
  let row = i / columns % rows;
  let column = i % columns;
  let corner = (plane * params.height + row * params.kernel) * params.width + column * params.kernel;
  var maximum = x[corner];
  for (var dy = 0u; dy < params.kernel; dy++) {
    for (var dx = 0u; dx < params.kernel; dx++) {
      maximum = max(maximum, x[corner + dy * params.width + dx]);
    }
  }
  y[i] = maximum;
}
