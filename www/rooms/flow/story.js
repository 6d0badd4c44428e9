/** The text under the stage. */

import { rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { Equation } from '../../parts/equation.js';

/** @returns {HTMLElement} */
export function story() {
  const change = new Equation(t('flow.equation.change'));
  change.show(String.raw`\ln p(x) = \ln p(z) + \ln\left|\det\frac{\partial z}{\partial x}\right|`);
  const coupling = new Equation(t('flow.equation.coupling'));
  coupling.show(String.raw`z_b = \operatorname{logit}\sum_k \pi_k(x_a)\,\sigma\!\left(\frac{x_b - \mu_k(x_a)}{s_k(x_a)}\right)`);
  const paragraph = (/** @type {string} */ key) => h('p', {}, rich(key));
  return h(
    'div',
    {},
    h('div', { class: 'prose' }, paragraph('flow.1'), paragraph('flow.2')),
    change.element,
    h('div', { class: 'prose' }, paragraph('flow.3')),
    coupling.element,
    h('div', { class: 'prose' }, paragraph('flow.4')),
  );
}
