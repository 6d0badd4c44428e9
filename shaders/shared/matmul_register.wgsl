// What the register kernels of the matrix product have in common. The importing file declares const ROWS and
// const COLUMNS (a multiple of four), the tile that one invocation owns, and fn epilogue. Rows and columns past the
// edge repeat the last one, so that every load is in bounds; they are never stored.

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

const THREADS: u32 = 4u;
const QUADS: u32 = COLUMNS / 4u;

struct Tile {
  live: bool,
  row: u32,
  column: u32,
  z: u32,
  p_begin: u32,
  p_end: u32,
  a_base: u32,
  b_base: u32,
}

fn tile_of(group: vec3u, groups: vec3u, lane: u32) -> Tile {
  let tiles_across = (params.n + COLUMNS - 1u) / COLUMNS;
  let tiles_down = (params.m + ROWS - 1u) / ROWS;
  let index = (group.y * groups.x + group.x) * THREADS + lane;
  let z = group.z % params.batch;
  let p_begin = group.z / params.batch * params.k_slice;
  return Tile(
    index < tiles_across * tiles_down,
    index / tiles_across * ROWS,
    index % tiles_across * COLUMNS,
    group.z,
    p_begin,
    min(params.k, p_begin + params.k_slice),
    params.a_offset + z * params.a_batch,
    params.b_offset + z * params.b_batch);
}

fn row_base(tile: Tile, i: u32) -> u32 {
  return tile.a_base + min(tile.row + i, params.m - 1u) * params.a_row;
}

fn column_base(tile: Tile, j: u32) -> u32 {
  return tile.b_base + min(tile.column + j, params.n - 1u) * params.b_col;
}

fn load_quad(base: vec4u, at: u32) -> vec4f {
  return vec4f(b[base.x + at], b[base.y + at], b[base.z + at], b[base.w + at]);
}

fn quad_base(tile: Tile, q: u32) -> vec4u {
  return vec4u(column_base(tile, 4u * q), column_base(tile, 4u * q + 1u), column_base(tile, 4u * q + 2u),
    column_base(tile, 4u * q + 3u));
}

fn store_tile(tile: Tile, sums: ptr<function, array<vec4f, ROWS * QUADS>>) {
  for (var i = 0u; i < ROWS; i++) {
    let row = tile.row + i;
    for (var j = 0u; j < COLUMNS; j++) {
      let column = tile.column + j;
      if (row < params.m && column < params.n) {
        let at = (tile.z * params.m + row) * params.n + column;
        c[at] = epilogue((*sums)[i * QUADS + j / 4u][j % 4u], at);
      }
    }
  }
}
