// Gradient of a convolution with respect to its input, and the transposed convolution's forward pass, by register
// tiles (maths in conv2d_grad_input.wgsl), for software adapters.
//   bindings: 0 params, 1 grad_out, 2 w, 3 grad_in, with the shapes of conv2d_grad_input.wgsl
//   dispatch: (min(groups, 65535), ceil(groups / 65535), 1)
//             with groups = ceil(ceil(batch * in_height * in_width / 16) * ceil(in_channels / 16) / 4), 4 invocations

// @import conv2d_params

const CHANNELS: u32 = 16u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import conv2d_gather
// @import conv2d_register

fn out_size() -> vec3u {
  return vec3u(params.in_channels, params.in_height, params.in_width);
}

// One tap for each kernel position and each of the upsample^2 enlarged positions of an input element.
fn tap_count() -> u32 {
  return params.upsample * params.upsample * params.kernel_height * params.kernel_width;
}

fn tap_source(tap: u32, v: u32, u: u32) -> i32 {
  let taps = params.kernel_height * params.kernel_width;
  let position = tap / taps;
  let place = tap % taps;
  return output_of_source(v * params.upsample + position / params.upsample,
    u * params.upsample + position % params.upsample, place / params.kernel_width, place % params.kernel_width);
}

fn depth() -> u32 {
  return params.out_channels;
}

fn source_plane() -> u32 {
  return params.out_height * params.out_width;
}

fn weight_at(channel: u32, tap: u32) -> u32 {
  let taps = params.kernel_height * params.kernel_width;
  return channel * taps + tap % taps;
}

fn weight_step() -> u32 {
  return params.in_channels * params.kernel_height * params.kernel_width;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, groups, lane);
  if (!tile.live) {
    return;
  }
  conv2d_tile(tile);
}
