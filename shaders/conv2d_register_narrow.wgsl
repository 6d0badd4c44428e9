// Convolution forward by register tiles (maths in shared/conv2d_params.wgsl), for software adapters.
//   bindings: 0 params, 1 in, 2 w, 3 out, with the shapes of conv2d.wgsl
//   dispatch: (min(groups, 65535), ceil(groups / 65535), 1)
//             with groups = ceil(ceil(batch * out_height * out_width / 16) * ceil(out_channels / 4) / 4), 4 invocations
// For at most four output channels, where the 16 of conv2d_register.wgsl would be idle.

// @import conv2d_params

const CHANNELS: u32 = 4u;

// @epilogue-begin
fn epilogue(acc: f32, i: u32) -> f32 { return acc; }
// @epilogue-end

// @import conv2d_gather
// @import conv2d_register_narrow
// @import conv2d_forward

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group, groups, lane);
  if (!tile.live) {
    return;
  }
  conv2d_tile(tile);
}
