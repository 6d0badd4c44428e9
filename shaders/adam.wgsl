// Adam (Kingma and Ba 2015) with decoupled weight decay and clipping by the global norm, over one slab:
//   g' = g min(1, clip / (norm + clip_eps));  m = b1 m + (1 - b1) g';  v = b2 v + (1 - b2) g'^2
//   p = p (1 - lr wd) - lr (m c1) / (sqrt(v c2) + eps),  hyper = (lr, c1 = 1 / (1 - b1^t), c2 = 1 / (1 - b2^t))
// One invocation a parameter.

struct Params {
  len: u32,
  // invocations in one row of workgroups
  stride: u32,
  pad0: u32,
  pad1: u32,
  beta1: f32,
  beta2: f32,
  eps: f32,
  weight_decay: f32,
  // 0 does not clip
  clip_norm: f32,
  clip_eps: f32,
  pad2: f32,
  pad3: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> hyper: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read> norm_squared: array<f32>;
@group(0) @binding(4) var<storage, read_write> parameter: array<f32>;
@group(0) @binding(5) var<storage, read_write> first_moment: array<f32>;
@group(0) @binding(6) var<storage, read_write> second_moment: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * params.stride;
  if (i >= params.len) {
    return;
  }
  var g = gradient[i];
  if (params.clip_norm > 0.0) {
    g *= min(1.0, params.clip_norm / (sqrt(norm_squared[0]) + params.clip_eps));
  }
  let m = params.beta1 * first_moment[i] + (1.0 - params.beta1) * g;
  let v = params.beta2 * second_moment[i] + (1.0 - params.beta2) * g * g;
  first_moment[i] = m;
  second_moment[i] = v;
  let rate = hyper[0];
  parameter[i] = parameter[i] * (1.0 - rate * params.weight_decay)
    - rate * (m * hyper[1]) / (sqrt(v * hyper[2]) + params.eps);
}
