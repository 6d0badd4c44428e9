/** One score of one model: what it says of a picture, and where that lies among its test digits. */

import { number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { ModelRow } from '../likely/row.js';
import { rank } from '../likely/scale.js';

/** @import { CatalogRow } from '../../protocol.js' */
/** @import { References } from '../likely/references.js' */
/** @import { Anomaly } from './figures.js' */
/** @import { TasksRoom } from './index.js' */
/** @import { Score } from './scores.js' */

/** What is rarer than so many of the test digits would be called an anomaly. */
const ALARM = 0.05;

export class Judge {
  /**
   * @param {TasksRoom} room
   * @param {CatalogRow} row
   * @param {Score} score
   * @param {Anomaly | null} measured
   * @param {References} references
   */
  constructor(room, row, { way, score }, measured, references) {
    this.measured = measured;
    this.score = score;
    this.name = room.name(row);
    /** With the score, where a model has more than one. */
    this.title = t('tasks.score.of', { model: this.name, score: t(`tasks.score.${score}`) });
    const known = references.models[row.id];
    // both are asked in the same way, but for what tasks.json has of its own
    const fallback = known?.sha256 === row.sha256 && ['exact', 'elbo', 'energy', 'discriminator', 'bound'].includes(score) ? known.quantiles : null;
    this.digits = measured ? measured.n : references.digits;
    this.quantiles = measured?.quantiles ?? fallback;
    this.asker = new ModelRow({ room, ask: () => {} }, row, way, null);
    this.dot = h('span', { class: 'rank-dot', hidden: true });
    this.words = h('span', { class: 'task-score-words' }, t('tasks.waiting'));
    this.element = h(
      'li',
      { class: `task-score family-${row.family}`, 'data-model': row.id, 'data-score': score },
      h('span', { class: 'task-score-name' }, h('b', {}, this.name), ' ', h('span', {}, t(`tasks.score.${score}`))),
      h('span', { class: 'rank-line-flat', 'aria-hidden': 'true' }, this.dot),
      this.words,
    );
  }

  /** Share of its test digits that are rarer than the picture. @returns {number | null} */
  get rank() {
    const { value } = this.asker;
    return value === null || !this.quantiles ? null : rank(value, this.quantiles);
  }

  show() {
    const { asker, words, dot, digits } = this;
    const share = this.rank;
    dot.hidden = share === null;
    this.element.classList.toggle('alarmed', share !== null && share < ALARM);
    if (!asker.ready) return;
    if (asker.value === null) {
      words.textContent = t('inspector.none');
    } else if (share === null) {
      words.textContent = t('tasks.unranked', { value: asker.words(asker.value) });
    } else {
      dot.style.left = `${100 * share}%`;
      const likely = share >= 0.5;
      const key = share <= 0.5 / digits ? 'none' : share >= 1 - 0.5 / digits ? 'all' : likely ? 'likely' : 'rare';
      const percent = 100 * (likely ? share : 1 - share);
      words.textContent = t(`tasks.rank.${key}`, { share: number(percent, percent > 99 ? 1 : 0), digits: number(digits) });
    }
  }

  /** @param {string} kind */
  curve(kind) {
    return this.measured?.kinds.find((curve) => curve.kind === kind) ?? null;
  }
}
