// What the register kernels of the convolution and of its input gradient have in common: each invocation owns a few
// channels of 16 consecutive pixels of the result, with no barrier and no workgroup memory. Where the pixels' sources
// lie is worked out once for each tap; the loop over the depth then only steps through planes. The importing file
// declares const CHANNELS, and
//   fn out_size() -> vec3u: channels, height and width of the result;
//   fn tap_count() -> u32 and fn tap_source(tap, y, x) -> i32: the element of a source plane, or -1 for none;
//   fn depth() -> u32 and fn source_plane() -> u32: how many source planes are summed, and their elements;
//   fn weight_at(channel, tap) -> u32 and fn weight_step() -> u32: the first weight, and the distance to the next.

@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

const PIXELS: u32 = 16u;
const QUADS: u32 = PIXELS / 4u;
const THREADS: u32 = 4u;

struct Tile {
  live: bool,
  channel: u32,
  pixel: u32,
}

fn tile_of(group: vec3u, groups: vec3u, lane: u32) -> Tile {
  let size = out_size();
  let tiles_across = (params.batch * size.y * size.z + PIXELS - 1u) / PIXELS;
  let tiles_down = (size.x + CHANNELS - 1u) / CHANNELS;
  let index = (group.y * groups.x + group.x) * THREADS + lane;
  return Tile(index < tiles_across * tiles_down, index / tiles_across * CHANNELS, index % tiles_across * PIXELS);
}

// A pixel of the result: where its sample begins in the source, its row and its column. Pixels past the last repeat it.
fn place_of(pixel: u32) -> vec3u {
  let size = out_size();
  let plane = size.y * size.z;
  let inside = min(pixel, params.batch * plane - 1u);
  let at = inside % plane;
  return vec3u(inside / plane * depth() * source_plane(), at / size.z, at % size.z);
}

// Where the pixel's source for the tap lies, or -1.
fn source_at(place: vec3u, tap: u32) -> i32 {
  let at = tap_source(tap, place.y, place.z);
  return select(i32(place.x) + at, -1, at < 0);
}

fn first_weight(tile: Tile, i: u32, tap: u32) -> u32 {
  return weight_at(min(tile.channel + i, out_size().x - 1u), tap);
}

fn load_pixel(source: i32, at: vec4u, live: vec4<bool>) -> vec4f {
  let base = u32(max(source, 0));
  let seen = live & vec4<bool>(source >= 0);
  return select(vec4f(), vec4f(image[base + at.x], image[base + at.y], image[base + at.z], image[base + at.w]), seen);
}

// Four pixels, four planes each.
fn load_pixels(source: vec4i, at: vec4u, live: vec4<bool>) -> mat4x4f {
  return mat4x4f(load_pixel(source.x, at, live), load_pixel(source.y, at, live), load_pixel(source.z, at, live),
    load_pixel(source.w, at, live));
}

fn load_weight(first: u32, at: vec4u) -> vec4f {
  return vec4f(weight[first + at.x], weight[first + at.y], weight[first + at.z], weight[first + at.w]);
}

fn store_tile(tile: Tile, sums: ptr<function, array<vec4f, CHANNELS * QUADS>>) {
  let size = out_size();
  let plane = size.y * size.z;
  for (var j = 0u; j < PIXELS; j++) {
    let pixel = tile.pixel + j;
    let first = pixel / plane * size.x * plane + pixel % plane;
    for (var i = 0u; i < CHANNELS; i++) {
      let channel = tile.channel + i;
      if (channel < size.x && pixel < params.batch * plane) {
        let at = first + channel * plane;
        out[at] = epilogue((*sums)[i * QUADS + j / 4u][j % 4u], at);
      }
    }
  }
}
