/** What this network is, in a margin note, with the figures that were measured of it. */

import { modelsFolder } from '../../catalog.js';
import { bytes, has, number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';

/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */

/** @param {string} id @param {CatalogRow | null} row @param {ModelInfo} info @returns {Promise<HTMLElement[]>} */
export async function about(id, row, info) {
  const fact = (/** @type {string} */ key, /** @type {string} */ value) =>
    h('div', {}, h('dt', {}, t(`pixels.about.${key}`)), h('dd', {}, value));
  const network = Object.keys(Object(info.config.network))[0];
  const measured = row ? await measures(row.id) : null;
  return [
    h('h2', {}, row?.title ?? id.replace(/^file:/, '')),
    h(
      'dl',
      { class: 'facts' },
      ...(has(`pixels.network.${network}`) ? [fact('network', t(`pixels.network.${network}`))] : []),
      ...(measured?.likelihood ? [fact('nats', t('unit.nats', { value: number(measured.likelihood.nats, 1) }))] : []),
      ...(measured?.samples ? [fact('fid', number(measured.samples.fid, 1))] : []),
      fact('parameters', number(info.parameters)),
      ...(row ? [fact('size', bytes(row.bytes))] : []),
    ),
    ...(row?.card ? [h('p', {}, h('a', { href: new URL(row.card, modelsFolder()).href }, t('about.card')))] : []),
  ];
}

/**
 * `<id>.measures.json`; the room works without it.
 * @param {string} id
 * @returns {Promise<{likelihood: {nats: number} | null, samples: {fid: number} | null} | null>}
 */
export async function measures(id) {
  try {
    const response = await fetch(new URL(`${id}.measures.json`, modelsFolder()));
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
