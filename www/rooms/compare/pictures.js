/** Pictures rather than numbers: precision against recall, and cost against quality. */

import { number, rich, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { LinePlot } from '../../parts/line-plot.js';
import { panel } from '../../parts/panel.js';
import { COST, QUALITY } from './figures.js';
import { COSTS } from './table.js';

/** @import { CompareRoom, RoomView } from './index.js' */
/** @import { Measured } from './figures.js' */

/** @implements {RoomView} */
export class PicturesView {
  /** @param {CompareRoom} room */
  constructor(room) {
    this.room = room;
    this.open = false;
    /** @type {Measured[]} */
    this.measured = [];
    const hooks = {
      pointed: (/** @type {Measured | null} */ one) => this.point(one),
      chosen: (/** @type {Measured} */ { id }) => this.room.state.set({ view: 'figures', model: id }, 'push'),
    };
    /** @type {LinePlot<Measured>} */
    this.overlap = new LinePlot({
      label: t('compare.overlap.label'),
      // room on the right for names
      x: { label: t('compare.overlap.x'), low: -0.03, high: 1.15, words: (value) => number(value, 1) },
      y: { label: t('compare.overlap.y'), low: 0, high: 1.08, words: (value) => number(value, 1) },
      ...hooks,
    });
    this.frame = h('div', { class: 'plot-frame' });
    this.hooks = hooks;
    this.picker = choice({
      label: t('compare.cost'),
      look: 'choice pills',
      options: COSTS.map((value) => ({ value, label: t(`compare.figure.${value}`) })),
      chosen: (cost) => this.room.state.set({ cost }, 'push'),
    });
    this.reading = h('p', { class: 'readout compare-reading', 'aria-live': 'polite' });
    this.legend = h('p', { class: 'readout compare-legend' });
    this.panels = [
      panel('overlap', t('compare.overlap'), [this.overlap.element], [this.legend]),
      panel('worth', t('compare.worth'), [this.frame], [this.picker.element, this.reading]),
    ];
    this.below = h('div', { class: 'prose' }, ...[1, 2].map((i) => h('p', {}, rich(`compare.pictures.${i}`))));
  }

  async enter() {
    this.open = true;
    try {
      const measured = await this.room.figures();
      this.measured = measured.filter(({ samples }) => samples);
      if (this.open) this.show();
    } catch (error) {
      if (this.open) this.room.shell.complain(error);
    }
  }

  leave() {
    this.open = false;
  }

  stateChanged() {
    this.show();
  }

  /**
   * A series of one point for each model, so that each has its name.
   * @param {(one: Measured) => [number, number] | null} place
   */
  series(place) {
    return this.measured.flatMap((one) => {
      const at = place(one);
      if (!at) return [];
      const point = { x: at[0], y: at[1], label: this.words(one), data: one };
      return [{ look: `family-${one.row.family}`, name: this.room.name(one.row), points: [point] }];
    });
  }

  show() {
    const { cost } = this.room.state.values;
    this.picker.set(cost);
    this.overlap.show({ series: this.series(({ samples }) => samples && [samples.recall, samples.precision]) });
    const column = COST.find(({ key }) => key === cost) ?? COST[0];
    const worst = Math.max(...this.measured.map(({ samples }) => samples?.fid ?? 0));
    const most = Math.max(...this.measured.map((one) => column.value(one) ?? 0));
    /** @type {LinePlot<Measured>} */
    const plot = new LinePlot({
      label: t('compare.worth.label', { cost: t(`compare.figure.${cost}`) }),
      x: { label: t('compare.worth.x', { cost: t(`compare.figure.${cost}`), unit: t(`compare.unit.${cost}`) }), log: true, high: 12 * most, words: (value) => short(value) },
      y: { label: t('quality.fid'), log: true, high: 2.5 * worst, words: (value) => short(value) },
      ...this.hooks,
    });
    this.frame.replaceChildren(plot.element);
    const floors = [...new Set(this.measured.map(({ samples }) => samples?.fid_floor ?? 0))];
    plot.show({
      series: this.series((one) => {
        const value = column.value(one);
        return value ? [value, one.samples?.fid ?? 0] : null;
      }),
      levels: floors.map((y) => ({ y, label: t('quality.floor', { value: number(y, 2) }) })),
    });
    const families = [...new Set(this.measured.map(({ row }) => row.family))];
    this.legend.replaceChildren(...families.map((family) => h('span', { class: `key family-${family}` }, t(`compare.family.${family}`))));
    this.point(null);
  }

  /** @param {Measured} one */
  words(one) {
    const { samples, row } = one;
    if (!samples) return this.room.name(row);
    const [fid] = QUALITY;
    const [ms] = COST;
    const time = ms.value(one);
    return t('compare.point', {
      model: this.room.name(row),
      precision: number(samples.precision, 2),
      recall: number(samples.recall, 2),
      fid: fid.words(samples.fid, one),
      time: time === null ? t('inspector.none') : ms.words(time, one),
    });
  }

  /** @param {Measured | null} one */
  point(one) {
    this.reading.textContent = one ? this.words(one) : t('compare.pointing');
  }
}

/** 1, 1k, 1M, 1G. @param {number} value */
function short(value) {
  const [size, sign] = /** @type {[number, string]} */ ([[1e9, 'G'], [1e6, 'M'], [1e3, 'k']].find(([from]) => value >= Number(from)) ?? [1, '']);
  const scaled = value / size;
  return `${number(scaled, scaled < 1 ? Math.ceil(-Math.log10(scaled) - 1e-9) : 0)}${sign ? `\u202f${sign}` : ''}`;
}
