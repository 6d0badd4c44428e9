/** A drawing and what each classifier makes of it, as a picture to keep. */

import { number } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { KindError, SIDE } from '../../protocol.js';

/** In pixels of the file: the drawing's side, the space between things, a chart's width, and the height of a bar's row. */
const [EDGE, GAP, WIDE, ROW] = [336, 32, 300, 30];
const FONT = 'sans-serif';

/**
 * @param {Float32Array} image  the drawing as the models see it
 * @param {{name: string, probabilities: ArrayLike<number>}[]} judges
 * @returns {Promise<Blob>}
 */
export function tellPicture(image, judges) {
  const sheet = h('canvas', { width: EDGE + 2 * GAP + judges.length * (WIDE + GAP), height: EDGE + 2 * GAP });
  const context = sheet.getContext('2d');
  if (!context) throw new KindError('internal', '2d');
  const style = getComputedStyle(document.body);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name);
  context.fillStyle = colour('--digit-paper');
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.fillStyle = colour('--digit-ink');
  const pixel = EDGE / SIDE;
  for (const [place, value] of image.entries()) {
    context.globalAlpha = value;
    context.fillRect(GAP + pixel * (place % SIDE), GAP + pixel * Math.floor(place / SIDE), pixel, pixel);
  }
  context.globalAlpha = 1;
  for (const [index, { name, probabilities }] of judges.entries()) {
    const left = EDGE + 2 * GAP + index * (WIDE + GAP);
    context.fillStyle = colour('--digit-ink');
    context.font = `600 18px ${FONT}`;
    context.fillText(name, left, GAP + 16, WIDE);
    context.font = `16px ${FONT}`;
    for (const [digit, p] of Array.from(probabilities).entries()) {
      const top = GAP + ROW * (digit + 1);
      context.fillStyle = colour('--accent');
      context.fillRect(left + 24, top + 4, p * (WIDE - 90), ROW - 12);
      context.fillStyle = colour('--digit-ink');
      context.fillText(String(digit), left, top + 20);
      context.fillText(number(p, 3), left + WIDE - 56, top + 20);
    }
  }
  return new Promise((resolve, reject) => {
    sheet.toBlob((blob) => (blob ? resolve(blob) : reject(new KindError('internal', 'png'))), 'image/png');
  });
}
