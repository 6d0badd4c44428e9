/** Pictures rather than numbers: precision against recall, and cost against quality. */

import { number, rich, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { LinePlot } from '../../parts/line-plot.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { plotPicture } from '../../parts/plot-picture.js';
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
    /** Shows which cost is chosen, once it is known which there are. @type {((cost: string) => void) | null} */
    this.choose = null;
    /** @type {Measured[]} */
    this.measured = [];
    const chosen = (/** @type {Measured} */ { id }) => this.room.state.set({ view: 'figures', model: id }, 'push');
    /** Over each picture, so that they are seen where one points: what the point says. */
    this.readings = { overlap: reading(), worth: reading() };
    this.hooks = {
      overlap: { pointed: (/** @type {Measured | null} */ one) => this.point('overlap', one), chosen },
      worth: { pointed: (/** @type {Measured | null} */ one) => this.point('worth', one), chosen },
    };
    /** @type {LinePlot<Measured>} */
    this.overlap = new LinePlot({
      label: t('compare.overlap.label'),
      // room on the right for names
      x: { label: t('compare.overlap.x'), low: -0.03, high: 1.28, words: (value) => number(value, 1) },
      y: { label: t('compare.overlap.y'), low: -0.04, high: 1.08, words: (value) => number(value, 1) },
      ...this.hooks.overlap,
    });
    /** @type {LinePlot<Measured> | null} */
    this.worth = null;
    this.frame = h('div', { class: 'plot-frame' });
    this.picker = h('div', {});
    this.legends = [0, 1].map(() => h('p', { class: 'readout compare-legend' }));
    const save = (/** @type {string} */ name, /** @type {() => LinePlot<Measured> | null} */ plot) =>
      h('div', { class: 'tools' }, button({ label: t('save.png'), icon: ICONS.save(), onclick: () => this.save(name, plot()) }));
    this.panels = [
      panel('overlap', t('compare.overlap'), [this.readings.overlap, this.overlap.element], [this.legends[0], save('overlap', () => this.overlap)]),
      panel('worth', t('compare.worth'), [this.readings.worth, this.frame], [this.legends[1], this.picker, save('cost', () => this.worth)]),
    ];
    this.below = h('div', { class: 'prose' }, ...[1, 2].map((i) => h('p', {}, rich(`compare.pictures.${i}`))));
  }

  async enter() {
    this.open = true;
    try {
      const measured = await this.room.figures();
      this.measured = measured.filter(({ samples }) => samples);
      this.offer();
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

  /** The costs that were measured. */
  offer() {
    const known = COST.filter((column) => this.measured.some((one) => column.value(one) !== null)).map(({ key }) => key);
    const options = COSTS.filter((value) => known.includes(value)).map((value) => ({ value, label: t(`compare.figure.${value}`) }));
    const picker = choice({ label: t('compare.cost'), look: 'choice pills', options, chosen: (cost) => this.room.state.set({ cost }, 'push') });
    this.picker.replaceChildren(picker.element);
    this.choose = picker.set;
  }

  /** @param {string} name @param {LinePlot<Measured> | null} plot */
  async save(name, plot) {
    if (!plot) return;
    try {
      download(await plotPicture(plot.drawing), `inkling-${name}.png`);
    } catch (error) {
      this.room.shell.complain(error);
    }
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
    this.choose?.(cost);
    this.overlap.show({ series: this.series(({ samples }) => samples && [samples.recall, samples.precision]) });
    const column = COST.find(({ key }) => key === cost) ?? COST[0];
    const worst = Math.max(...this.measured.map(({ samples }) => samples?.fid ?? 0));
    const most = Math.max(...this.measured.map((one) => column.value(one) ?? 0));
    const plot = (this.worth = new LinePlot({
      label: t('compare.worth.label', { cost: t(`compare.figure.${cost}`) }),
      x: { label: t('compare.worth.x', { cost: t(`compare.figure.${cost}`), unit: t(`compare.unit.${cost}`) }), log: true, high: 12 * most, words: (value) => short(value) },
      y: { label: t('quality.fid'), log: true, high: 2.5 * worst, words: (value) => short(value) },
      ...this.hooks.worth,
    }));
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
    for (const legend of this.legends) legend.replaceChildren(...families.map((family) => h('span', { class: `key family-${family}` }, t(`compare.family.${family}`))));
    this.point('overlap', null);
    this.point('worth', null);
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

  /** @param {'overlap' | 'worth'} plot @param {Measured | null} one */
  point(plot, one) {
    this.readings[plot].textContent = one ? this.words(one) : t('compare.pointing');
  }
}

/** A line for what is pointed at. */
function reading() {
  return h('p', { class: 'readout compare-reading', 'aria-live': 'polite' });
}

/** 1, 1k, 1M, 1G. @param {number} value */
function short(value) {
  const [size, sign] = /** @type {[number, string]} */ ([[1e9, 'G'], [1e6, 'M'], [1e3, 'k']].find(([from]) => value >= Number(from)) ?? [1, '']);
  const scaled = value / size;
  return `${number(scaled, scaled < 1 ? Math.ceil(-Math.log10(scaled) - 1e-9) : 0)}${sign ? `\u202f${sign}` : ''}`;
}
