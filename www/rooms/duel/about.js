/** What these networks are, in a margin note. */

import { modelsFolder } from '../../catalog.js';
import { bytes, number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';

/** @import { DuelModel } from './model.js' */

/** @param {DuelModel} model @returns {HTMLElement[]} */
export function about({ id, row, info, zDim, conditional, judges }) {
  const fact = (/** @type {string} */ key, /** @type {string} */ value) =>
    h('div', {}, h('dt', {}, t(`duel.about.${key}`)), h('dd', {}, value));
  return [
    h('h2', {}, row?.title ?? id.replace(/^file:/, '')),
    h(
      'dl',
      { class: 'facts' },
      fact('code', t('duel.about.numbers', { count: number(zDim) })),
      fact('classes', t(conditional ? 'denoise.classes.told' : 'denoise.classes.untold')),
      fact('discriminator', t(judges ? 'duel.about.shipped' : 'duel.about.left')),
      fact('parameters', number(info.parameters)),
      ...(row ? [fact('size', bytes(row.bytes))] : []),
    ),
    ...(row?.card ? [h('p', {}, h('a', { href: new URL(row.card, modelsFolder()).href }, t('about.card')))] : []),
  ];
}
