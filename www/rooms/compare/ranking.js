/** The figures: a table to sort, likelihoods that compare, what textbooks print, and each figure explained. */

import { modelsFolder } from '../../catalog.js';
import { has, number, rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { draw, draws } from './drawers.js';
import { COLUMNS, COST, LIKELIHOOD, QUALITY, duration, likelihoodGroups, sorted } from './figures.js';
import { Measuring } from './measuring.js';
import { COUNT, digitCanvas, paint } from './tile.js';

/** @import { CompareRoom, RoomView } from './index.js' */
/** @import { Column, Measured } from './figures.js' */
/** @import { Values } from './table.js' */

/** What textbooks print of the families, on no scale that they tell: figures to be looked at, not to be compared. */
const PRINTED = [
  { family: 'gan', fid: 15, inception: 25, precision: 0.7, recall: 0.6 },
  { family: 'vae', fid: 30, inception: 20, precision: 0.5, recall: 0.5 },
  { family: 'denoiser', fid: 10, inception: 30, precision: 0.8, recall: 0.8 },
];
const COMPARED = /** @type {const} */ (['fid', 'inception', 'precision', 'recall']);

/** @implements {RoomView} */
export class RankingView {
  /** @param {CompareRoom} room */
  constructor(room) {
    this.room = room;
    this.open = false;
    /** @type {Measured[] | null} */
    this.measured = null;
    this.abort = new AbortController();
    /** Whose digits are drawn. */
    this.drawn = '';
    this.tables = h('div', { class: 'ranking-tables' });
    this.empty = h('p', { class: 'refusal', role: 'status' }, t('quality.loading'));
    this.detail = h('div', { class: 'figure-detail', 'aria-live': 'polite' });
    this.canvas = digitCanvas('');
    this.canvas.classList.add('wide');
    this.sampleNote = h('p', { class: 'readout' });
    this.facts = h('div', {});
    this.measuring = new Measuring(room);
    this.panels = [
      panel('ranking', t('compare.figures.title'), [this.empty, this.tables]),
      panel('figure', t('compare.figure.title'), [this.detail], [this.canvas, this.sampleNote, this.facts, this.measuring.element]),
    ];
    this.claims = h('div', { class: 'quality-scroll', tabIndex: 0, role: 'region', 'aria-label': t('compare.claims') });
    this.below = h(
      'div',
      { class: 'prose' },
      h('p', {}, rich('compare.figures.1')),
      h('p', {}, rich('compare.figures.2')),
      h('h2', {}, t('compare.claims')),
      h('p', {}, rich('compare.claims.1')),
      this.claims,
      h('p', {}, rich('compare.claims.2')),
    );
    new MutationObserver(() => paint(this.canvas, this.pixels ?? null)).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  enter() {
    this.open = true;
    if (this.measured) this.show();
    else this.load();
  }

  leave() {
    this.open = false;
    this.abort.abort();
    this.drawn = '';
    this.measuring.stop();
  }

  async load() {
    try {
      this.measured = await this.room.figures();
      if (this.open) this.show();
    } catch (error) {
      this.empty.textContent = t('quality.none');
      this.room.shell.complain(error);
    }
  }

  stateChanged() {
    if (this.measured) this.show();
  }

  show() {
    const measured = this.measured ?? [];
    const { sort, down } = this.room.state.values;
    this.empty.hidden = measured.length > 0;
    this.empty.textContent = t('quality.none');
    const column = (/** @type {Column[]} */ columns) => columns.find(({ key }) => key === sort) ?? columns[0];
    const drawing = measured.filter(({ samples }) => samples);
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.cell;
    this.tables.replaceChildren(
      this.table('quality', QUALITY, sorted(drawing, column(QUALITY), down)),
      h('div', { class: 'ranking-pairs' }, ...likelihoodGroups(measured).map(({ kind, pixels, members }) =>
        this.table('nats', [LIKELIHOOD], sorted(members, LIKELIHOOD, sort === 'nats' && down), { kind: t(`compare.kind.${kind.replace(/-.*/, '')}`, { k: kind.replace(/\D/g, '') }), pixels: t(`compare.pixels.${pixels.replace(/\W.*/, '')}`) }),
      )),
      this.table('cost', COST, sorted(measured, column(COST), down)),
    );
    // the table was made anew: the place in it is kept
    if (focused) /** @type {HTMLElement | null} */ (this.tables.querySelector(`[data-cell="${focused}"]`))?.focus();
    this.showClaims(measured);
    this.showDetail(measured);
  }

  /**
   * @param {string} name
   * @param {Column[]} columns
   * @param {Measured[]} rows
   * @param {Record<string, string>} [words]  of the caption
   */
  table(name, columns, rows, words = {}) {
    const { sort, down, figure, model } = this.room.state.values;
    const head = columns.map((column) => {
      const by = sort === column.key;
      const label = t(`compare.figure.${column.key}`);
      const order = by ? (down === Boolean(column.more) ? 'ascending' : 'descending') : null;
      return h(
        'th',
        { scope: 'col', 'aria-sort': order },
        h('button', { type: 'button', class: 'sort', 'data-cell': `sort-${name}-${column.key}`, title: t('compare.sort'), onclick: () => this.sort(column) }, label, by ? h('span', { 'aria-hidden': 'true' }, order === 'ascending' ? ' ↑' : ' ↓') : null),
      );
    });
    const body = rows.map((one) => {
      const cells = columns.map((column) => {
        const value = column.value(one);
        const chosen = figure === column.key && model === one.id;
        return h(
          'td',
          { class: chosen ? 'chosen' : '' },
          value === null
            ? h('span', { class: 'none' }, t('inspector.none'))
            : h('button', { type: 'button', class: 'cell', 'data-cell': `${name}-${column.key}-${one.id}`, 'aria-pressed': String(chosen), onclick: () => this.choose(one, column) }, column.words(value, one)),
        );
      });
      return h('tr', { class: `family-${one.row.family}` }, h('th', { scope: 'row' }, this.room.name(one.row)), ...cells);
    });
    return h(
      'div',
      { class: `ranking ranking-${name}`, tabIndex: 0, role: 'region', 'aria-label': t(`compare.table.${name}`, words) },
      h('table', {}, h('caption', {}, t(`compare.table.${name}`, words)), h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('compare.model')), ...head)), h('tbody', {}, ...body)),
    );
  }

  /** @param {Column} column */
  sort({ key }) {
    const { sort, down } = this.room.state.values;
    this.room.state.set({ sort: key, down: sort === key ? !down : false, figure: key }, 'push');
  }

  /** @param {Measured} one @param {Column} column */
  choose({ id }, { key }) {
    this.room.state.set({ figure: key, model: id }, 'push');
  }

  /** The chosen figure: what it means, and the model's digits. @param {Measured[]} measured */
  showDetail(measured) {
    const { figure, model } = this.room.state.values;
    const column = COLUMNS.find(({ key }) => key === figure) ?? COLUMNS[0];
    const one = measured.find(({ id }) => id === model) ?? sorted(measured, column, false)[0];
    if (!one) return;
    const value = column.value(one);
    this.detail.replaceChildren(
      h('h3', {}, t('compare.of', { figure: t(`compare.figure.${column.key}`), model: this.room.name(one.row) })),
      h('p', { class: 'figure-value' }, value === null ? t('compare.unmeasured') : column.words(value, one)),
      h('p', {}, t(`compare.definition.${column.key}`)),
      h('p', { class: 'readout' }, t(column.more ? 'compare.better.more' : 'compare.better.less')),
    );
    const extra = Object.entries(one.extra).map(([name, figures]) => h('div', {}, h('dt', {}, name), h('dd', {}, number(figures, Math.abs(figures) < 10 ? 3 : 2))));
    this.facts.replaceChildren(
      ...(one.samples?.setting ? [h('p', { class: 'readout' }, t('compare.setting', { setting: one.samples.setting, n: number(one.samples.n), seed: one.samples.seed }))] : []),
      ...(extra.length > 0 ? [h('dl', { class: 'facts' }, ...extra)] : []),
      h('p', { class: 'readout' }, h('code', {}, one.command)),
      ...(one.row.card ? [h('p', {}, h('a', { href: new URL(one.row.card, modelsFolder()).href }, t('about.card')))] : []),
    );
    this.measuring.set(one, draws(one.row.family));
    this.showDigits(one);
  }

  /** @param {Measured} one */
  async showDigits({ row }) {
    const { engine, shell, state } = this.room;
    const wanted = `${row.id} ${state.values.seed}`;
    if (wanted === this.drawn) return;
    this.drawn = wanted;
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    const able = draws(row.family);
    this.canvas.hidden = !able;
    this.sampleNote.textContent = able ? t('compare.drawing', { model: this.room.name(row) }) : t('compare.cannot');
    if (!able) return;
    this.canvas.setAttribute('aria-label', t('compare.digits', { model: this.room.name(row) }));
    this.pixels = null;
    paint(this.canvas, null);
    try {
      const info = await this.room.info(row);
      if (signal.aborted) return;
      await draw({
        ...{ engine, row, info, signal, seed: state.values.seed, count: COUNT },
        show: ({ pixels, ms }) => {
          if (signal.aborted) return;
          this.pixels = pixels;
          paint(this.canvas, pixels);
          this.sampleNote.textContent = t('compare.took', { time: duration(ms) });
        },
      });
    } catch (error) {
      if (!signal.aborted) shell.complain(error);
    }
  }

  /** What textbooks print, and the best of each of these families as measured here. @param {Measured[]} measured */
  showClaims(measured) {
    const names = COMPARED.map((key) => h('th', { scope: 'col', colSpan: 2 }, t(`compare.figure.${key}`)));
    const sides = COMPARED.flatMap(() => [h('th', { scope: 'col', class: 'printed' }, t('compare.printed')), h('th', { scope: 'col' }, t('compare.ours'))]);
    const rows = PRINTED.map(({ family, ...printed }) => {
      const members = measured.filter(({ row, samples }) => row.family === family && samples);
      const best = sorted(members, QUALITY[0], false)[0];
      const cells = COMPARED.flatMap((key) => {
        const ours = best?.samples?.[key];
        const decimals = key === 'fid' || key === 'inception' ? 1 : 2;
        return [
          h('td', { class: 'printed' }, number(printed[key], key === 'fid' || key === 'inception' ? 0 : 1)),
          h('td', {}, ours === undefined ? t('inspector.none') : number(ours, decimals)),
        ];
      });
      const name = has(`compare.family.${family}`) ? t(`compare.family.${family}`) : family;
      return h('tr', {}, h('th', { scope: 'row' }, best ? this.room.name(best.row) : name), ...cells);
    });
    this.claims.replaceChildren(h('table', { class: 'claims' }, h('thead', {}, h('tr', {}, h('td', {}), ...names), h('tr', {}, h('td', {}), ...sides)), h('tbody', {}, ...rows)));
  }
}
