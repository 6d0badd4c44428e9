// Uniform or normal numbers: element i is word i % 4 of Philox block i / 4, keyed by the seed and the node's stream.
// key holds four 16-bit halves as numbers: seed low, seed high, step low, step high. One invocation a block.

// @import rng

struct Params {
  len: u32,
  // invocations in one row of workgroups
  stride: u32,
  stream: u32,
  is_normal: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> key: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let block = id.x + id.y * params.stride;
  let first = block * 4u;
  if (first >= params.len) {
    return;
  }
  let seed = u32(key[0]) | (u32(key[1]) << 16u);
  let step = u32(key[2]) | (u32(key[3]) << 16u);
  let words = philox4x32(vec4u(block, 0u, params.stream, step), vec2u(seed, 0u));
  var values: vec4f;
  if (params.is_normal == 1u) {
    values = vec4f(normals_from(words.x, words.y), normals_from(words.z, words.w));
  } else {
    values = vec4f(uniform_from(words.x), uniform_from(words.y), uniform_from(words.z), uniform_from(words.w));
  }
  for (var j = 0u; j < min(4u, params.len - first); j++) {
    output[first + j] = values[j];
  }
}
