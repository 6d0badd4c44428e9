// dx[i] = dy[w] where x[i] is the first element of its window w with the value y[w], else 0. One invocation an element of
// x; those outside all windows get 0.

// @import max_pool_params

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let rows = params.height / params.kernel;
  let columns = params.width / params.kernel;
  let plane = i / (params.height * params.width);
  let row = i / params.width % params.height / params.kernel;
  let column = i % params.width / params.kernel;
  var gradient = 0.0;
  if (row < rows && column < columns) {
    let window = (plane * rows + row) * columns + column;
    let maximum = y[window];
    if (x[i] == maximum) {
      gradient = dy[window];
      let corner = (plane * params.height + row * params.kernel) * params.width + column * params.kernel;
      for (var at = 0u; at < params.kernel * params.kernel; at++) {
        let other = corner + at / params.kernel * params.width + at % params.kernel;
        if (other < i && x[other] == maximum) {
          gradient = 0.0;
        }
      }
    }
  }
  dx[i] = gradient;
}
