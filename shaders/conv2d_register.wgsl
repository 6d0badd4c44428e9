// Convolution forward by register tiles (maths in shared/conv2d_params.wgsl), for software adapters.
//   bindings: 0 params, 1 in, 2 w, 3 out, with the shapes of conv2d.wgsl
//   dispatch: (min(groups, 65535), ceil(groups / 65535), 1)
//             with groups = ceil(ceil(batch * out_height * out_width / 16) * ceil(out_channels / 8) / 4), 4 invocations

// @import conv2d_params

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import conv2d_register

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

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  conv2d_register((group.y * groups.x + group.x) * THREADS + lane);
}
