/** Files that the person takes home. */

import { t } from '../i18n/translate.js';
import { ICONS, button, h } from './dom.js';

/** @import { EngineClient } from '../engine.js' */
/** @import { Picture } from './picture.js' */
/** @import { StillPicture } from './still.js' */

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
 * Rows of numbers under their names, as spreadsheets read them.
 * @param {string[]} names  of the columns
 * @param {ArrayLike<number>[]} rows
 * @returns {Blob}
 */
export function csv(names, rows) {
  const lines = rows.map((row) => Array.from(row, (value) => String(Number(value.toPrecision(7)))).join(','));
  return new Blob([`${[names.join(','), ...lines].join('\n')}\n`], { type: 'text/csv' });
}

/**
 * A button that saves a file.
 * @param {object} room
 * @param {{complain: (error: unknown) => void}} room.shell
 * @param {() => Blob | Promise<Blob>} make
 * @param {() => string} name  of the file
 * @param {{label: string, title?: string}} look  of the button
 */
export function saveButton({ shell }, make, name, { label, title = '' }) {
  const save = async () => {
    try {
      download(await make(), name());
    } catch (error) {
      shell.complain(error);
    }
  };
  const element = button({ label, icon: ICONS.save(), onclick: save });
  element.title = title;
  return element;
}

/**
 * A button that saves what a picture shows.
 * @param {object} room
 * @param {EngineClient} room.engine
 * @param {{complain: (error: unknown) => void}} room.shell
 * @param {Picture | StillPicture} picture
 * @param {() => string} name  of the file, without .png
 * @param {string} [title]  which picture it is, where there are several
 */
export function pngButton(room, picture, name, title) {
  const make = () => ('png' in picture ? picture.png() : room.engine.png(picture.name));
  const element = saveButton(room, make, () => `${name()}.png`, { label: t('save.png'), title });
  if (!('png' in picture)) {
    // an old picture or none is not to be taken home
    const show = () => (element.disabled = !picture.isDrawn);
    picture.watchers.push(show);
    show();
  }
  return element;
}
