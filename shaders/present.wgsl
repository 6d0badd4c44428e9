// Draws a grid of square images over a whole canvas, straight from the buffer that holds them: a triangle that covers
// the canvas, each fragment of which reads its pixels. The twin of crate/src/backend/present.rs.

struct Params {
  // canvas size in pixels
  canvas: vec2f,
  // grid size in image pixels, gaps included
  extent: vec2f,
  ink: vec4f,
  paper: vec4f,
  // the colour of -1
  below: vec4f,
  // columns, rows, side of an image
  grid: vec3u,
  smooth_pixels: u32,
  gap: f32,
  // ink is value * scale + shift, in -1 to 1
  scale: f32,
  shift: f32,
  // where the images begin in their buffer
  first: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> images: array<f32>;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  return vec4f(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

// the ink of a pixel of image `cell`; none outside
fn pixel(cell: vec2u, at: vec2i) -> f32 {
  let side = i32(params.grid.z);
  if (any(at < vec2i(0)) || any(at >= vec2i(side))) {
    return 0.0;
  }
  let image = cell.y * params.grid.x + cell.x;
  let index = params.first + (image * params.grid.z + u32(at.y)) * params.grid.z + u32(at.x);
  return images[index] * params.scale + params.shift;
}

// weights of the four pixels around a place t in 0..1 between the middle two (Catmull and Rom 1974)
fn cubic(t: f32) -> vec4f {
  let t2 = t * t;
  let t3 = t2 * t;
  return vec4f(-0.5 * t3 + t2 - 0.5 * t, 1.5 * t3 - 2.5 * t2 + 1.0, -1.5 * t3 + 2.0 * t2 + 0.5 * t, 0.5 * t3 - 0.5 * t2);
}

fn value_at(cell: vec2u, u: vec2f) -> f32 {
  if (params.smooth_pixels == 0u) {
    return pixel(cell, vec2i(floor(u)));
  }
  let first = floor(u - 0.5);
  let x = cubic(u.x - 0.5 - first.x);
  let y = cubic(u.y - 0.5 - first.y);
  var sum = 0.0;
  for (var j = 0; j < 4; j++) {
    for (var i = 0; i < 4; i++) {
      sum += y[j] * x[i] * pixel(cell, vec2i(first) + vec2i(i - 1, j - 1));
    }
  }
  return sum;
}

@fragment
fn fragment(@builtin(position) position: vec4f) -> @location(0) vec4f {
  let scale = params.extent / params.canvas;
  let pitch = f32(params.grid.z) + params.gap;
  let side = f32(params.grid.z);
  // two places an axis where the canvas is coarser than the images
  let places = select(vec2u(1u), vec2u(2u), scale > vec2f(1.0));
  let corner = floor(position.xy);
  var sum = 0.0;
  for (var j = 0u; j < places.y; j++) {
    for (var i = 0u; i < places.x; i++) {
      let offset = select(vec2f(0.5), vec2f(0.25) + 0.5 * vec2f(f32(i), f32(j)), places == vec2u(2u));
      let x = (corner + offset) * scale;
      let cell = min(vec2u(x / pitch), params.grid.xy - 1u);
      let u = x - vec2f(cell) * pitch;
      if (all(u < vec2f(side))) {
        sum += value_at(cell, u);
      }
    }
  }
  let value = clamp(sum / f32(places.x * places.y), -1.0, 1.0);
  let end = select(params.ink.rgb, params.below.rgb, value < 0.0);
  return vec4f(mix(params.paper.rgb, end, abs(value)), 1.0);
}
