// Uniform block of every conv2d*.wgsl (64 bytes, sixteen u32). Images are NCHW, weights OIHW, all contiguous:
//
//   out[b, o, y, x] = sum over c, i, j of w[o, c, i, j] * in[b, c, (y * stride + i - padding) / upsample,
//                                                                 (x * stride + j - padding) / upsample]
//
// where the undivided position lies in [0, in_height * upsample) x [0, in_width * upsample), and is zero
// elsewhere. `upsample` is the factor of a nearest-neighbour enlargement of the input; 1 means none.
// in_* and out_* always describe the forward convolution, also in the kernels of its gradients.
//
// splits and slice belong to conv2d_grad_weight.wgsl alone (1 and 0 elsewhere).
struct Params {
  batch: u32,
  in_channels: u32,
  in_height: u32,
  in_width: u32,
  out_channels: u32,
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride: u32,
  padding: u32,
  upsample: u32,
  splits: u32,
  slice: u32,
  unused_0: u32,
  unused_1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

// Element of the input plane that output position (y, x) sees through kernel position (i, j), or -1 for padding.
fn source_of_output(y: u32, x: u32, i: u32, j: u32) -> i32 {
  let v = i32(y * params.stride + i) - i32(params.padding);
  let u = i32(x * params.stride + j) - i32(params.padding);
  if (v < 0 || u < 0 || v >= i32(params.in_height * params.upsample) || u >= i32(params.in_width * params.upsample)) {
    return -1;
  }
  // Integer division is slow on many adapters, and most convolutions do not enlarge.
  if (params.upsample == 1u) {
    return v * i32(params.in_width) + u;
  }
  return i32(u32(v) / params.upsample * params.in_width + u32(u) / params.upsample);
}

// Element of the output plane that sees enlarged input position (v, u) through kernel position (i, j), or -1.
fn output_of_source(v: u32, u: u32, i: u32, j: u32) -> i32 {
  let y = i32(v + params.padding) - i32(i);
  let x = i32(u + params.padding) - i32(j);
  if (y < 0 || x < 0) {
    return -1;
  }
  let row = u32(y) / params.stride;
  let column = u32(x) / params.stride;
  if (row * params.stride != u32(y) || column * params.stride != u32(x) || row >= params.out_height
      || column >= params.out_width) {
    return -1;
  }
  return i32(row * params.out_width + column);
}
