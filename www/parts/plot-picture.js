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
    // as attributes: the page allows no styles in markup
    for (const name of STYLES) part.setAttribute(name, style.getPropertyValue(name));
  }
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' }));
  const picture = new Image();
  picture.src = address;
  try {
    await picture.decode();
  } finally {
    URL.revokeObjectURL(address);
  }
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
