/** Quality: what more steps and other samplers are worth, as measured, and what they cost on this very machine. */

import { number, rich, t } from '../../i18n/translate.js';
import { button, h } from '../../parts/dom.js';
import { LinePlot } from '../../parts/line-plot.js';
import { panel } from '../../parts/panel.js';
import { fetchMeasurements, guidanceOf, linesOf } from './measurements.js';
import { NO_CLASS, SAMPLERS, SETTING_KEYS, settingsOf } from './table.js';

/** @import { DenoiseRoom, RoomView } from './index.js' */
/** @import { Measured, Row } from './measurements.js' */
/** @import { Sampler, Settings, Values } from './table.js' */

/** Steps by which the speed of this machine is measured, and which time is taken: the first one is a warm-up. */
const PROBE = /** @type {const} */ ({ steps: 8, runs: 2 });

/** Samplers that ask the network twice in a step. @type {Sampler[]} */
const TWICE = ['midpoint', 'heun'];

/** How often the network is asked for a digit. @param {Settings} settings @param {boolean} told */
function evaluationsOf({ sampler, steps, guidance, digit }, told) {
  const guided = told && digit !== NO_CLASS && guidance > 0;
  return steps * (TWICE.includes(sampler) ? 2 : 1) * (guided ? 2 : 1);
}

/** @param {Row} row @param {Settings} settings @param {number} guidance */
function isOf(row, { sampler, steps, spacing, eta }, guidance) {
  const same = row.sampler === sampler && row.steps === steps && row.spacing === spacing;
  return same && row.guidance_scale === guidance && row.eta === (sampler === 'ddim' ? eta : 0);
}

/** @param {number} ms */
function timeWords(ms) {
  if (ms < 100) return t('unit.milliseconds', { value: number(ms, ms < 10 ? 1 : 0) });
  return t('unit.seconds', { value: number(ms / 1000, ms < 10_000 ? 1 : 0) });
}

