// out[c] = in[offset + sum over axes of (c_j - low_j) stride_j] where every c_j - low_j is in 0..size_j, else 0.
// Transposition, slices, padding, broadcasting and nearest upsampling. One invocation an element.

struct Params {
  len: u32,
  // invocations in one row of workgroups
  stride: u32,
  offset: u32,
  pad0: u32,
  // extent, stride, low, size of each axis, outermost first
  axes: array<vec4u, 6>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * params.stride;
  if (i >= params.len) {
    return;
  }
  var rest = i;
  var source = params.offset;
  var inside = true;
  for (var j = 0u; j < 6u; j++) {
    let axis = params.axes[5u - j];
    // below `low` the difference wraps around and is larger than any size
    let at = rest % axis.x - axis.z;
    rest /= axis.x;
    inside = inside && at < axis.w;
    source += at * axis.y;
  }
  if (inside) {
    output[i] = input[source];
  } else {
    output[i] = 0.0;
  }
}
