// Square-tile matrix product in workgroup memory: the engine of every dense kernel for real GPUs.
// The importing file declares
//   const TILE, a multiple of 16, and const THREADS = (TILE / 4)^2;
//   fn stage_a(row, p, slot) -> vec4f: A at rows row .. row + 3 and depth p, zero outside the operand;
//   fn stage_b(p, column, slot) -> vec4f: B at depth p and columns column .. column + 3, zero outside;
//   fn store(row, column, sum): takes one finished element, also called for elements outside the output.
// An invocation meets the same row and column for the same slot in every round, so the file may prepare what
// depends on them alone (see staged_place) before it calls tile_product.
//
// Each invocation owns 4 x 4 elements of the TILE x TILE output tile. DEPTH steps of p are staged at a time;
// the next round's words are fetched into registers before the present round is summed, to hide their latency.
// `along_p` says that the operand is contiguous along p: staging then runs along p first, so that neighbouring
// invocations read neighbouring words.

const DEPTH: u32 = 16u;
const QUADS: u32 = TILE / 4u;
// One vector of padding per line keeps staging along p off a single bank.
const LINE: u32 = QUADS + 1u;
const SLOTS: u32 = DEPTH * QUADS / THREADS;

var<workgroup> a_tile: array<vec4f, DEPTH * LINE>;
var<workgroup> b_tile: array<vec4f, DEPTH * LINE>;

// Place (depth, quad) in the staged tile that the invocation fills in this slot.
fn staged_place(lane: u32, slot: u32, along_p: bool) -> vec2u {
  let e = lane + slot * THREADS;
  return select(vec2u(e / QUADS, e % QUADS), vec2u(e % DEPTH, e / DEPTH), along_p);
}

fn tile_product(row_0: u32, column_0: u32, p_begin: u32, p_end: u32, lane: u32, a_along_p: bool, b_along_p: bool) {
  let my_row = lane / QUADS;
  let my_column = lane % QUADS;
  var next_a: array<vec4f, SLOTS>;
  var next_b: array<vec4f, SLOTS>;
  for (var slot = 0u; slot < SLOTS; slot++) {
    let a_place = staged_place(lane, slot, a_along_p);
    let b_place = staged_place(lane, slot, b_along_p);
    next_a[slot] = fetch_a(row_0 + a_place.y * 4u, p_begin + a_place.x, p_end, slot);
    next_b[slot] = fetch_b(p_begin + b_place.x, column_0 + b_place.y * 4u, p_end, slot);
  }
  var sum_0 = vec4f();
  var sum_1 = vec4f();
  var sum_2 = vec4f();
  var sum_3 = vec4f();
  for (var p = p_begin; p < p_end; p += DEPTH) {
    for (var slot = 0u; slot < SLOTS; slot++) {
      let a_place = staged_place(lane, slot, a_along_p);
      let b_place = staged_place(lane, slot, b_along_p);
      a_tile[a_place.x * LINE + a_place.y] = next_a[slot];
      b_tile[b_place.x * LINE + b_place.y] = next_b[slot];
    }
    workgroupBarrier();
    for (var slot = 0u; slot < SLOTS; slot++) {
      let a_place = staged_place(lane, slot, a_along_p);
      let b_place = staged_place(lane, slot, b_along_p);
      next_a[slot] = fetch_a(row_0 + a_place.y * 4u, p + DEPTH + a_place.x, p_end, slot);
      next_b[slot] = fetch_b(p + DEPTH + b_place.x, column_0 + b_place.y * 4u, p_end, slot);
    }
    for (var d = 0u; d < DEPTH; d++) {
      let a_quad = a_tile[d * LINE + my_row];
      let b_quad = b_tile[d * LINE + my_column];
      sum_0 += a_quad.x * b_quad;
      sum_1 += a_quad.y * b_quad;
      sum_2 += a_quad.z * b_quad;
      sum_3 += a_quad.w * b_quad;
    }
    workgroupBarrier();
  }
  let row = row_0 + my_row * 4u;
  let column = column_0 + my_column * 4u;
  for (var j = 0u; j < 4u; j++) {
    store(row, column + j, sum_0[j]);
    store(row + 1u, column + j, sum_1[j]);
    store(row + 2u, column + j, sum_2[j]);
    store(row + 3u, column + j, sum_3[j]);
  }
}

fn fetch_a(row: u32, p: u32, p_end: u32, slot: u32) -> vec4f {
  if (p >= p_end) {
    return vec4f();
  }
  return stage_a(row, p, slot);
}

fn fetch_b(p: u32, column: u32, p_end: u32, slot: u32) -> vec4f {
  if (p >= p_end) {
    return vec4f();
  }
  return stage_b(p, column, slot);
}
