/** How well each score tells one kind of foreign pictures from digits: a curve each, and their names with the areas under them. */

import { has, number, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h, svg } from '../../parts/dom.js';
import { LinePlot } from '../../parts/line-plot.js';
import { panel } from '../../parts/panel.js';

/** @import { Curve } from './figures.js' */
/** @import { Judge } from './judge.js' */

/** A place on a curve. @typedef {{judge: Judge, rejected: number, caught: number}} Place */

/** An area is below one half where it is so many standard errors below. */
const CLEARLY = 2;

/** Scores that have no curve for a reason of their own. */
const REASONS = ['bound'];

/** A second score of the same model is dashed. @param {Judge} judge */
const look = ({ asker: { row }, score }) => `family-${row.family} roc-${score}`;

export class Roc {
  /** @param {(foreign: string) => void} chosen */
  constructor(chosen) {
    this.chosen = chosen;
    this.kinds = h('div', {});
    this.words = h('p', { class: 'readout' });
    /** @type {LinePlot<Place>} */
    this.plot = new LinePlot({
      label: t('tasks.roc'),
      x: { label: t('tasks.roc.x'), low: 0, high: 1, words: percent },
      y: { label: t('tasks.roc.y'), low: 0, high: 1, words: percent, above: true },
      pointed: (place) => this.point(place),
    });
    this.names = h('ul', { class: 'roc-names' });
    this.reading = h('p', { class: 'readout', role: 'status' });
    this.panel = panel('roc', t('tasks.roc'), [this.kinds, this.words, this.plot.element, this.names], [this.reading]);
    /** @type {{judge: Judge, name: HTMLElement}[]} */
    this.entries = [];
  }

  /** @param {string[]} kinds */
  offer(kinds) {
    this.foreign = choice({
      label: t('tasks.foreign'),
      look: 'choice pills',
      options: kinds.map((value) => ({ value, label: has(`tasks.kind.${value}`) ? t(`tasks.kind.${value}`) : value })),
      chosen: this.chosen,
    });
    this.kinds.replaceChildren(this.foreign.element);
  }

  /** @param {Judge[]} judges @param {string} kind */
  show(judges, kind) {
    this.foreign?.set(kind);
    const words = `tasks.kind.words.${kind}`;
    this.words.textContent = has(words) ? t('tasks.kind.words', { words: t(words) }) : '';
    const all = judges.map((judge) => ({ judge, curve: judge.curve(kind) })).sort((a, b) => (b.curve?.auc ?? -1) - (a.curve?.auc ?? -1));
    const curves = all.flatMap(({ judge, curve }) => (curve ? [{ judge, curve }] : []));
    this.plot.element.hidden = curves.length === 0;
    this.plot.show({
      series: curves.map(({ judge, curve: { roc } }) => ({
        look: look(judge),
        points: roc.map((caught, k) => {
          const place = { judge, rejected: k / (roc.length - 1), caught };
          return { x: place.rejected, y: caught, label: told(place), data: place };
        }),
      })),
    });
    this.entries = all.map(({ judge, curve }) => ({ judge, name: this.name(judge, curve) }));
    this.names.replaceChildren(...this.entries.map(({ name }) => name));
    this.point(null);
  }

  /** @param {Judge} judge @param {Curve | null} curve */
  name(judge, curve) {
    const { row } = judge.asker;
    const none = REASONS.includes(judge.score) ? t(`tasks.auc.none.${judge.score}`) : t('tasks.auc.none');
    const auc = curve ? t('tasks.auc', { value: number(curve.auc, 3), error: number(curve.auc_error, 3) }) : none;
    const line = svg('svg', { viewBox: '0 0 24 8', class: `plot-series ${look(judge)}`, 'aria-hidden': 'true' }, svg('path', { class: 'plot-line', d: 'M0 4H24' }));
    const name = h(
      'li',
      { 'data-model': row.id, 'data-score': judge.score, class: curve ? '' : 'roc-none' },
      curve ? line : h('span', {}),
      h('span', { class: 'roc-name' }, h('b', {}, judge.name), ' ', h('span', {}, t(`tasks.score.${judge.score}`))),
      h('span', { class: curve && curve.auc + CLEARLY * curve.auc_error < 0.5 ? 'roc-auc fooled' : 'roc-auc' }, auc),
    );
    name.addEventListener('pointerenter', () => this.light(judge));
    name.addEventListener('pointerleave', () => this.light(null));
    return name;
  }

  /** @param {Place | null} place */
  point(place) {
    const none = this.plot.element.hidden ? t('tasks.roc.none') : t('tasks.roc.hint');
    this.reading.textContent = place ? told(place) : none;
    this.light(place?.judge ?? null);
  }

  /** One curve and its name stand out. @param {Judge | null} lit */
  light(lit) {
    for (const { judge, name } of this.entries) name.classList.toggle('lit', judge === lit);
    const series = this.plot.element.querySelectorAll('.plot-series');
    this.plot.content.series.forEach(({ points }, i) => series[i]?.classList.toggle('lit', points[0]?.data.judge === lit));
  }
}

/** @param {number} share */
const percent = (share) => t('unit.percent', { value: number(100 * share) });

/** @param {Place} place */
function told({ judge, rejected, caught }) {
  return t('tasks.roc.point', { model: judge.title, rejected: number(100 * rejected, 1), caught: number(100 * caught, 1) });
}
