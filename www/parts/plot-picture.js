/** A plot of the page as a file: its lines and words with the colours that the stylesheet gives them, on paper. */

import { KindError } from '../protocol.js';
import { h } from './dom.js';

/** Pixels of the file for one of the page. */
const SCALE = 2;
/** What decides how the parts of a plot look. */
const STYLES = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-family', 'font-size', 'font-weight', 'text-anchor', 'dominant-baseline', 'display', 'visibility'];

/** @param {SVGElement} drawing  in sight @returns {Promise<Blob>} */
export async function plotPicture(drawing) {
  const { width, height } = drawing.getBoundingClientRect();
  const copy = /** @type {SVGElement} */ (drawing.cloneNode(true));
  const parts = drawing.querySelectorAll('*');
  for (const [index, part] of copy.querySelectorAll('*').entries()) {
    const style = getComputedStyle(parts[index]);
    part.setAttribute('style', STYLES.map((name) => `${name}: ${style.getPropertyValue(name)}`).join('; '));
  }
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await picture.decode();
  const sheet = h('canvas', { width: Math.round(SCALE * width), height: Math.round(SCALE * height) });
  const context = sheet.getContext('2d');
  if (!context) throw new KindError('internal', '2d');
  context.fillStyle = getComputedStyle(drawing).getPropertyValue('--paper');
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.drawImage(picture, 0, 0, sheet.width, sheet.height);
  return new Promise((resolve, reject) => {
    sheet.toBlob((blob) => (blob ? resolve(blob) : reject(new KindError('internal', 'png'))), 'image/png');
  });
}
