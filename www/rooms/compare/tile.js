/** Nine digits of one model, painted by the page, with the time they took. */

import { h } from '../../parts/dom.js';
import { SIDE } from '../../protocol.js';

/** Digits in a row and rows, and the space between them in image pixels. */
export const GRID = 3;
const GAP = 3;
const EDGE = GRID * SIDE + (GRID - 1) * GAP;

/** The digits of a tile. */
export const COUNT = GRID * GRID;

/**
 * Paints digits on a canvas of one pixel for each of theirs; what is outside them stays as it is.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array | null} pixels  none: empty paper
 */
export function paint(canvas, pixels) {
  const context = canvas.getContext('2d');
  if (!context) return;
  context.clearRect(0, 0, EDGE, EDGE);
  if (!pixels) return;
  const [red, green, blue] = inkOf(canvas);
  const image = context.createImageData(EDGE, EDGE);
  for (let i = 0; i < pixels.length; i += 1) {
    const [digit, place] = [Math.floor(i / SIDE ** 2), i % SIDE ** 2];
    const x = (digit % GRID) * (SIDE + GAP) + (place % SIDE);
    const y = Math.floor(digit / GRID) * (SIDE + GAP) + Math.floor(place / SIDE);
    image.data.set([red, green, blue, Math.round(255 * pixels[i])], 4 * (y * EDGE + x));
  }
  context.putImageData(image, 0, 0);
}

/** The colour that the stylesheet gives digits. @param {Element} element @returns {number[]} */
function inkOf(element) {
  return (/\d+,? \d+,? \d+/.exec(getComputedStyle(element).color)?.[0] ?? '0 0 0').split(/,? /).map(Number);
}

/** @param {string} label  what those hear who cannot see it */
export function digitCanvas(label) {
  return h('canvas', { class: 'rival-digits', width: EDGE, height: EDGE, role: 'img', 'aria-label': label });
}
