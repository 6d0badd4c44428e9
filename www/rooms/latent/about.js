/** What this network is, in a margin note. */

import { modelsFolder } from '../../catalog.js';
import { bytes, has, number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';

/** @import { LatentModel } from './model.js' */

/** @param {LatentModel} model @returns {HTMLElement[]} */
export function about(model) {
  const { row, info, zDim, metrics } = model;
  const fact = (/** @type {string} */ key, /** @type {string} */ value) =>
    h('div', {}, h('dt', {}, t(`about.${key}`)), h('dd', {}, value));
  const kind = `about.family.${info.config.family}`;
  return [
    h('h2', {}, row?.title ?? model.id.replace(/^file:/, '')),
    h(
      'dl',
      { class: 'facts' },
      has(kind) ? fact('family', t(kind)) : null,
      fact('latents', number(zDim)),
      fact('parameters', number(info.parameters)),
      fact('size', bytes(model.bytes)),
      ...(metrics
        ? [
            fact('elbo', t('unit.nats', { value: number(metrics.negative_elbo, 1) })),
            fact('iwae', t('unit.nats', { value: number(metrics.negative_iwae, 1) })),
            fact('active', t('about.active.value', { active: number(metrics.active_units), all: number(zDim) })),
          ]
        : []),
    ),
    ...(row?.card ? [h('p', {}, h('a', { href: new URL(row.card, modelsFolder()).href }, t('about.card')))] : []),
  ];
}
