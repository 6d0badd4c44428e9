// Gradient of a convolution with respect to its weights by register tiles (maths in conv2d_grad_weight.wgsl), for
// software adapters.
//   bindings: 0 params, 1 in, 2 grad_out, 3 grad_w, with the shapes of conv2d_grad_weight.wgsl
//   dispatch: (min(groups, 65535), ceil(groups / 65535), splits) with
//             groups = ceil(kernel_height * kernel_width * ceil(out_channels / 8) * ceil(in_channels / 16) / 4),
//             4 invocations
// Each invocation owns 8 output channels x 16 input channels of one kernel position, so that what lies in the
// padding is the same for all of them and the loop runs over the output positions that see the image. A slice of the
// sum is a run of `slice` lines of the output (splits * slice >= batch * out_height); splits = 1 with
// slice = batch * out_height is right unless there are fewer than 32 invocations.

// @import conv2d_params

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

@group(0) @binding(1) var<storage, read> image: array<f32>;
@group(0) @binding(2) var<storage, read> grad_out: array<f32>;
@group(0) @binding(3) var<storage, read_write> grad_w: array<f32>;

const ROWS: u32 = 8u;
const COLUMNS: u32 = 16u;
const THREADS: u32 = 4u;

fn store(out_channel: u32, in_channel: u32, tap: u32, slice: u32, sum: f32) {
  if (out_channel < params.out_channels && in_channel < params.in_channels) {
    let at = ((slice * params.out_channels + out_channel) * params.in_channels + in_channel)
      * params.kernel_height * params.kernel_width + tap;
    grad_w[at] = epilogue(sum, at);
  }
}

// First output position whose view through kernel position `tap` is not in the padding before the image.
fn first_seen(tap: u32) -> u32 {
  return (max(params.padding, tap) - tap + params.stride - 1u) / params.stride;
}

