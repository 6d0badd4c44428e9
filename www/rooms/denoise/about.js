/** What this network is, in a margin note. */

import { modelsFolder } from '../../catalog.js';
import { bytes, has, number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';

/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */

/** @param {string} id @param {CatalogRow | null} row @param {ModelInfo} info @returns {HTMLElement[]} */
export function about(id, row, info) {
  const { config, parameters } = info;
  const fact = (/** @type {string} */ key, /** @type {string} */ value) =>
    h('div', {}, h('dt', {}, t(`denoise.about.${key}`)), h('dd', {}, value));
  // a network may be newer than the words for it
  const named = (/** @type {string} */ key, /** @type {unknown} */ value) =>
    has(`denoise.${key}.${value}`) ? fact(key, t(`denoise.${key}.${value}`)) : null;
  const network = Object.keys(Object(config.network))[0];
  return [
    h('h2', {}, row?.title ?? id.replace(/^file:/, '')),
    h(
      'dl',
      { class: 'facts' },
      named('network', network),
      named('prediction', config.prediction),
      named('path', config.path),
      fact('classes', t(config.conditional ? 'denoise.classes.told' : 'denoise.classes.untold')),
      fact('parameters', number(parameters)),
      ...(row ? [fact('size', bytes(row.bytes))] : []),
    ),
    ...(row?.card ? [h('p', {}, h('a', { href: new URL(row.card, modelsFolder()).href }, t('about.card')))] : []),
  ];
}
