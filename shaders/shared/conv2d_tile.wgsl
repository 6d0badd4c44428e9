// What conv2d.wgsl and conv2d_grad_input.wgsl have in common: a convolution as a matrix product of weights
// [channels, depth] and gathered pixels [depth, batch * plane], on top of tile_product.wgsl. The importing file
// declares fn weight_at(channel, p) -> index, fn image_at(p, image, y, x) -> index or -1, and the output's sizes:
// fn out_size() -> vec3u (channels, height, width).

@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

const TILE: u32 = 32u;
const THREADS: u32 = 64u;

// Image, row and column of the four pixels that each slot stages; they stay the same in every round.
var<private> pixels: array<vec3u, SLOTS * 4u>;

fn stage_a(row: u32, p: u32, slot: u32) -> vec4f {
  let channels = out_size().x;
  var quad = vec4f();
  for (var i = 0u; i < 4u; i++) {
    if (row + i < channels) {
      quad[i] = weight[weight_at(row + i, p)];
    }
  }
  return quad;
}

fn stage_b(p: u32, column: u32, slot: u32) -> vec4f {
  var quad = vec4f();
  for (var i = 0u; i < 4u; i++) {
    let pixel = pixels[slot * 4u + i];
    if (pixel.x < params.batch) {
      let at = image_at(p, pixel.x, pixel.y, pixel.z);
      if (at >= 0) {
        quad[i] = image[at];
      }
    }
  }
  return quad;
}

fn store(row: u32, column: u32, sum: f32) {
  let size = out_size();
  let plane = size.y * size.z;
  if (row < size.x && column < params.batch * plane) {
    let at = (column / plane * size.x + row) * plane + column % plane;
    out[at] = epilogue(sum, at);
  }
}

fn conv2d_tile(group: vec3u, lane: u32, depth: u32, weight_along_p: bool) {
  let size = out_size();
  let plane = size.y * size.z;
  for (var slot = 0u; slot < SLOTS; slot++) {
    let column = group.x * TILE + staged_place(lane, slot, false).y * 4u;
    for (var i = 0u; i < 4u; i++) {
      let at = (column + i) % plane;
      pixels[slot * 4u + i] = vec3u((column + i) / plane, at / size.z, at % size.z);
    }
  }
  tile_product(group.y * TILE, group.x * TILE, 0u, depth, lane, weight_along_p, false);
}
