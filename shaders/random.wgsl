// Uniform or normal numbers in rows: element i of a row is word i % 4 of Philox block i / 4, keyed by the row's seed and
// step and the node's stream. keys holds for each row four 16-bit halves as numbers: seed low, seed high, step low, step
// high. One invocation a block.

// @import rng

struct Params {
  rows: u32,
  columns: u32,
  // invocations in one row of workgroups
  stride: u32,
  stream: u32,
  is_normal: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> keys: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let blocks = (params.columns + 3u) / 4u;
  let index = id.x + id.y * params.stride;
  let row = index / blocks;
  if (row >= params.rows) {
    return;
  }
  let block = index % blocks;
  let first = block * 4u;
  let key = row * 4u;
  let seed = u32(keys[key]) | (u32(keys[key + 1u]) << 16u);
  let step = u32(keys[key + 2u]) | (u32(keys[key + 3u]) << 16u);
  let words = philox4x32(vec4u(block, 0u, params.stream, step), vec2u(seed, 0u));
  var values: vec4f;
  if (params.is_normal == 1u) {
    values = vec4f(normals_from(words.x, words.y), normals_from(words.z, words.w));
  } else {
    values = vec4f(uniform_from(words.x), uniform_from(words.y), uniform_from(words.z), uniform_from(words.w));
  }
  for (var j = 0u; j < min(4u, params.columns - first); j++) {
    output[row * params.columns + first + j] = values[j];
  }
}
