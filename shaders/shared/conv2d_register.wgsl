// What conv2d_register.wgsl and conv2d_grad_input_register.wgsl have in common. Each invocation owns 8 channels of
// 16 consecutive pixels of the result, with no barrier and no workgroup memory. Where the pixels' sources lie is
// worked out once for each tap; the loop over the depth then only steps through planes. The importing file declares
//   fn out_size() -> vec3u: channels, height and width of the result;
//   fn tap_count() -> u32 and fn tap_source(tap, y, x) -> i32: the element of a source plane, or -1 for none;
//   fn depth() -> u32 and fn source_plane() -> u32: how many source planes are summed, and their elements;
//   fn weight_at(channel, tap) -> u32 and fn weight_step() -> u32: the first weight, and the distance to the next.

@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

const CHANNELS: u32 = 8u;
const PIXELS: u32 = 16u;
const THREADS: u32 = 4u;

fn store(channel: u32, pixel: u32, sum: f32) {
  let size = out_size();
  let plane = size.y * size.z;
  if (channel < size.x && pixel < params.batch * plane) {
    let at = (pixel / plane * size.x + channel) * plane + pixel % plane;
    out[at] = epilogue(sum, at);
  }
}

// Place of one pixel's source for the tap in the whole source array, or -1.
fn source_at(pixel: u32, tap: u32) -> i32 {
  let size = out_size();
  let plane = size.y * size.z;
  let at = tap_source(tap, pixel % plane / size.z, pixel % size.z);
  return select(i32(pixel / plane * depth() * source_plane()) + at, -1, at < 0);
}

