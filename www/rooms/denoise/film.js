/** Frames of a trajectory as pictures to take home: a strip, an animated GIF, a WebM. */

import { h } from '../../parts/dom.js';
import { Gif } from '../../parts/gif.js';
import { PIXELS, SIDE } from '../../protocol.js';

/** Between digits, in image pixels. */
const GAP = 2;
/** Greys from paper to ink. */
const LEVELS = 32;
/** Animations are about this wide and at most this long. */
const WIDTH = 420;
const MAX_FRAMES = 60;
/** How long a frame is shown, and the last one, in ms. */
const FRAME_MS = 80;
const LAST_MS = 2000;
/** Frames of a strip, and pixels of the file for one of the image. */
const STRIP_FRAMES = 10;
const STRIP_SCALE = 4;

/** Kinds of WebM that the browser may be able to write, best first. */
const WEBM = ['video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm'];

/** @typedef {[red: number, green: number, blue: number]} Colour  0 to 1 */

/**
 * Where frames come from.
 * @typedef {object} Reel
 * @property {number} frames
 * @property {number} batch
 * @property {Colour} ink
 * @property {Colour} paper
 * @property {(frame: number) => Promise<Float32Array>} read  batch * 784 numbers in about [-1, 1]
 * @property {(done: number, total: number) => void} progress
 */

/** @returns {string | undefined} the kind of WebM that can be written here */
export function webmKind() {
  if (typeof MediaRecorder === 'undefined' || !('captureStream' in HTMLCanvasElement.prototype)) return undefined;
  return WEBM.find((kind) => MediaRecorder.isTypeSupported(kind));
}

/** At most so many frames, evenly, the first and the last among them. @param {number} frames @param {number} most */
function evenly(frames, most) {
  const count = Math.min(frames, most);
  return Array.from({ length: count }, (_, i) => (count === 1 ? frames - 1 : Math.round((i * (frames - 1)) / (count - 1))));
}

/** Columns of a grid of so many digits. @param {number} batch */
function columnsOf(batch) {
  if (batch === 10) return 5;
  return batch === 21 ? 7 : Math.ceil(Math.sqrt(batch));
}

/** The colour of each level. @param {Reel} reel @returns {Colour[]} 0 to 255 */
function palette({ ink, paper }) {
  return Array.from({ length: LEVELS }, (_, level) => {
    const share = level / (LEVELS - 1);
    return /** @type {Colour} */ (paper.map((part, i) => Math.round(255 * (part + (ink[i] - part) * share))));
  });
}

/**
 * Digits in a grid, as levels.
 * @param {Float32Array[]} digits
 * @param {number} columns
 * @param {number} scale
 */
function sheet(digits, columns, scale) {
  const rows = Math.ceil(digits.length / columns);
  const size = (/** @type {number} */ count) => (count * (SIDE + GAP) - GAP) * scale;
  const [width, height] = [size(columns), size(rows)];
  const levels = new Uint8Array(width * height);
  digits.forEach((digit, index) => {
    const left = (index % columns) * (SIDE + GAP) * scale;
    const top = Math.floor(index / columns) * (SIDE + GAP) * scale;
    for (let y = 0; y < SIDE * scale; y += 1) {
      const line = Math.floor(y / scale) * SIDE;
      const start = (top + y) * width + left;
      for (let x = 0; x < SIDE * scale; x += 1) {
        const ink = Math.min(1, Math.max(0, (digit[line + Math.floor(x / scale)] + 1) / 2));
        levels[start + x] = Math.round(ink * (LEVELS - 1));
      }
    }
  });
  return { width, height, levels };
}

/** @param {Float32Array} values @returns {Float32Array[]} */
function digitsOf(values) {
  return Array.from({ length: values.length / PIXELS }, (_, i) => values.subarray(i * PIXELS, (i + 1) * PIXELS));
}

/** @param {{width: number, height: number, levels: Uint8Array}} picture @param {Colour[]} colours */
function imageData({ width, height, levels }, colours) {
  const image = new ImageData(width, height);
  levels.forEach((level, i) => image.data.set([...colours[level], 255], 4 * i));
  return image;
}

/** @param {number} batch */
function animationScale(batch) {
  return Math.max(1, Math.floor(WIDTH / (columnsOf(batch) * (SIDE + GAP))));
}

/** Lets the page draw. */
const breathe = () => new Promise((resolve) => setTimeout(resolve));

/**
 * Frames from noise to digit side by side, a row for each digit.
 * @param {Reel} reel
 * @returns {Promise<Blob>} a PNG file
 */
export async function strip(reel) {
  const picks = evenly(reel.frames, STRIP_FRAMES);
  /** @type {Float32Array[][]} by frame */
  const columns = [];
  for (const frame of picks) {
    columns.push(digitsOf(await reel.read(frame)));
    reel.progress(columns.length, picks.length);
  }
  const digits = Array.from({ length: reel.batch }, (_, digit) => columns.map((column) => column[digit])).flat();
  const picture = sheet(digits, picks.length, STRIP_SCALE);
  const canvas = h('canvas', { width: picture.width, height: picture.height });
  canvas.getContext('2d')?.putImageData(imageData(picture, palette(reel)), 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the browser wrote no PNG'))), 'image/png');
  });
}

/** @param {Reel} reel @returns {Promise<Blob>} an animated GIF */
export async function gif(reel) {
  const picks = evenly(reel.frames, MAX_FRAMES);
  const [columns, scale] = [columnsOf(reel.batch), animationScale(reel.batch)];
  /** @type {Gif | null} */
  let file = null;
  for (const [i, frame] of picks.entries()) {
    const { width, height, levels } = sheet(digitsOf(await reel.read(frame)), columns, scale);
    file ??= new Gif(width, height, palette(reel));
    file.frame(levels, (i === picks.length - 1 ? LAST_MS : FRAME_MS) / 10);
    reel.progress(i + 1, picks.length);
    await breathe();
  }
  return new Blob(file ? [file.finish()] : [], { type: 'image/gif' });
}

/**
 * Takes as long as the film plays: browsers record what is drawn while it is drawn.
 * @param {Reel} reel
 * @param {string} kind  of `webmKind`
 * @returns {Promise<Blob>}
 */
export async function webm(reel, kind) {
  const picks = evenly(reel.frames, MAX_FRAMES);
  const [columns, scale, colours] = [columnsOf(reel.batch), animationScale(reel.batch), palette(reel)];
  const images = [];
  for (const frame of picks) images.push(imageData(sheet(digitsOf(await reel.read(frame)), columns, scale), colours));
  const canvas = h('canvas', { width: images[0].width, height: images[0].height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.putImageData(images[0], 0, 0);
  const stream = canvas.captureStream();
  const recorder = new MediaRecorder(stream, { mimeType: kind, videoBitsPerSecond: 4_000_000 });
  /** @type {Blob[]} */
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise((resolve, reject) => {
    recorder.onstop = resolve;
    recorder.onerror = () => reject(new Error('the browser could not record'));
  });
  recorder.start();
  const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
  for (const [i, image] of images.entries()) {
    context.putImageData(image, 0, 0);
    reel.progress(i + 1, images.length);
    await pause(FRAME_MS);
  }
  // a canvas that does not change may not be recorded on
  for (let waited = 0; waited < LAST_MS; waited += FRAME_MS) {
    context.putImageData(images[images.length - 1], 0, 0);
    await pause(FRAME_MS);
  }
  recorder.stop();
  await ended;
  for (const track of stream.getTracks()) track.stop();
  return new Blob(parts, { type: 'video/webm' });
}
