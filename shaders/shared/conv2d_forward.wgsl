// The forward convolution in terms of conv2d_gather.wgsl.

fn out_size() -> vec3u {
  return vec3u(params.out_channels, params.out_height, params.out_width);
}

fn tap_count() -> u32 {
  return params.kernel_height * params.kernel_width;
}

fn tap_source(tap: u32, y: u32, x: u32) -> i32 {
  return source_of_output(y, x, tap / params.kernel_width, tap % params.kernel_width);
}

fn depth() -> u32 {
  return params.in_channels;
}

fn source_plane() -> u32 {
  return params.in_height * params.in_width;
}

fn weight_at(channel: u32, tap: u32) -> u32 {
  return channel * params.in_channels * tap_count() + tap;
}

fn weight_step() -> u32 {
  return tap_count();
}
