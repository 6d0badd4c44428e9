/** What this model is, in a margin note, with the figures that were measured of it. */

import { modelsFolder } from '../../catalog.js';
import { bytes, number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';

/** @import { EnergyModel } from './kinds.js' */

/**
 * `<id>.measures.json`, as far as the note tells it.
 * @typedef {object} Measures
 * @property {{nats: number, spread: number | null} | null} likelihood
 * @property {{fid: number, setting: string} | null} samples
 * @property {Record<string, number>} extra
 */

/** @param {string} id @returns {Promise<Measures | null>} */
export async function measuresOf(id) {
  try {
    const response = await fetch(new URL(`${id}.measures.json`, modelsFolder()));
    return response.ok ? await response.json() : null;
  } catch {
    // the room works without figures
    return null;
  }
}

/** @param {EnergyModel} model @param {Measures | null} measures @returns {HTMLElement[]} */
export function about({ id, row, info, bytes: size, kind }, measures) {
  const fact = (/** @type {string} */ key, /** @type {string} */ value) =>
    h('div', {}, h('dt', {}, t(`energy.about.${key}`)), h('dd', {}, value));
  const { likelihood, samples } = measures ?? {};
  return [
    h('h2', {}, row?.title ?? id.replace(/^file:/, '')),
    h(
      'dl',
      { class: 'facts' },
      kind.family === 'rbm' ? fact('hidden', number(Number(info.config.hidden))) : null,
      fact('parameters', number(info.parameters)),
      size ? fact('size', bytes(size)) : null,
      likelihood ? fact('nats', t('energy.about.nats.value', { nats: number(likelihood.nats, 1), spread: number(likelihood.spread ?? 0, 1) })) : null,
      samples ? fact('fid', number(samples.fid, 1)) : null,
    ),
    ...(row?.card ? [h('p', {}, h('a', { href: new URL(row.card, modelsFolder()).href }, t('about.card')))] : []),
  ];
}
