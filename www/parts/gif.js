/**
 * Animated GIFs of a few colours: GIF89a with one palette for all frames, each compressed by LZW (CompuServe, "Graphics
 * Interchange Format, Version 89a", 1990, appendix F).
 */

/** Codes have at most this many bits. */
const MAX_BITS = 12;
/** A data block says its length in a byte. */
const BLOCK = 255;

/** Bytes in a row, growing. */
class Bytes {
  constructor() {
    this.data = new Uint8Array(1 << 16);
    this.length = 0;
  }

  /** @param {number} value */
  byte(value) {
    if (this.length === this.data.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.data);
      this.data = larger;
    }
    this.data[this.length] = value;
    this.length += 1;
  }

  /** @param {number} value  16 bits, the low byte first */
  word(value) {
    this.byte(value & 0xff);
    this.byte(value >> 8);
  }

  /** @param {string} text */
  ascii(text) {
    for (const letter of text) this.byte(letter.charCodeAt(0));
  }
}

export class Gif {
  /**
   * @param {number} width  in pixels, up to 65,535
   * @param {number} height
   * @param {[red: number, green: number, blue: number][]} palette  2 to 256 colours of 0 to 255
   */
  constructor(width, height, palette) {
    this.width = width;
    this.height = height;
    /** Bits of a pixel. */
    this.bits = Math.max(1, Math.ceil(Math.log2(palette.length)));
    const out = (this.out = new Bytes());
    out.ascii('GIF89a');
    out.word(width);
    out.word(height);
    // a global palette of 2^bits colours
    out.byte(0x80 | ((this.bits - 1) << 4) | (this.bits - 1));
    out.byte(0);
    out.byte(0);
    for (let i = 0; i < 1 << this.bits; i += 1) for (const part of palette[i] ?? [0, 0, 0]) out.byte(part);
    // plays for ever
    out.word(0xff21);
    out.byte(11);
    out.ascii('NETSCAPE2.0');
    out.byte(3);
    out.byte(1);
    out.word(0);
    out.byte(0);
  }

  /**
   * @param {Uint8Array} pixels  indices into the palette, row by row
   * @param {number} delay  how long it is shown, in hundredths of a second
   */
  frame(pixels, delay) {
    const { out } = this;
    // graphic control: nothing transparent, left in place
    out.word(0xf921);
    out.byte(4);
    out.byte(4);
    out.word(delay);
    out.byte(0);
    out.byte(0);
    // image descriptor: the whole picture, global palette
    out.byte(0x2c);
    for (const value of [0, 0, this.width, this.height]) out.word(value);
    out.byte(0);
    compress(pixels, Math.max(2, this.bits), out);
  }

  /** @returns {Uint8Array<ArrayBuffer>} the file */
  finish() {
    this.out.byte(0x3b);
    return this.out.data.slice(0, this.out.length);
  }
}

/**
 * @param {Uint8Array} pixels
 * @param {number} bits  of a pixel, at least 2
 * @param {Bytes} out
 */
function compress(pixels, bits, out) {
  const clear = 1 << bits;
  const end = clear + 1;
  let size = bits + 1;
  let next = end + 1;
  /** The code of a known sequence and a pixel after it, by code * 256 + pixel. @type {Map<number, number>} */
  let known = new Map();

  /** @type {number[]} */
  let block = [];
  const flush = () => {
    if (block.length === 0) return;
    out.byte(block.length);
    for (const byte of block) out.byte(byte);
    block = [];
  };
  let pending = 0;
  let held = 0;
  const put = (/** @type {number} */ code) => {
    pending |= code << held;
    held += size;
    while (held >= 8) {
      block.push(pending & 0xff);
      if (block.length === BLOCK) flush();
      pending >>>= 8;
      held -= 8;
    }
  };

  out.byte(bits);
  put(clear);
  let sequence = pixels[0];
  for (let i = 1; i < pixels.length; i += 1) {
    const key = (sequence << 8) | pixels[i];
    const longer = known.get(key);
    if (longer !== undefined) {
      sequence = longer;
      continue;
    }
    put(sequence);
    if (next === 1 << MAX_BITS) {
      // the table is full: begin with a new one
      put(clear);
      known = new Map();
      next = end + 1;
      size = bits + 1;
    } else {
      // the reader knows a code one step later than the writer
      if (next === 1 << size) size += 1;
      known.set(key, next);
      next += 1;
    }
    sequence = pixels[i];
  }
  put(sequence);
  // the reader has made its last entry meanwhile
  if (next === 1 << size && size < MAX_BITS) size += 1;
  put(end);
  if (held > 0) block.push(pending & 0xff);
  flush();
  out.byte(0);
}
