import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gif } from '../../www/parts/gif.js';

/**
 * Reads what `Gif` writes, after the specification.
 * @param {Uint8Array} file
 */
function read(file) {
  let at = 0;
  const byte = () => file[at++];
  const word = () => byte() | (byte() << 8);
  const text = (/** @type {number} */ length) => String.fromCharCode(...Array.from({ length }, byte));
  assert.equal(text(6), 'GIF89a');
  const [width, height] = [word(), word()];
  const colours = 2 << (byte() & 7);
  at += 2 + 3 * colours;
  /** @type {{delay: number, pixels: number[]}[]} */
  const frames = [];
  let delay = 0;
  for (;;) {
    const kind = byte();
    if (kind === 0x3b) break;
    if (kind === 0x21) {
      const label = byte();
      for (let length = byte(); length > 0; length = byte()) {
        if (label === 0xf9) delay = file[at + 1] | (file[at + 2] << 8);
        at += length;
      }
      continue;
    }
    assert.equal(kind, 0x2c);
    assert.deepEqual([word(), word(), word(), word(), byte()], [0, 0, width, height, 0]);
    const bits = byte();
    const data = [];
    for (let length = byte(); length > 0; length = byte()) for (let i = 0; i < length; i += 1) data.push(byte());
    frames.push({ delay, pixels: expand(data, bits) });
  }
  assert.equal(at, file.length);
  return { width, height, colours, frames };
}

/** @param {number[]} data @param {number} bits */
function expand(data, bits) {
  const [clear, end] = [1 << bits, (1 << bits) + 1];
  const fresh = () => [...Array.from({ length: clear }, (_, i) => [i]), [], []];
  let [table, size, bit] = [fresh(), bits + 1, 0];
  /** @type {number[]} */
  const pixels = [];
  /** @type {number[] | null} */
  let before = null;
  for (;;) {
    let code = 0;
    for (let i = 0; i < size; i += 1, bit += 1) code |= ((data[bit >> 3] >> (bit & 7)) & 1) << i;
    if (code === end) return pixels;
    if (code === clear) {
      [table, size, before] = [fresh(), bits + 1, null];
      continue;
    }
    /** @type {number[]} */
    const sequence = code < table.length ? table[code] : [.../** @type {number[]} */ (before), /** @type {number[]} */ (before)[0]];
    pixels.push(...sequence);
    if (before && table.length < 4096) table.push([...before, sequence[0]]);
    before = sequence;
    if (table.length === 1 << size && size < 12) size += 1;
  }
}

/** @param {number} colours */
const greys = (colours) => Array.from({ length: colours }, (_, i) => /** @type {[number, number, number]} */ ([i, i, i]));

/** Numbers that look drawn at random. @param {number} count @param {number} below */
function noise(count, below) {
  let state = 1;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  });
}

for (const [name, width, height, colours, pixels] of /** @type {const} */ ([
  ['one pixel', 1, 1, 2, Uint8Array.of(1)],
  ['one colour', 200, 100, 32, new Uint8Array(20_000)],
  ['noise, with the table full more than once', 224, 224, 32, noise(224 * 224, 32)],
  ['noise of all colours', 100, 90, 256, noise(9000, 256)],
  ['two colours', 64, 64, 2, noise(4096, 2)],
  ['a number of colours that is no power of two', 50, 50, 17, noise(2500, 17)],
])) {
  test(`what is written can be read: ${name}`, () => {
    const gif = new Gif(width, height, greys(colours));
    gif.frame(pixels, 7);
    gif.frame(pixels.slice().reverse(), 150);
    const file = read(gif.finish());
    assert.deepEqual([file.width, file.height], [width, height]);
    assert.ok(file.colours >= colours);
    assert.deepEqual(file.frames.map(({ delay }) => delay), [7, 150]);
    assert.deepEqual(file.frames[0].pixels, [...pixels]);
    assert.deepEqual(file.frames[1].pixels, [...pixels].reverse());
  });
}

test('every length at which a code grows by a bit', () => {
  for (let length = 1; length < 700; length += 1) {
    const pixels = noise(length, 4);
    const gif = new Gif(length, 1, greys(4));
    gif.frame(pixels, 1);
    assert.deepEqual(read(gif.finish()).frames[0].pixels, [...pixels], String(length));
  }
});
