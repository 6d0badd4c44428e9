// Gradient of a convolution with respect to its input (see shared/conv2d_params.wgsl), which is also the
// transposed convolution's forward pass; for real GPUs. Every input element gathers the outputs that saw it, so
// nothing is written twice:
//   grad_in[c, (b, v, u)] = sum over p = (o, dv, du, i, j) of w[o, c, i, j]
//                           * grad_out[b, o, (v * upsample + dv + padding - i) / stride, (likewise for u)]
// over the upsample^2 enlarged positions (dv, du) of an input element, where the divisions are exact.
//   bindings: 0 params, 1 grad_out [batch, out_channels, out_height, out_width],
//             2 w [out_channels, in_channels, kernel_height, kernel_width],
//             3 grad_in [batch, in_channels, in_height, in_width]
//   dispatch: (ceil(batch * in_height * in_width / 32), ceil(in_channels / 32), 1), 64 invocations
// For a transposed convolution, w is PyTorch's [in, out, kh, kw] as it stands, and in_* describe its result.

// @import conv2d_params

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import conv2d_tile
// @import tile_product

fn out_size() -> vec3u {
  return vec3u(params.in_channels, params.in_height, params.in_width);
}

fn weight_at(channel: u32, p: u32) -> u32 {
  let taps = params.kernel_height * params.kernel_width;
  let out_channel = p / (taps * params.upsample * params.upsample);
  return (out_channel * params.in_channels + channel) * taps + p % taps;
}

fn image_at(p: u32, sample: u32, v: u32, u: u32) -> i32 {
  let j = p % params.kernel_width;
  let line = p / params.kernel_width;
  let i = line % params.kernel_height;
  let position = line / params.kernel_height;
  let du = position % params.upsample;
  let dv = position / params.upsample % params.upsample;
  let channel = position / (params.upsample * params.upsample);
  let at = output_of_source(v * params.upsample + dv, u * params.upsample + du, i, j);
  let plane = (sample * params.out_channels + channel) * params.out_height * params.out_width;
  return select(i32(plane) + at, -1, at < 0);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let taps = params.kernel_height * params.kernel_width;
  conv2d_tile(group, lane, params.out_channels * taps * params.upsample * params.upsample, false);
}
