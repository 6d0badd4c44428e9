// Convolution forward (see shared/conv2d_params.wgsl), for real GPUs: an implicit matrix product
//   out[o, (b, y, x)] = sum over p = (c, i, j) of w[o, p] * in[p, (b, y, x)].
//   bindings: 0 params, 1 in [batch, in_channels, in_height, in_width],
//             2 w [out_channels, in_channels, kernel_height, kernel_width],
//             3 out [batch, out_channels, out_height, out_width]
//   dispatch: (ceil(batch * out_height * out_width / 32), ceil(out_channels / 32), 1), 64 invocations

// @import conv2d_params

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import conv2d_tile
// @import tile_product

fn out_size() -> vec3u {
  return vec3u(params.out_channels, params.out_height, params.out_width);
}

fn weight_at(channel: u32, p: u32) -> u32 {
  return channel * params.in_channels * params.kernel_height * params.kernel_width + p;
}

fn image_at(p: u32, sample: u32, y: u32, x: u32) -> i32 {
  let j = p % params.kernel_width;
  let line = p / params.kernel_width;
  let i = line % params.kernel_height;
  let channel = line / params.kernel_height;
  let at = source_of_output(y, x, i, j);
  let plane = (sample * params.in_channels + channel) * params.in_height * params.in_width;
  return select(i32(plane) + at, -1, at < 0);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  conv2d_tile(group, lane, params.in_channels * params.kernel_height * params.kernel_width, true);
}
