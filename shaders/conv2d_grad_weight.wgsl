// Gradient of a convolution with respect to its weights (see shared/conv2d_params.wgsl), for real GPUs:
//   grad_w[o, (c, i, j)] = sum over p = (b, y, x) of grad_out[b, o, y, x] * in[b, c, source(y, x, i, j)]
//   bindings: 0 params, 1 in [batch, in_channels, in_height, in_width],
//             2 grad_out [batch, out_channels, out_height, out_width],
//             3 grad_w [splits, out_channels, in_channels, kernel_height, kernel_width]
//   dispatch: (ceil(in_channels * kernel_height * kernel_width / 32), ceil(out_channels / 32), splits),
//             64 invocations
// The sum is long and the result small, so it is cut in `splits` slices of `slice` elements of p
// (splits * slice >= batch * out_height * out_width). With more than one, no epilogue is fused here:
// matmul_sum.wgsl adds the slices (length = the weight's length) and runs it. A host does well to choose
// splits = clamp(ceil(batch * out_height * out_width / 512), 1, 64).

// @import conv2d_params

@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> grad_out: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_w: array<f32>;

const TILE: u32 = 32u;
const THREADS: u32 = 64u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import tile_product

// Channel and kernel position (i, j) of the four weights that each slot stages.
var<private> weights: array<vec3u, SLOTS * 4u>;
var<private> out_base: u32;

fn stage_a(row: u32, p: u32, slot: u32) -> vec4f {
  let plane = params.out_height * params.out_width;
  let at = p / plane * params.out_channels * plane + p % plane;
  var quad = vec4f();
  for (var i = 0u; i < 4u; i++) {
    if (row + i < params.out_channels) {
      quad[i] = grad_out[at + (row + i) * plane];
    }
  }
  return quad;
}

fn stage_b(p: u32, column: u32, slot: u32) -> vec4f {
  let x = p % params.out_width;
  let line = p / params.out_width;
  let y = line % params.out_height;
  let first = line / params.out_height * params.in_channels;
  var quad = vec4f();
  for (var i = 0u; i < 4u; i++) {
    let place = weights[slot * 4u + i];
    if (place.x < params.in_channels) {
      let at = source_of_output(y, x, place.y, place.z);
      if (at >= 0) {
        quad[i] = image[(first + place.x) * params.in_height * params.in_width + u32(at)];
      }
    }
  }
  return quad;
}

fn store(row: u32, column: u32, sum: f32) {
  let line = params.in_channels * params.kernel_height * params.kernel_width;
  if (row < params.out_channels && column < line) {
    let at = out_base + row * line + column;
    grad_w[at] = epilogue(sum, at);
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let taps = params.kernel_height * params.kernel_width;
  for (var slot = 0u; slot < SLOTS; slot++) {
    let column = group.x * TILE + staged_place(lane, slot, true).y * 4u;
    for (var i = 0u; i < 4u; i++) {
      let tap = (column + i) % taps;
      weights[slot * 4u + i] = vec3u((column + i) / taps, tap / params.kernel_width, tap % params.kernel_width);
    }
  }
  out_base = group.z * params.out_channels * params.in_channels * taps;
  let p_begin = group.z * params.slice;
  let p_end = min(params.batch * params.out_height * params.out_width, p_begin + params.slice);
  tile_product(group.y * TILE, group.x * TILE, p_begin, p_end, lane, true, true);
}
