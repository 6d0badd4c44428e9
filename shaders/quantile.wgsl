// output[b, i] = y with sum over k of weight[b, k, i] sigmoid((y - mean[b, k, i]) / scale[b, k, i])
// = sigmoid(z[b, i]), by halving an interval that holds it. One invocation an element.

struct Params {
  len: u32,
  // invocations in one row of workgroups
  stride: u32,
  components: u32,
  values: u32,
  halvings: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

// @import pointwise

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * params.stride;
  if (i >= params.len) {
    return;
  }
  let first = i / params.values * params.components * params.values + i % params.values;
  let last = first + params.components * params.values;
  // a mixture's quantile lies between those of its components
  var low = mean[first] + z[i] * scale[first];
  var high = low;
  for (var at = first; at < last; at += params.values) {
    let own = mean[at] + z[i] * scale[at];
    low = min(low, own);
    high = max(high, own);
  }
  // where the lower tail is the thick one, the upper one is compared: the other rounds to 1
  let side = select(1.0, -1.0, z[i] > 0.0);
  let wanted = pw_sigmoid(side * z[i]);
  for (var halving = 0u; halving < params.halvings; halving++) {
    let y = 0.5 * (low + high);
    var tail = 0.0;
    for (var at = first; at < last; at += params.values) {
      tail += weight[at] * pw_sigmoid(side * (y - mean[at]) / scale[at]);
    }
    if (side * tail > side * wanted) {
      high = y;
    } else {
      low = y;
    }
  }
  output[i] = 0.5 * (low + high);
}
