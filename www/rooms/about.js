/** The note in the margin of a room: what its model is, and what was measured of it. */

import { modelsFolder } from '../catalog.js';
import { bytes, number, t } from '../i18n/translate.js';
import { h } from '../parts/dom.js';

/** @import { Known } from './models.js' */

/** A name and a value; false or null: this one has nothing to tell. @typedef {[name: string, value: string] | false | null | undefined} Fact */

/**
 * @param {Known} model
 * @param {Fact[]} facts  beside those that every model has
 * @returns {HTMLElement[]}
 */
export function aboutModel({ id, row, info, bytes: size }, facts) {
  /** @type {Fact[]} */
  const all = [...facts, [t('about.parameters'), number(info.parameters)], [t('about.size'), bytes(size)]];
  return [
    h('h2', {}, row?.title ?? id.replace(/^file:/, '')),
    h('dl', { class: 'facts' }, ...all.map((fact) => fact && h('div', {}, h('dt', {}, fact[0]), h('dd', {}, fact[1])))),
    ...(row?.card ? [h('p', {}, h('a', { href: new URL(row.card, modelsFolder()).href }, t('about.card')))] : []),
  ];
}

/**
 * A file that was written beside a model when it was published. Rooms work without.
 * @param {string} id
 * @param {string} what  `page` or `measures`
 * @returns {Promise<any>} null where there is none
 */
export async function besides(id, what) {
  try {
    const response = await fetch(new URL(`${id}.${what}.json`, modelsFolder()));
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