/** @implements {RoomView} */
export class QualityView {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    this.room = room;
    this.open = false;
    /** Of all models; null until they are here. @type {Measured[] | null} */
    this.measured = null;
    /** Milliseconds for which the network is busy with one digit, by model. @type {Map<string, number>} */
    this.paces = new Map();
    this.probing = '';
    /** What is pointed at. @type {Measured | null} */
    this.pointed = null;
    /** What was pointed at last, for the button. @type {Measured | null} */
    this.kept = null;
    this.lane = room.lane('probe', () => {});
    const words = (/** @type {number} */ value) => number(value, value < 1 ? 1 : 0);
    /** @type {LinePlot<Measured>} */
    this.plot = new LinePlot({
      label: t('quality.chart.label'),
      x: { label: t('quality.evaluations'), log: true, words },
      y: { label: t('quality.fid'), log: true, words },
      pointed: (one) => this.point(one),
      chosen: (one) => this.keep(one),
    });
    /** @type {LinePlot<Measured>} */
    this.guidancePlot = new LinePlot({
      label: t('quality.guidance.label'),
      x: { label: t('denoise.guidance'), words: (value) => number(value, value % 1 ? 1 : 0) },
      y: { label: '', low: 0, high: 1, words: (value) => number(value, 1) },
      pointed: (one) => this.point(one),
      chosen: (one) => this.keep(one),
    });
    this.legend = h('p', { class: 'readout quality-legend' });
    this.empty = h('p', { class: 'refusal', role: 'status' });
    const chart = panel('quality', t('quality.chart'), [this.plot.element, this.empty], [this.legend]);
    this.subject = h('h3', { class: 'quality-subject' });
    this.facts = h('dl', { class: 'facts', 'aria-live': 'polite' });
    this.use = button({ label: t('quality.use'), onclick: () => this.adopt() });
    this.guidanceEmpty = h('p', { class: 'refusal' }, t('quality.guidance.none'));
    this.guidanceLegend = h(
      'p',
      { class: 'readout quality-legend' },
      h('span', { class: 'key series-precision' }, t('quality.precision')),
      h('span', { class: 'key series-recall' }, t('quality.recall')),
    );
    const reading = panel('reading', t('quality.reading'), [this.subject, this.facts, h('div', { class: 'tools' }, this.use)]);
    const guidance = panel('guidance', t('quality.guidance.title'), [this.guidancePlot.element, this.guidanceEmpty], [this.guidanceLegend]);
    this.panels = [chart, reading, guidance, room.controls.panel];
    this.table = h('table', {});
    this.below = h(
      'div',
      { class: 'prose' },
      ...[1, 2, 3].map((i) => h('p', {}, rich(`quality.${i}`))),
      h('details', { class: 'quality-table' }, h('summary', {}, t('quality.table')), h('div', { class: 'quality-scroll', tabIndex: 0, role: 'region', 'aria-label': t('quality.table') }, this.table)),
    );
  }

  enter() {
    this.open = true;
    this.show();
    this.load();
    this.probe();
  }

  leave() {
    this.open = false;
    this.probing = '';
    this.pointed = null;
    this.lane.release();
  }

  /** @param {Values} _values @param {Set<keyof Values>} changed */
  stateChanged(_values, changed) {
    if (!SETTING_KEYS.some((key) => changed.has(key))) return;
    this.kept = null;
    this.show();
    if (changed.has('model')) this.probe();
  }

  async load() {
    if (this.measured) return;
    try {
      this.measured = await fetchMeasurements(this.room.catalog);
      this.showTable();
      if (this.open) this.show();
    } catch (error) {
      if (this.open) this.room.shell.complain(error);
    }
  }

  /** Measures how long the chosen model takes here. */
  async probe() {
    const { room, lane } = this;
    const { model } = room.state.values;
    if (this.probing === model || this.paces.has(model)) return;
    this.probing = model;
    const asked = () => this.open && this.probing === model;
    try {
      for (let run = 0; run < PROBE.runs && asked(); run += 1) {
        const info = await room.info(model);
        if (!info || !asked()) return;
        const classes = [info.config.conditional === false ? NO_CLASS : 0];
        const trajectory = await room.run(lane, 'main', { sampler: 'euler', steps: PROBE.steps, spacing: 'uniform', eta: 0, guidance_scale: 0, classes });
        if (!trajectory || !asked()) return;
        await room.engine.frameValues(lane.name, 'x_t', trajectory.frames - 1);
      }
      if (!asked()) return;
      if (lane.stepMs) this.paces.set(model, lane.stepMs);
      this.showReading();
    } catch (error) {
      if (asked()) room.shell.complain(error);
    } finally {
      if (asked()) {
        this.probing = '';
        lane.release();
      }
    }
  }

  /** The figures of the current setting, where they were measured. @returns {Measured | null} */
  current() {
    const settings = settingsOf(this.room.state.values, 'main');
    const guidance = this.told && settings.digit !== NO_CLASS ? settings.guidance : 0;
    return this.measured?.find(({ model, row }) => model === settings.model && isOf(row, settings, guidance)) ?? null;
  }

  get told() {
    return this.room.known(this.room.state.values.model)?.config.conditional !== false;
  }

  /** @param {string} id */
  title(id) {
    return this.room.models.options().find(({ value }) => value === id)?.label ?? id;
  }

  show() {
    const { measured } = this;
    this.empty.hidden = measured !== null && measured.length > 0;
    this.empty.textContent = t(measured ? 'quality.none' : 'quality.loading');
    this.plot.element.hidden = this.legend.hidden = !this.empty.hidden;
    if (measured && measured.length > 0) this.showPlots(measured);
    this.showReading();
  }

  /** @param {Measured[]} measured */
  showPlots(measured) {
    const settings = settingsOf(this.room.state.values, 'main');
    const lines = linesOf(measured);
    const strong = (/** @type {string} */ model) => model === settings.model;
    const now = this.current();
    this.plot.show({
      // the chosen model lies on top
      series: lines
        .sort((a, b) => Number(strong(a.model)) - Number(strong(b.model)))
        .map(({ model, sampler, points }, i, all) => ({
          look: `sampler-${sampler} ${strong(model) ? 'strong' : 'faint'}`,
          // one line speaks for the model
          name: !strong(model) && all.findIndex((other) => other.model === model) === i ? this.title(model) : undefined,
          points: points.map((one) => ({ x: one.row.evaluations, y: one.row.fid, error: one.row.fid_error, label: this.words(one), data: one })),
        })),
      // one, as long as all was measured in the same way
      levels: [...new Set(measured.map(({ row }) => row.fid_floor))].map((y) => ({ y, label: t('quality.floor', { value: number(y, 2) }) })),
      mark: { x: evaluationsOf(settings, this.told), label: t('quality.now') },
      ringed: (one) => one === now,
    });
    const used = new Set(lines.map(({ sampler }) => sampler));
    this.legend.replaceChildren(
      ...SAMPLERS.filter((sampler) => used.has(sampler)).map((sampler) => h('span', { class: `key sampler-${sampler}` }, t(`denoise.sampler.${sampler}`))),
      h('span', { class: 'quality-emphasis' }, t('quality.emphasis', { model: this.title(settings.model) })),
    );
    this.showGuidance(guidanceOf(measured, settings.model), now);
  }

  /** @param {Measured[]} group @param {Measured | null} now */
  showGuidance(group, now) {
    this.guidanceEmpty.hidden = group.length > 0;
    this.guidancePlot.element.hidden = this.guidanceLegend.hidden = group.length === 0;
    const series = (/** @type {'precision' | 'recall'} */ name) => ({
      look: `series-${name} strong`,
      points: group.map((one) => ({ x: one.row.guidance_scale, y: one.row[name], label: this.words(one), data: one })),
    });
    this.guidancePlot.show({ series: [series('precision'), series('recall')], ringed: (one) => one === now });
  }

  /** @param {Measured} one */
  setting({ model, row }) {
    return t('quality.setting', {
      model: this.title(model),
      sampler: t(`denoise.sampler.${row.sampler}`),
      steps: number(row.steps),
      guidance: number(row.guidance_scale, 1),
    });
  }

  /** @param {Measured} one */
  words(one) {
    const { fid, fid_error, evaluations } = one.row;
    return t('quality.words', { setting: this.setting(one), fid: number(fid, 2), error: number(fid_error, 2), evaluations: number(evaluations) });
  }

  /** @param {Measured | null} one */
  point(one) {
    this.pointed = one;
    if (one) this.kept = one;
    this.showReading();
  }

  /** @param {Measured} one */
  keep(one) {
    this.kept = one;
    this.showReading();
    this.use.focus({ preventScroll: true });
  }

  /** The figures of what is pointed at, was pointed at last, or is set. */
  showReading() {
    const { values } = this.room.state;
    const settings = settingsOf(values, 'main');
    const current = this.current();
    const one = this.pointed ?? this.kept ?? current;
    const fact = (/** @type {string} */ key, /** @type {string} */ value) => h('div', {}, h('dt', {}, t(`quality.fact.${key}`)), h('dd', {}, value));
    const model = one?.model ?? settings.model;
    const evaluations = one?.row.evaluations ?? evaluationsOf(settings, this.told);
    this.subject.textContent = one
      ? this.setting(one)
      : t('quality.unmeasured', { model: this.title(settings.model), sampler: t(`denoise.sampler.${settings.sampler}`), steps: number(settings.steps), guidance: number(settings.guidance, 1) });
    const pace = this.paces.get(model);
    const time = pace === undefined ? t(model === settings.model ? 'quality.timing' : 'quality.untimed') : timeWords(pace * evaluations);
    this.facts.replaceChildren(
      fact('evaluations', number(evaluations)),
      fact('time', time),
      ...(one
        ? [
            fact('fid', t('quality.plusminus', { value: number(one.row.fid, 2), error: number(one.row.fid_error, 2) })),
            fact('floor', t('quality.times', { times: number(one.row.fid / one.row.fid_floor, 1), floor: number(one.row.fid_floor, 2) })),
            fact('kid', number(1000 * one.row.kid, 2)),
            fact('precision', number(one.row.precision, 3)),
            fact('recall', number(one.row.recall, 3)),
            fact('n', number(one.row.n)),
          ]
        : []),
    );
    this.use.hidden = !this.kept || this.kept === current;
  }

  /** The setting that was read becomes the current one, to be watched. */
  adopt() {
    if (!this.kept) return;
    const { model, row } = this.kept;
    const { sampler, steps, spacing, eta, guidance_scale: guidance } = row;
    this.room.state.set({ model, sampler, steps, spacing, eta, guidance, view: 'watch', at: 1 }, 'push');
  }

  showTable() {
    const head = ['setting', 'evaluations', 'fid', 'precision', 'recall'].map((key) => h('th', { scope: 'col' }, t(`quality.column.${key}`)));
    const body = (this.measured ?? []).map((one) => {
      const { evaluations, fid, precision, recall } = one.row;
      const cells = [number(evaluations), number(fid, 2), number(precision, 3), number(recall, 3)];
      return h('tr', {}, h('th', { scope: 'row' }, this.setting(one)), ...cells.map((cell) => h('td', {}, cell)));
    });
    this.table.replaceChildren(h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...body));
  }
}
