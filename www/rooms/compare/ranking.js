/** The figures: a table to sort, likelihoods that compare, what textbooks print, and each figure explained. */

import { modelsFolder } from '../../catalog.js';
import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { claims } from './claims.js';
import { draw, draws } from './drawers.js';
import { COLUMNS, COST, LIKELIHOOD, QUALITY, duration, figureOf, inWords, likelihoodGroups, sorted } from './figures.js';
import { Measuring } from './measuring.js';
import { COUNT, digitCanvas, paint } from './tile.js';

/** @import { CompareRoom, RoomView } from './index.js' */
/** @import { Column, Measured } from './figures.js' */
/** @import { Values } from './table.js' */

/** Screens on which the explanation stands in the table, under the row that was tapped. */
const NARROW = window.matchMedia('(max-width: 52rem)');
/** There the row goes so far up, as a share of the screen, that what opens under it is seen. */
const HIGH = 0.25;

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
    const files = [
      button({ label: t('compare.csv'), icon: ICONS.save(), onclick: () => this.save('csv') }),
      button({ label: t('save.json'), icon: ICONS.save(), onclick: () => this.save('json') }),
    ];
    const tools = h('div', { class: 'tools', role: 'group', 'aria-label': t('compare.files') }, ...files);
    this.explained = panel('figure', t('compare.figure.title'), [this.detail], [this.canvas, this.sampleNote, this.facts, this.measuring.element]);
    this.claims = h('div', { class: 'claims-scroll', tabIndex: 0, role: 'region', 'aria-label': t('compare.claims') });
    const words = (/** @type {number[]} */ ...numbers) => h('div', { class: 'prose' }, ...numbers.map((i) => h('p', {}, rich(`compare.claims.${i}`))));
    this.ranking = panel('ranking', t('compare.figures.title'), [h('p', { class: 'readout ranking-hint' }, rich('compare.figures.1')), this.empty, this.tables], [tools]);
    this.panels = [this.ranking, this.explained];
    this.below = h(
      'div',
      { class: 'claims-text' },
      h('div', { class: 'prose' }, h('p', {}, rich('compare.figures.2')), h('h2', {}, t('compare.claims'))),
      ...[words(1), this.claims, words(2, 3, 4)],
    );
    /** The cell that was tapped last and that the tables are about to be made anew for. */
    this.held = '';
    NARROW.addEventListener('change', () => this.open && this.stateChanged());
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
    const held = this.held || /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.cell || '';
    this.held = '';
    const place = this.placeOf(held);
    const scrolled = Array.from(this.tables.querySelectorAll('.ranking'), ({ scrollLeft }) => scrollLeft);
    this.tables.replaceChildren(
      this.table('quality', QUALITY, sorted(drawing, column(QUALITY), down)),
      h('div', { class: 'ranking-pairs' }, ...likelihoodGroups(measured).map(({ kind, pixels, members }) =>
        this.table('nats', [LIKELIHOOD], sorted(members, LIKELIHOOD, sort === 'nats' && down), { kind: t(`compare.kind.${kind.replace(/-.*/, '')}`, { k: kind.replace(/\D/g, '') }), pixels: t(`compare.pixels.${pixels.replace(/\W.*/, '')}`) }),
      )),
      this.table('cost', COST, sorted(measured, column(COST), down)),
    );
    this.settle();
    // the tables were made anew: the places in them are kept
    for (const [index, table] of this.tables.querySelectorAll('.ranking').entries()) table.scrollLeft = scrolled[index] ?? 0;
    if (place !== null) this.hold(held, place);
    this.claims.replaceChildren(claims(measured, (row) => this.room.name(row)));
    this.showDetail(measured);
    // at the end of the tables there is no room beside them for all of it
    if (place !== null && !NARROW.matches) this.explained.scrollIntoView({ block: 'nearest', behavior: 'instant' });
  }

  /** Where a cell stands on the screen; null where there is none. @param {string} cell */
  placeOf(cell) {
    return cell ? (this.tables.querySelector(`[data-cell="${cell}"]`)?.getBoundingClientRect().top ?? null) : null;
  }

  /** Keeps a cell where it was, and under the finger. @param {string} cell @param {number} place */
  hold(cell, place) {
    /** @type {HTMLElement | null} */
    const found = this.tables.querySelector(`[data-cell="${cell}"]`);
    if (!found) return;
    found.focus({ preventScroll: true });
    const open = found.closest('tr')?.nextElementSibling?.classList.contains('explained');
    const wanted = open ? Math.min(place, HIGH * window.innerHeight) : place;
    window.scrollBy({ top: found.getBoundingClientRect().top - wanted, behavior: 'instant' });
  }

  /** The explanation stands beside the tables, on a narrow screen under the row of the chosen figure. */
  settle() {
    const row = NARROW.matches ? this.tables.querySelector('.chosen')?.closest('tr') : null;
    if (!row) this.ranking.after(this.explained);
    else row.after(h('tr', { class: 'explained' }, h('td', { colSpan: row.children.length }, this.explained)));
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
      // by nearness to what is ideal, figures neither rise nor fall
      const order = !by ? null : column.ideal !== undefined ? 'other' : down === Boolean(column.more) ? 'ascending' : 'descending';
      const upwards = order === 'other' ? down : order === 'ascending';
      return h(
        'th',
        { scope: 'col', 'aria-sort': order },
        h('button', { type: 'button', class: 'sort', 'data-cell': `sort-${name}-${column.key}`, title: t('compare.sort'), onclick: () => this.sort(column, `sort-${name}-${column.key}`) }, label, by ? h('span', { 'aria-hidden': 'true' }, upwards ? ' ↑' : ' ↓') : null),
      );
    });
    const body = rows.map((one) => {
      const cells = columns.map((column) => {
        const words = inWords(column, one);
        const chosen = figure === column.key && model === one.id;
        const cell = `${name}-${column.key}-${one.id}`;
        return h(
          'td',
          { class: chosen ? 'chosen' : '' },
          words === null
            ? h('span', { class: 'none' }, t('inspector.none'))
            : h('button', { type: 'button', class: 'cell', 'data-cell': cell, 'aria-pressed': String(chosen), onclick: () => this.choose(one, column, cell) }, ...figureOf(words)),
        );
      });
      return h('tr', { class: `family-${one.row.family}` }, h('th', { scope: 'row' }, this.room.name(one.row)), ...cells);
    });
    return h(
      'div',
      { class: `ranking ranking-${name}`, tabIndex: 0, role: 'region', 'aria-label': t(`compare.table.${name}`, words) },
      h('table', {}, h('caption', {}, h('span', {}, t(`compare.table.${name}`, words))), h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, t('compare.model')), ...head)), h('tbody', {}, ...body)),
    );
  }

  /** @param {Column} column @param {string} cell */
  sort({ key }, cell) {
    const { sort, down } = this.room.state.values;
    this.held = cell;
    this.room.state.set({ sort: key, down: sort === key ? !down : false, figure: key }, 'push');
  }

  /** @param {Measured} one @param {Column} column @param {string} cell */
  choose({ id }, { key }, cell) {
    this.held = cell;
    this.explained.scrollTop = 0;
    this.room.state.set({ figure: key, model: id }, 'push');
  }

  /** All figures as a file. @param {'csv' | 'json'} form */
  save(form) {
    const measured = this.measured ?? [];
    const text = form === 'csv' ? csv(measured) : JSON.stringify(measured.map(({ row: _, ...figures }) => figures), null, 2);
    download(new Blob([text], { type: form === 'csv' ? 'text/csv' : 'application/json' }), `inkling-figures.${form}`);
  }

  /** The chosen figure: what it means, and the model's digits. @param {Measured[]} measured */
  showDetail(measured) {
    const { figure, model } = this.room.state.values;
    const column = COLUMNS.find(({ key }) => key === figure) ?? COLUMNS[0];
    // sorting by another figure does not end what is being measured
    const shown = model || (this.measuring.running && this.measuring.measured?.id);
    const one = measured.find(({ id }) => id === shown) ?? sorted(measured, column, false)[0];
    if (!one) return;
    const words = inWords(column, one);
    const { threads } = one.cost;
    this.detail.replaceChildren(
      h('h3', {}, t('compare.of', { figure: t(`compare.figure.${column.key}`), model: this.room.name(one.row) })),
      h('p', { class: 'figure-value' }, ...(words ? figureOf(words) : [t('compare.unmeasured')])),
      ...(words?.doubt ? [h('p', { class: 'readout' }, t('compare.doubt.words'))] : []),
      h('p', {}, t(`compare.definition.${column.key}`)),
      ...(column.key === 'sample_ms' && threads ? [h('p', { class: 'readout' }, t('compare.threads', { threads }))] : []),
      h('p', { class: 'readout' }, t(column.ideal !== undefined ? 'compare.better.nearer' : column.more ? 'compare.better.more' : 'compare.better.less', { ideal: column.ideal ?? 0 })),
    );
    const extra = Object.entries(one.extra).map(([name, figures]) => h('div', {}, h('dt', {}, name), h('dd', {}, number(figures, decimalsOf(figures)))));
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
}

/** So many that something is told of small figures too. @param {number} value */
function decimalsOf(value) {
  if (Number.isInteger(value)) return 0;
  return Math.abs(value) >= 10 ? 2 : Math.min(9, Math.max(3, 1 - Math.floor(Math.log10(Math.abs(value)))));
}

/** A row for each model, a column for each figure and each standard error. @param {Measured[]} measured */
function csv(measured) {
  const head = ['model', 'family', 'digits', 'likelihood', 'pixels', ...COLUMNS.flatMap(({ key, error }) => (error ? [key, `${key}_error`] : [key]))];
  const lines = measured.map((one) => [
    ...[one.id, one.row.family, one.samples?.n ?? '', one.likelihood?.kind ?? '', one.likelihood?.pixels ?? ''],
    ...COLUMNS.flatMap(({ value, error }) => (error ? [value(one), error(one)] : [value(one)])),
  ]);
  return `${[head, ...lines].map((cells) => cells.map((cell) => cell ?? '').join(',')).join('\n')}\n`;
}
