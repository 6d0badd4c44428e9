// Second pass of a product whose sum was cut in slices (see shared/matmul_params.wgsl):
//   out[i] = sum over s < slices of partial[s * length + i],   i < length
//   bindings: 0 params, 1 partial [slices, length], 2 out [length]
//   dispatch: (min(groups, 65535), ceil(groups / 65535), 1) with groups = ceil(length / 64), 64 invocations

struct Params {
  length: u32,
  slices: u32,
  unused_0: u32,
  unused_1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i >= params.length) {
    return;
  }
  var total = 0.0;
  for (var s = 0u; s < params.slices; s++) {
    total += partial[s * params.length + i];
  }
  out[i] = epilogue(total, i);
}
