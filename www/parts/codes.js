/** The encodings of the test set on the pad: ten colours, one point per image. */

import { t } from '../i18n/translate.js';
import { KindError } from '../protocol.js';
import { h } from './dom.js';

/** @typedef {{x: Float32Array, y: Float32Array, labels: Uint8Array}} Codes */

/**
 * `<id>.codes.bin`: for each image two little-endian half floats (mu), then for each image one byte (the digit).
 * @param {ArrayBuffer} buffer
 * @returns {Codes}
 */
export function readCodes(buffer) {
  if (buffer.byteLength === 0 || buffer.byteLength % 5 !== 0) throw new KindError('data', '');
  const count = buffer.byteLength / 5;
  const view = new DataView(buffer);
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  for (let i = 0; i < count; i += 1) {
    x[i] = half(view.getUint16(4 * i, true));
    y[i] = half(view.getUint16(4 * i + 2, true));
  }
  return { x, y, labels: new Uint8Array(buffer, 4 * count, count) };
}

/** @param {number} bits an IEEE half float */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Codes} codes
 * @param {number} extent
 */
export function drawCodes(canvas, codes, extent) {
  const scale = window.devicePixelRatio || 1;
  const side = Math.max(1, Math.round(canvas.clientWidth * scale));
  canvas.width = canvas.height = side;
  const context = canvas.getContext('2d');
  if (!context) return;
  const style = getComputedStyle(canvas);
  const radius = Math.max(1, side / 420);
  context.globalAlpha = 0.75;
  for (let digit = 0; digit < 10; digit += 1) {
    context.fillStyle = style.getPropertyValue(`--class-${digit}`);
    context.beginPath();
    codes.labels.forEach((label, i) => {
      if (label !== digit) return;
      const x = ((codes.x[i] / extent + 1) / 2) * side;
      const y = ((1 - codes.y[i] / extent) / 2) * side;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    });
    context.fill();
  }
}

/** Which colour is which digit. */
export function legend() {
  return h(
    'ul',
    { class: 'legend', 'aria-label': t('codes.legend') },
    ...Array.from({ length: 10 }, (_, digit) => h('li', { class: `class-${digit}` }, String(digit))),
  );
}
