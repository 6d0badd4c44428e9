// Four channels of 16 pixels, four planes at a time (see conv2d_gather.wgsl).

fn conv2d_tile(tile: Tile) {
  var places: array<vec3u, PIXELS>;
  for (var j = 0u; j < PIXELS; j++) {
    places[j] = place_of(tile.pixel + j);
  }
  let plane_step = source_plane();
  let step = weight_step();
  let planes = depth();
  var sources: array<i32, PIXELS>;
  var sums: array<vec4f, CHANNELS * QUADS>;
  for (var tap = 0u; tap < tap_count(); tap++) {
    for (var j = 0u; j < PIXELS; j++) {
      sources[j] = source_at(places[j], tap);
    }
    let source_0 = vec4i(sources[0], sources[1], sources[2], sources[3]);
    let source_1 = vec4i(sources[4], sources[5], sources[6], sources[7]);
    let source_2 = vec4i(sources[8], sources[9], sources[10], sources[11]);
    let source_3 = vec4i(sources[12], sources[13], sources[14], sources[15]);
    let first_0 = first_weight(tile, 0u, tap);
    let first_1 = first_weight(tile, 1u, tap);
    let first_2 = first_weight(tile, 2u, tap);
    let first_3 = first_weight(tile, 3u, tap);
    for (var t = 0u; t < planes; t += 4u) {
      // Planes past the last repeat it and count as zero.
      let wanted = t + vec4u(0u, 1u, 2u, 3u);
      let present = min(wanted, vec4u(planes - 1u));
      let live = wanted < vec4u(planes);
      let image_at = present * plane_step;
      let at = present * step;
      let w_0 = load_weight(first_0, at);
      let w_1 = load_weight(first_1, at);
      let w_2 = load_weight(first_2, at);
      let w_3 = load_weight(first_3, at);
      let x_0 = load_pixels(source_0, image_at, live);
      sums[0] += w_0 * x_0;
      sums[4] += w_1 * x_0;
      sums[8] += w_2 * x_0;
      sums[12] += w_3 * x_0;
      let x_1 = load_pixels(source_1, image_at, live);
      sums[1] += w_0 * x_1;
      sums[5] += w_1 * x_1;
      sums[9] += w_2 * x_1;
      sums[13] += w_3 * x_1;
      let x_2 = load_pixels(source_2, image_at, live);
      sums[2] += w_0 * x_2;
      sums[6] += w_1 * x_2;
      sums[10] += w_2 * x_2;
      sums[14] += w_3 * x_2;
      let x_3 = load_pixels(source_3, image_at, live);
      sums[3] += w_0 * x_3;
      sums[7] += w_1 * x_3;
      sums[11] += w_2 * x_3;
      sums[15] += w_3 * x_3;
    }
  }
  var finished = sums;
  store_tile(tile, &finished);
}
