/** Files that the person takes home. */

import { t } from '../i18n/translate.js';
import { ICONS, button, h } from './dom.js';

/** @import { EngineClient } from '../engine.js' */
/** @import { Picture } from './picture.js' */

/** @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = h('a', { href: address, download: name });
  link.click();
  // the browser has to have opened it first
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * A NumPy file (format version 1.0) of float32.
 * @param {ArrayLike<number>} values
 * @param {number[]} shape
 * @returns {Blob}
 */
export function npy(values, shape) {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  // magic, version and length take 10 bytes; the data begins at a multiple of 64
  const padded = `${text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11)}\n`;
  const file = new DataView(new ArrayBuffer(10 + padded.length + 4 * values.length));
  const magic = [0x93, ...Array.from('NUMPY', (letter) => letter.charCodeAt(0)), 1, 0];
  magic.forEach((byte, i) => file.setUint8(i, byte));
  file.setUint16(8, padded.length, true);
  Array.from(padded).forEach((letter, i) => file.setUint8(10 + i, letter.charCodeAt(0)));
  // there may be millions
  for (let i = 0; i < values.length; i += 1) file.setFloat32(10 + padded.length + 4 * i, values[i], true);
  return new Blob([file.buffer], { type: 'application/octet-stream' });
}

/**
 * A button that saves what a picture shows.
 * @param {object} room
 * @param {EngineClient} room.engine
 * @param {{complain: (error: unknown) => void}} room.shell
 * @param {Picture} picture
 * @param {() => string} name  of the file, without .png
 * @param {{label?: string, bare?: boolean}} [look]  of the button
 */
export function pngButton({ engine, shell }, picture, name, { label = t('save.png'), bare } = {}) {
  const save = async () => {
    try {
      download(await engine.png(picture.name), `${name()}.png`);
    } catch (error) {
      shell.complain(error);
    }
  };
  return button({ label, icon: ICONS.save(), bare, onclick: save });
}
