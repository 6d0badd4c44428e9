// Sixteen channels of 16 pixels, four planes at a time (see conv2d_gather.wgsl): a vector of weights times a matrix of
// pixels adds four products to a sum before that has to be stored.

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
    let first_4 = first_weight(tile, 4u, tap);
    let first_5 = first_weight(tile, 5u, tap);
    let first_6 = first_weight(tile, 6u, tap);
    let first_7 = first_weight(tile, 7u, tap);
    let first_8 = first_weight(tile, 8u, tap);
    let first_9 = first_weight(tile, 9u, tap);
    let first_10 = first_weight(tile, 10u, tap);
    let first_11 = first_weight(tile, 11u, tap);
    let first_12 = first_weight(tile, 12u, tap);
    let first_13 = first_weight(tile, 13u, tap);
    let first_14 = first_weight(tile, 14u, tap);
    let first_15 = first_weight(tile, 15u, tap);
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
      let w_4 = load_weight(first_4, at);
      let w_5 = load_weight(first_5, at);
      let w_6 = load_weight(first_6, at);
      let w_7 = load_weight(first_7, at);
      let w_8 = load_weight(first_8, at);
      let w_9 = load_weight(first_9, at);
      let w_10 = load_weight(first_10, at);
      let w_11 = load_weight(first_11, at);
      let w_12 = load_weight(first_12, at);
      let w_13 = load_weight(first_13, at);
      let w_14 = load_weight(first_14, at);
      let w_15 = load_weight(first_15, at);
      let x_0 = load_pixels(source_0, image_at, live);
      sums[0] += w_0 * x_0;
      sums[4] += w_1 * x_0;
      sums[8] += w_2 * x_0;
      sums[12] += w_3 * x_0;
      sums[16] += w_4 * x_0;
      sums[20] += w_5 * x_0;
      sums[24] += w_6 * x_0;
      sums[28] += w_7 * x_0;
      sums[32] += w_8 * x_0;
      sums[36] += w_9 * x_0;
      sums[40] += w_10 * x_0;
      sums[44] += w_11 * x_0;
      sums[48] += w_12 * x_0;
      sums[52] += w_13 * x_0;
      sums[56] += w_14 * x_0;
      sums[60] += w_15 * x_0;
      let x_1 = load_pixels(source_1, image_at, live);
      sums[1] += w_0 * x_1;
      sums[5] += w_1 * x_1;
      sums[9] += w_2 * x_1;
      sums[13] += w_3 * x_1;
      sums[17] += w_4 * x_1;
      sums[21] += w_5 * x_1;
      sums[25] += w_6 * x_1;
      sums[29] += w_7 * x_1;
      sums[33] += w_8 * x_1;
      sums[37] += w_9 * x_1;
      sums[41] += w_10 * x_1;
      sums[45] += w_11 * x_1;
      sums[49] += w_12 * x_1;
      sums[53] += w_13 * x_1;
      sums[57] += w_14 * x_1;
      sums[61] += w_15 * x_1;
      let x_2 = load_pixels(source_2, image_at, live);
      sums[2] += w_0 * x_2;
      sums[6] += w_1 * x_2;
      sums[10] += w_2 * x_2;
      sums[14] += w_3 * x_2;
      sums[18] += w_4 * x_2;
      sums[22] += w_5 * x_2;
      sums[26] += w_6 * x_2;
      sums[30] += w_7 * x_2;
      sums[34] += w_8 * x_2;
      sums[38] += w_9 * x_2;
      sums[42] += w_10 * x_2;
      sums[46] += w_11 * x_2;
      sums[50] += w_12 * x_2;
      sums[54] += w_13 * x_2;
      sums[58] += w_14 * x_2;
      sums[62] += w_15 * x_2;
      let x_3 = load_pixels(source_3, image_at, live);
      sums[3] += w_0 * x_3;
      sums[7] += w_1 * x_3;
      sums[11] += w_2 * x_3;
      sums[15] += w_3 * x_3;
      sums[19] += w_4 * x_3;
      sums[23] += w_5 * x_3;
      sums[27] += w_6 * x_3;
      sums[31] += w_7 * x_3;
      sums[35] += w_8 * x_3;
      sums[39] += w_9 * x_3;
      sums[43] += w_10 * x_3;
      sums[47] += w_11 * x_3;
      sums[51] += w_12 * x_3;
      sums[55] += w_13 * x_3;
      sums[59] += w_14 * x_3;
      sums[63] += w_15 * x_3;
    }
  }
  var finished = sums;
  store_tile(tile, &finished);
}
