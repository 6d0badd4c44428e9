/**
 * The formula of one step with its numbers: what the network takes x_t apart into, and what the sampler puts together
 * from that. A term that is pointed at or focused lights up what it stands for.
 */

import { number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { Equation } from '../../parts/equation.js';

/** @import { Move, Term } from '../../protocol.js' */
/** @import { Sampler } from './table.js' */

/** What lights up; `next` is the state after the step. @typedef {Term | 'next'} Lit */

/** The rules, from t to u. Sources are named in crate/src/samplers. @type {Record<Sampler, string>} */
const RULES = {
  ddim: 'x_u = \\alpha_u\\,\\hat x_0 + \\sqrt{\\sigma_u^2 - s^2}\\;\\hat\\varepsilon + s\\,z',
  ddpm:
    'x_u = \\frac{a\\,\\sigma_u^2}{\\sigma_t^2}\\,x_t + \\frac{b^2 \\alpha_u}{\\sigma_t^2}\\,\\hat x_0 + ' +
    '\\frac{b\\,\\sigma_u}{\\sigma_t}\\,z, \\quad a = \\tfrac{\\alpha_t}{\\alpha_u},\\; b^2 = \\sigma_t^2 - a^2 \\sigma_u^2',
  'dpm-solver':
    'x_u = \\tfrac{\\sigma_u}{\\sigma_t}\\,x_t + \\bigl(\\alpha_u - \\tfrac{\\sigma_u}{\\sigma_t}\\alpha_t\\bigr)' +
    "\\Bigl[\\bigl(1 + \\tfrac{1}{2r}\\bigr)\\hat x_0 - \\tfrac{1}{2r}\\,\\hat x_0'\\Bigr]",
  euler: 'x_u = x_t + (u - t)\\,(\\hat\\varepsilon - \\hat x_0)',
  midpoint: "x_u = x_t + (u - t)\\,(\\hat\\varepsilon'' - \\hat x_0'')",
  heun:
    'x_u = x_t + \\tfrac{u - t}{2}\\,\\bigl[(\\hat\\varepsilon - \\hat x_0) + ' +
    "(\\hat\\varepsilon'' - \\hat x_0'')\\bigr]",
};

/** Letter, index and mark of each term. Predictions wear a hat. @type {Record<Exclude<Lit, 'x_t' | 'next'>, [letter: string, index: string, mark: string]>} */
const LETTERS = {
  x_0: ['x', '0', ''],
  x_0_previous: ['x', '0', '\u2032'],
  x_0_second: ['x', '0', '\u2033'],
  eps: ['\u03b5', '', ''],
  eps_second: ['\u03b5', '', '\u2033'],
  noise: ['z', '', ''],
};

/** A term as one reads it. @param {Lit} term @param {string} from @param {string} to  times of the step @returns {HTMLElement[]} */
export function written(term, from, to) {
  const [letter, index, mark] = term === 'x_t' ? ['x', from, ''] : term === 'next' ? ['x', to, ''] : LETTERS[term];
  const hat = ['x_t', 'next', 'noise'].includes(term) ? '' : 'hat';
  return [h('i', { class: hat }, letter), ...(index ? [h('sub', {}, index)] : []), ...(mark ? [h('sup', {}, mark)] : [])];
}

export class Formula {
  /** @param {(term: Lit | null) => void} light */
  constructor(light) {
    this.light = light;
    this.rule = new Equation(t('formula.rule'));
    this.split = h('p', { class: 'formula-line' });
    this.sum = h('p', { class: 'formula-line' });
    this.name = h('p', { class: 'side-name' });
    const part = (/** @type {string} */ key, /** @type {HTMLElement} */ line) =>
      h('div', { class: `formula-part formula-${key}` }, h('h3', {}, t(`formula.${key}`)), line);
    this.element = h(
      'div',
      { class: 'formula' },
      this.name,
      part('split', this.split),
      part('sum', this.sum),
      part('rule', this.rule.element),
    );
    /** Which terms the lines hold now: the same ones only get new numbers, so that the focus stays. */
    this.kept = '';
    /** @type {{update: (value: number, from: string, to: string) => void}[]} */
    this.terms = [];
  }

  /** @param {Move | null} move @param {Sampler} sampler */
  show(move, sampler) {
    this.element.hidden = move === null;
    if (!move) return;
    this.rule.show(RULES[sampler]);
    const split = /** @type {{term: Lit, value: number}[]} */ ([
      { term: 'x_t', value: 1 },
      { term: 'x_0', value: move.alpha },
      { term: 'eps', value: move.sigma },
    ]);
    const sum = /** @type {{term: Lit, value: number}[]} */ ([{ term: 'next', value: 1 }, ...move.coefficients]);
    const kept = [...split, ...sum].map(({ term }) => term).join();
    if (kept !== this.kept) {
      this.kept = kept;
      this.terms = [];
      for (const [line, terms] of /** @type {const} */ ([[this.split, split], [this.sum, sum]])) {
        line.replaceChildren(...terms.flatMap(({ term }, i) => this.makeTerm(term, i)));
      }
      this.light(null);
    }
    const [from, to] = [move.from, move.to].map((time) => number(time, time > 0 && time < 0.1 ? 3 : 2));
    [...split, ...sum].forEach(({ value }, i) => this.terms[i].update(value, from, to));
  }

  /** @param {Lit} term @param {number} index  in its line; the first is the left side @returns {Node[]} */
  makeTerm(term, index) {
    const sign = h('span', { class: 'formula-sign' });
    const factor = h('b', {});
    const letters = h('span', { class: 'symbol' });
    const element = h(
      'button',
      {
        type: 'button',
        class: `term term-${term.replaceAll('_', '-')}`,
        title: t(`formula.term.${term}`),
        onpointerenter: () => this.light(term),
        onpointerleave: () => this.light(null),
        onfocus: () => this.light(term),
        onblur: () => this.light(null),
      },
      index > 0 ? factor : null,
      letters,
    );
    let times = '';
    this.terms.push({
      update: (value, from, to) => {
        if (index > 0) {
          const size = Math.abs(value);
          sign.textContent = index === 1 ? (value < 0 ? '= \u2212' : '=') : value < 0 ? '\u2212' : '+';
          factor.textContent = number(size, size >= 100 ? 1 : 3);
        }
        if (times === `${from} ${to}`) return;
        times = `${from} ${to}`;
        letters.replaceChildren(...written(term, from, to));
      },
    });
    return index > 0 ? [sign, element] : [element];
  }
}
