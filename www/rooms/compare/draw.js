/**
 * Side by side: every model draws from one seed, each alone on the machine, and one clock then shows what each had at the
 * same time. The clock runs on the times that were measured for the table, so that a link shows everybody the same.
 */

import { has, number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h, prefersStillness } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { scrubber } from '../../parts/scrubber.js';
import { seedField } from '../../parts/seed.js';
import { draw, draws } from './drawers.js';
import { duration } from './figures.js';
import { COUNT, digitCanvas, paint } from './tile.js';

/** @import { CompareRoom, RoomView } from './index.js' */
/** @import { CatalogRow } from '../../protocol.js' */
/** @import { Snapshot } from './drawers.js' */
/** @import { Values } from './table.js' */

/** The clock begins here, in ms. */
const FIRST = 0.001;
/** How long the clock runs from end to end, in ms: each tenfold takes as long. */
const PLAY = 8000;

/** A model among the others. */
class Rival {
  /** @param {CatalogRow} row @param {string} name @param {(id: string) => void} chosen */
  constructor(row, name, chosen) {
    this.row = row;
    /** @type {Snapshot[]} */
    this.snapshots = [];
    this.done = false;
    /** @type {Float32Array | null} */
    this.shown = null;
    /** What a digit took where the table was measured, in ms; null where that is not known. @type {number | null} */
    this.measured = null;
    this.canvas = digitCanvas(t('compare.digits', { model: name }));
    this.time = h('span', { class: 'rival-time' });
    this.bar = h('span', { class: 'rival-bar' });
    this.element = h(
      'button',
      { type: 'button', class: `rival family-${row.family}`, title: t('compare.open'), onclick: () => chosen(row.id) },
      this.canvas,
      h('span', { class: 'rival-name' }, name),
      h('span', { class: 'rival-track', 'aria-hidden': 'true' }, this.bar),
      this.time,
      has(`compare.note.${row.id}`) ? h('span', { class: 'rival-note' }, t(`compare.note.${row.id}`)) : null,
    );
  }

  /** What its digits took here, in ms. */
  get ms() {
    return this.snapshots.at(-1)?.ms ?? 0;
  }

  /** When it is done, on the clock. */
  get due() {
    return this.measured ?? this.ms / COUNT;
  }

  clear() {
    this.snapshots = [];
    this.done = false;
    this.time.textContent = '';
    this.show(null);
  }

  /** @param {Snapshot | null} snapshot */
  show(snapshot) {
    const pixels = snapshot?.pixels ?? null;
    if (pixels === this.shown) return;
    this.shown = pixels;
    paint(this.canvas, pixels);
  }

  /** What it had when the clock stood there. @param {number} ms */
  at(ms) {
    this.show(this.snapshots.findLast((snapshot) => snapshot.share * this.due <= ms) ?? null);
  }
}