// One past the last output position whose view is not in the padding after an image of `length`.
fn end_seen(tap: u32, length: u32, count: u32) -> u32 {
  let reach = length * params.upsample + params.padding;
  return min(count, (max(reach, tap) - tap + params.stride - 1u) / params.stride);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let taps = params.kernel_height * params.kernel_width;
  let tiles_across = (params.in_channels + COLUMNS - 1u) / COLUMNS;
  let tiles_down = (params.out_channels + ROWS - 1u) / ROWS;
  let tile = (group.y * groups.x + group.x) * THREADS + lane;
  if (tile >= taps * tiles_across * tiles_down) {
    return;
  }
  let tap = tile % taps;
  let tap_y = tap / params.kernel_width;
  let tap_x = tap % params.kernel_width;
  let in_channel = tile / taps % tiles_across * COLUMNS;
  let out_channel = tile / taps / tiles_across * ROWS;
  let in_plane = params.in_height * params.in_width;
  let out_plane = params.out_height * params.out_width;
  let last_in = params.in_channels - 1u;
  let last_out = params.out_channels - 1u;
  let y_begin = first_seen(tap_y);
  let y_end = end_seen(tap_y, params.in_height, params.out_height);
  let x_begin = first_seen(tap_x);
  let x_end = end_seen(tap_x, params.in_width, params.out_width);
  let line_begin = group.z * params.slice;
  let line_end = min(params.batch * params.out_height, line_begin + params.slice);
  let g_at_0 = min(out_channel + 0u, last_out) * out_plane;
  let g_at_1 = min(out_channel + 1u, last_out) * out_plane;
  let g_at_2 = min(out_channel + 2u, last_out) * out_plane;
  let g_at_3 = min(out_channel + 3u, last_out) * out_plane;
  let g_at_4 = min(out_channel + 4u, last_out) * out_plane;
  let g_at_5 = min(out_channel + 5u, last_out) * out_plane;
  let g_at_6 = min(out_channel + 6u, last_out) * out_plane;
  let g_at_7 = min(out_channel + 7u, last_out) * out_plane;
  let i_at_0 = min(in_channel + 0u, last_in) * in_plane;
  let i_at_1 = min(in_channel + 1u, last_in) * in_plane;
  let i_at_2 = min(in_channel + 2u, last_in) * in_plane;
  let i_at_3 = min(in_channel + 3u, last_in) * in_plane;
  let i_at_4 = min(in_channel + 4u, last_in) * in_plane;
  let i_at_5 = min(in_channel + 5u, last_in) * in_plane;
  let i_at_6 = min(in_channel + 6u, last_in) * in_plane;
  let i_at_7 = min(in_channel + 7u, last_in) * in_plane;
  let i_at_8 = min(in_channel + 8u, last_in) * in_plane;
  let i_at_9 = min(in_channel + 9u, last_in) * in_plane;
  let i_at_10 = min(in_channel + 10u, last_in) * in_plane;
  let i_at_11 = min(in_channel + 11u, last_in) * in_plane;
  let i_at_12 = min(in_channel + 12u, last_in) * in_plane;
  let i_at_13 = min(in_channel + 13u, last_in) * in_plane;
  let i_at_14 = min(in_channel + 14u, last_in) * in_plane;
  let i_at_15 = min(in_channel + 15u, last_in) * in_plane;
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
  for (var line = line_begin; line < line_end; line++) {
    let sample = line / params.out_height;
    let y = line % params.out_height;
    if (y < y_begin || y >= y_end) {
      continue;
    }
    let source_y = (y * params.stride + tap_y - params.padding) / params.upsample;
    let image_line = sample * params.in_channels * in_plane + source_y * params.in_width;
    let grad_line = sample * params.out_channels * out_plane + y * params.out_width;
    for (var x = x_begin; x < x_end; x++) {
      let at = image_line + (x * params.stride + tap_x - params.padding) / params.upsample;
      let grad_at = grad_line + x;
      let x_0 = vec4f(image[i_at_0 + at], image[i_at_1 + at], image[i_at_2 + at], image[i_at_3 + at]);
      let x_1 = vec4f(image[i_at_4 + at], image[i_at_5 + at], image[i_at_6 + at], image[i_at_7 + at]);
      let x_2 = vec4f(image[i_at_8 + at], image[i_at_9 + at], image[i_at_10 + at], image[i_at_11 + at]);
      let x_3 = vec4f(image[i_at_12 + at], image[i_at_13 + at], image[i_at_14 + at], image[i_at_15 + at]);
      let f_0 = grad_out[g_at_0 + grad_at];
      sum_0_0 += f_0 * x_0;
      sum_0_1 += f_0 * x_1;
      sum_0_2 += f_0 * x_2;
      sum_0_3 += f_0 * x_3;
      let f_1 = grad_out[g_at_1 + grad_at];
      sum_1_0 += f_1 * x_0;
      sum_1_1 += f_1 * x_1;
      sum_1_2 += f_1 * x_2;
      sum_1_3 += f_1 * x_3;
      let f_2 = grad_out[g_at_2 + grad_at];
      sum_2_0 += f_2 * x_0;
      sum_2_1 += f_2 * x_1;
      sum_2_2 += f_2 * x_2;
      sum_2_3 += f_2 * x_3;
      let f_3 = grad_out[g_at_3 + grad_at];
      sum_3_0 += f_3 * x_0;
      sum_3_1 += f_3 * x_1;
      sum_3_2 += f_3 * x_2;
      sum_3_3 += f_3 * x_3;
      let f_4 = grad_out[g_at_4 + grad_at];
      sum_4_0 += f_4 * x_0;
      sum_4_1 += f_4 * x_1;
      sum_4_2 += f_4 * x_2;
      sum_4_3 += f_4 * x_3;
      let f_5 = grad_out[g_at_5 + grad_at];
      sum_5_0 += f_5 * x_0;
      sum_5_1 += f_5 * x_1;
      sum_5_2 += f_5 * x_2;
      sum_5_3 += f_5 * x_3;
      let f_6 = grad_out[g_at_6 + grad_at];
      sum_6_0 += f_6 * x_0;
      sum_6_1 += f_6 * x_1;
      sum_6_2 += f_6 * x_2;
      sum_6_3 += f_6 * x_3;
      let f_7 = grad_out[g_at_7 + grad_at];
      sum_7_0 += f_7 * x_0;
      sum_7_1 += f_7 * x_1;
      sum_7_2 += f_7 * x_2;
      sum_7_3 += f_7 * x_3;
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
  for (var i = 0u; i < ROWS; i++) {
    for (var j = 0u; j < COLUMNS; j++) {
      store(out_channel + i, in_channel + j, tap, group.z, sums[i * 4u + j / 4u][j % 4u]);
    }
  }
}
