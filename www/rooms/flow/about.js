/** What this flow is, in a margin note. */

import { modelsFolder } from '../../catalog.js';
import { bytes, number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';

/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */

/** What the config of a flow says. @typedef {{levels: object[], top: {couplings: number}, components: number, side: number}} FlowConfig */

/** @param {string} id @param {CatalogRow | null} row @param {ModelInfo} info @returns {HTMLElement[]} */
export function about(id, row, info) {
  const config = /** @type {FlowConfig} */ (/** @type {unknown} */ (info.config));
  const fact = (/** @type {string} */ name, /** @type {string} */ value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));
  return [
    h('h2', {}, row?.title ?? id.replace(/^file:/, '')),
    h(
      'dl',
      { class: 'facts' },
      fact(t('flow.about.couplings'), number(3 * config.levels.length + config.top.couplings)),
      fact(t('flow.about.map'), t('flow.about.mixtures', { count: config.components })),
      fact(t('about.parameters'), number(info.parameters)),
      ...(row ? [fact(t('about.size'), bytes(row.bytes))] : []),
    ),
    ...(row?.card ? [h('p', {}, h('a', { href: new URL(row.card, modelsFolder()).href }, t('about.card')))] : []),
  ];
}