fn conv2d_register(tile: u32) {
  let size = out_size();
  let pixel_count = params.batch * size.y * size.z;
  let tiles_across = (pixel_count + PIXELS - 1u) / PIXELS;
  let tiles_down = (size.x + CHANNELS - 1u) / CHANNELS;
  if (tile >= tiles_across * tiles_down) {
    return;
  }
  let channel = tile / tiles_across * CHANNELS;
  let pixel = tile % tiles_across * PIXELS;
  let last_channel = size.x - 1u;
  let last_pixel = pixel_count - 1u;
  let steps = depth();
  let image_step = source_plane();
  let step = weight_step();
  var sum_0_0 = vec4f();
  var sum_0_1 = vec4f();
  var sum_0_2 = vec4f();
  var sum_0_3 = vec4f();
  var sum_1_0 = vec4f();
  var sum_1_1 = vec4f();
  var sum_1_2 = vec4f();
  var sum_1_3 = vec4f();
  var sum_2_0 = vec4f();
  var sum_2_1 = vec4f();
  var sum_2_2 = vec4f();
  var sum_2_3 = vec4f();
  var sum_3_0 = vec4f();
  var sum_3_1 = vec4f();
  var sum_3_2 = vec4f();
  var sum_3_3 = vec4f();
  var sum_4_0 = vec4f();
  var sum_4_1 = vec4f();
  var sum_4_2 = vec4f();
  var sum_4_3 = vec4f();
  var sum_5_0 = vec4f();
  var sum_5_1 = vec4f();
  var sum_5_2 = vec4f();
  var sum_5_3 = vec4f();
  var sum_6_0 = vec4f();
  var sum_6_1 = vec4f();
  var sum_6_2 = vec4f();
  var sum_6_3 = vec4f();
  var sum_7_0 = vec4f();
  var sum_7_1 = vec4f();
  var sum_7_2 = vec4f();
  var sum_7_3 = vec4f();
  var sources: array<i32, PIXELS>;
  for (var tap = 0u; tap < tap_count(); tap++) {
    for (var j = 0u; j < PIXELS; j++) {
      sources[j] = source_at(min(pixel + j, last_pixel), tap);
    }
    let at_0 = vec4i(sources[0], sources[1], sources[2], sources[3]);
    let seen_0 = at_0 >= vec4i();
    let from_0 = vec4u(max(at_0, vec4i()));
    let at_1 = vec4i(sources[4], sources[5], sources[6], sources[7]);
    let seen_1 = at_1 >= vec4i();
    let from_1 = vec4u(max(at_1, vec4i()));
    let at_2 = vec4i(sources[8], sources[9], sources[10], sources[11]);
    let seen_2 = at_2 >= vec4i();
    let from_2 = vec4u(max(at_2, vec4i()));
    let at_3 = vec4i(sources[12], sources[13], sources[14], sources[15]);
    let seen_3 = at_3 >= vec4i();
    let from_3 = vec4u(max(at_3, vec4i()));
    let w_0 = weight_at(min(channel + 0u, last_channel), tap);
    let w_1 = weight_at(min(channel + 1u, last_channel), tap);
    let w_2 = weight_at(min(channel + 2u, last_channel), tap);
    let w_3 = weight_at(min(channel + 3u, last_channel), tap);
    let w_4 = weight_at(min(channel + 4u, last_channel), tap);
    let w_5 = weight_at(min(channel + 5u, last_channel), tap);
    let w_6 = weight_at(min(channel + 6u, last_channel), tap);
    let w_7 = weight_at(min(channel + 7u, last_channel), tap);
    var image_at = 0u;
    var at = 0u;
    for (var t = 0u; t < steps; t++) {
      let x_0 = select(vec4f(), vec4f(image[from_0.x + image_at], image[from_0.y + image_at],
        image[from_0.z + image_at], image[from_0.w + image_at]), seen_0);
      let x_1 = select(vec4f(), vec4f(image[from_1.x + image_at], image[from_1.y + image_at],
        image[from_1.z + image_at], image[from_1.w + image_at]), seen_1);
      let x_2 = select(vec4f(), vec4f(image[from_2.x + image_at], image[from_2.y + image_at],
        image[from_2.z + image_at], image[from_2.w + image_at]), seen_2);
      let x_3 = select(vec4f(), vec4f(image[from_3.x + image_at], image[from_3.y + image_at],
        image[from_3.z + image_at], image[from_3.w + image_at]), seen_3);
      let f_0 = weight[w_0 + at];
      sum_0_0 += f_0 * x_0;
      sum_0_1 += f_0 * x_1;
      sum_0_2 += f_0 * x_2;
      sum_0_3 += f_0 * x_3;
      let f_1 = weight[w_1 + at];
      sum_1_0 += f_1 * x_0;
      sum_1_1 += f_1 * x_1;
      sum_1_2 += f_1 * x_2;
      sum_1_3 += f_1 * x_3;
      let f_2 = weight[w_2 + at];
      sum_2_0 += f_2 * x_0;
      sum_2_1 += f_2 * x_1;
      sum_2_2 += f_2 * x_2;
      sum_2_3 += f_2 * x_3;
      let f_3 = weight[w_3 + at];
      sum_3_0 += f_3 * x_0;
      sum_3_1 += f_3 * x_1;
      sum_3_2 += f_3 * x_2;
      sum_3_3 += f_3 * x_3;
      let f_4 = weight[w_4 + at];
      sum_4_0 += f_4 * x_0;
      sum_4_1 += f_4 * x_1;
      sum_4_2 += f_4 * x_2;
      sum_4_3 += f_4 * x_3;
      let f_5 = weight[w_5 + at];
      sum_5_0 += f_5 * x_0;
      sum_5_1 += f_5 * x_1;
      sum_5_2 += f_5 * x_2;
      sum_5_3 += f_5 * x_3;
      let f_6 = weight[w_6 + at];
      sum_6_0 += f_6 * x_0;
      sum_6_1 += f_6 * x_1;
      sum_6_2 += f_6 * x_2;
      sum_6_3 += f_6 * x_3;
      let f_7 = weight[w_7 + at];
      sum_7_0 += f_7 * x_0;
      sum_7_1 += f_7 * x_1;
      sum_7_2 += f_7 * x_2;
      sum_7_3 += f_7 * x_3;
      image_at += image_step;
      at += step;
    }
  }
  var sums = array<vec4f, 32>(
    sum_0_0, sum_0_1, sum_0_2, sum_0_3,
    sum_1_0, sum_1_1, sum_1_2, sum_1_3,
    sum_2_0, sum_2_1, sum_2_2, sum_2_3,
    sum_3_0, sum_3_1, sum_3_2, sum_3_3,
    sum_4_0, sum_4_1, sum_4_2, sum_4_3,
    sum_5_0, sum_5_1, sum_5_2, sum_5_3,
    sum_6_0, sum_6_1, sum_6_2, sum_6_3,
    sum_7_0, sum_7_1, sum_7_2, sum_7_3);
  for (var i = 0u; i < CHANNELS; i++) {
    for (var j = 0u; j < PIXELS; j++) {
      store(channel + i, pixel + j, sums[i * 4u + j / 4u][j % 4u]);
    }
  }
}