/** @implements {RoomView} */
export class DrawView {
  /** @param {CompareRoom} room */
  constructor(room) {
    this.room = room;
    /** @type {Rival[]} */
    this.rivals = [];
    /** Of the digits that are there or on their way. @type {number | null} */
    this.seed = null;
    this.abort = new AbortController();
    this.playing = 0;
    this.grid = h('div', { class: 'rivals' });
    this.seedField = seedField({
      label: t('compare.seed'),
      again: t('compare.again'),
      chosen: (chosen) => this.room.state.set({ seed: chosen, at: 1 }, 'push'),
    });
    this.play = button({ label: t('compare.play'), icon: ICONS.play(), bare: true, onclick: () => this.toggle() });
    this.clock = scrubber({
      label: t('compare.clock'),
      min: 0,
      max: 1,
      step: 0.005,
      input: (at) => {
        this.pause();
        this.room.state.set({ at }, 'later');
      },
      words: (at) => duration(this.timeAt(at)),
    });
    this.save = button({ label: t('compare.save'), icon: ICONS.save(), onclick: () => this.export() });
    this.status = h('p', { class: 'readout compare-status', role: 'status' });
    const foot = h('div', { class: 'compare-clock' }, this.play, this.clock.element);
    const tools = h('div', { class: 'tools' }, h('span', { class: 'seed-field' }, h('span', { 'aria-hidden': 'true' }, t('compare.seed')), this.seedField.element), this.save);
    this.panels = [panel('rivals', t('compare.draw.title'), [this.grid], [foot, this.status, tools])];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`compare.draw.${i}`))));
    new MutationObserver(() => this.repaint()).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  enter() {
    const rows = this.room.catalog.filter(({ family }) => draws(family));
    if (rows.length !== this.rivals.length) {
      this.seed = null;
      this.rivals = rows.map((row) => new Rival(row, this.room.name(row), (model) => this.room.state.set({ view: 'figures', model }, 'push')));
      this.grid.replaceChildren(...this.rivals.map(({ element }) => element));
    }
    this.stateChanged(this.room.state.values);
  }

  leave() {
    this.pause();
    this.abort.abort();
    // what was not finished is drawn anew
    if (this.rivals.some(({ done }) => !done)) this.seed = null;
  }

  /** @param {Values} values */
  stateChanged({ seed, at }) {
    this.seedField.set(seed);
    if (seed !== this.seed) this.start(seed);
    this.clock.set(at);
    this.tell(at);
  }

  /** Where the clock ends, in ms. */
  get last() {
    return Math.max(10 * FIRST, ...this.rivals.map(({ due }) => due));
  }

  /** @param {number} at */
  timeAt(at) {
    return FIRST * (this.last / FIRST) ** at;
  }

  /** @param {number} at */
  tell(at) {
    const now = at === 1 ? Infinity : this.timeAt(at);
    const [low, high] = [Math.log(FIRST), Math.log(this.last)];
    for (const rival of this.rivals) {
      rival.at(now);
      const share = rival.due > 0 ? (Math.log(Math.max(FIRST, rival.due)) - low) / (high - low) : 0;
      rival.bar.style.width = `${(100 * Math.min(1, share)).toFixed(1)}%`;
      rival.element.classList.toggle('late', rival.due > now);
    }
  }

  /** All models in turn. @param {number} seed */
  async start(seed) {
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    this.seed = seed;
    this.pause();
    for (const rival of this.rivals) rival.clear();
    this.waits(true);
    const { engine, shell, state } = this.room;
    // without the table the clock runs on the times of this machine
    const figures = await this.room.figures().catch(() => []);
    if (signal.aborted) return;
    for (const rival of this.rivals) rival.measured = figures.find(({ id }) => id === rival.row.id)?.cost.sample_ms ?? null;
    for (const [index, rival] of this.rivals.entries()) {
      this.status.textContent = t('compare.turn', { model: this.room.name(rival.row), index: index + 1, count: this.rivals.length });
      rival.element.classList.add('busy');
      try {
        const info = await this.room.info(rival.row);
        if (signal.aborted) return;
        await draw({
          ...{ engine, info, seed, signal, row: rival.row, count: COUNT },
          show: (snapshot) => {
            if (signal.aborted) return;
            rival.snapshots.push(snapshot);
            rival.time.textContent = duration(snapshot.ms);
            this.tell(state.values.at);
          },
        });
        if (signal.aborted) return;
        rival.done = true;
      } catch (error) {
        if (!signal.aborted) shell.complain(error);
      } finally {
        rival.element.classList.remove('busy');
      }
    }
    this.clock.set(state.values.at);
    this.tell(state.values.at);
    this.waits(false);
    const times = this.rivals.filter(({ done, ms }) => done && ms > 0).map(({ ms }) => ms);
    const [quick, slow] = [Math.min(...times), Math.max(...times)];
    this.status.textContent = times.length > 0 ? t('compare.done', { count: number(COUNT), quick: duration(quick), slow: duration(slow), times: number(Number((slow / quick).toPrecision(2))) }) : '';
    this.grid.dataset.seed = String(seed);
  }

  /** There is a picture to be saved once all have drawn. @param {boolean} waiting */
  waits(waiting) {
    this.save.disabled = waiting;
    this.save.querySelector('span')?.replaceChildren(t(waiting ? 'compare.save.later' : 'compare.save'));
  }

  toggle() {
    if (this.playing) {
      this.pause();
      return;
    }
    const { state } = this.room;
    let at = state.values.at === 1 ? 0 : state.values.at;
    let before = performance.now();
    const tick = () => {
      const now = performance.now();
      // without motion it goes in steps that can be looked at
      at = Math.min(1, at + (now - before) / PLAY);
      before = now;
      state.set({ at }, 'rest');
      if (at < 1) this.playing = prefersStillness() ? window.setTimeout(tick, PLAY / 8) : requestAnimationFrame(tick);
      else this.pause();
    };
    this.playing = requestAnimationFrame(tick);
    this.play.replaceChildren(ICONS.pause());
    this.play.setAttribute('aria-label', t('compare.pause'));
  }

  pause() {
    cancelAnimationFrame(this.playing);
    clearTimeout(this.playing);
    this.playing = 0;
    this.play.replaceChildren(ICONS.play());
    this.play.setAttribute('aria-label', t('compare.play'));
  }

  repaint() {
    for (const { canvas, shown } of this.rivals) paint(canvas, shown);
  }

  /** A picture of all models with their names. */
  async export() {
    const scale = 3;
    const columns = Math.ceil(Math.sqrt(this.rivals.length * 1.6));
    const [side, margin, line] = [scale * (this.rivals[0]?.canvas.width ?? 0), 24, 44];
    const rows = Math.ceil(this.rivals.length / columns);
    const sheet = h('canvas', { width: columns * (side + margin) + margin, height: rows * (side + margin + line) + margin });
    const context = sheet.getContext('2d');
    if (!context) return;
    const style = getComputedStyle(this.grid);
    context.fillStyle = style.getPropertyValue('--digit-paper');
    context.fillRect(0, 0, sheet.width, sheet.height);
    context.imageSmoothingEnabled = false;
    context.fillStyle = style.getPropertyValue('--digit-ink');
    for (const [index, { canvas, row, ms }] of this.rivals.entries()) {
      const [x, y] = [margin + (index % columns) * (side + margin), margin + Math.floor(index / columns) * (side + margin + line)];
      context.drawImage(canvas, x, y, side, side);
      context.font = '15px sans-serif';
      context.fillText(this.room.name(row), x, y + side + 20, side);
      context.font = '13px sans-serif';
      context.fillText(duration(ms), x, y + side + 38, side);
    }
    const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ resolve) => {
      sheet.toBlob(resolve);
    });
    if (blob) download(blob, `inkling-compare-${this.room.state.values.seed}.png`);
  }
}
