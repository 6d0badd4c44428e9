/** Receptive fields: what each hidden unit of an RBM looks for, and which digits have it. */

import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { Scene } from '../../parts/scene.js';
import { pngButton } from '../../parts/save.js';
import { signs } from '../../parts/signs.js';
import { StillPicture } from '../../parts/still.js';
import { PIXELS } from '../../protocol.js';
import { examples } from './given.js';
import { FIELDS } from './table.js';

/** @import { EnergyRoom, RoomView } from './index.js' */
/** @import { Values } from './table.js' */

const COLUMNS = 10;
const ROWS = FIELDS / COLUMNS;
const GAP = 2;
/** Digits that are shown for a unit: half of them turn it on, half of them off. */
const SHOWN = 8;

/** @implements {RoomView} */
export class FieldsView {
  /** @param {EnergyRoom} room */
  constructor(room) {
    this.room = room;
    this.page = 0;
    /** The unit that is pointed at. @type {number | null} */
    this.hovered = null;
    /** p(h = 1 | x) of the generated digits, and then of the given picture. @type {Float32Array | null} */
    this.fires = null;
    /** @type {Float32Array | null} */
    this.ofGiven = null;
    /** @type {Float32Array[]} */
    this.digits = [];
    this.grid = new Picture(room.engine, { name: 'energy-fields', label: t('energy.fields.label'), columns: COLUMNS, rows: ROWS, gap: GAP });
    this.large = new Picture(room.engine, { name: 'energy-field', label: t('energy.field.label'), urgent: true });
    this.mark = h('span', { class: 'chain-mark' });
    this.surface = h(
      'div',
      {
        class: 'chains-surface',
        tabIndex: 0,
        role: 'group',
        'aria-label': t('energy.fields.keys'),
        onpointermove: (/** @type {PointerEvent} */ event) => this.preview(this.unitAt(event)),
        onpointerleave: () => this.preview(null),
        onpointerdown: (/** @type {PointerEvent} */ event) => this.choose(this.unitAt(event)),
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      },
      this.grid.element,
      this.mark,
    );
    this.where = h('span', { class: 'readout' });
    this.back = button({ label: t('energy.fields.back'), icon: ICONS.stepBack(), bare: true, onclick: () => this.turn(-1) });
    this.forth = button({ label: t('energy.fields.forth'), icon: ICONS.stepForth(), bare: true, onclick: () => this.turn(1) });
    this.shown = Array.from({ length: SHOWN }, () => {
      const still = new StillPicture('');
      const words = h('figcaption', {});
      return { still, words, element: h('figure', { class: 'fires' }, h('div', { class: 'frame-face still-face' }, still.canvas), words) };
    });
    this.readout = h('p', { class: 'readout', 'aria-live': 'polite' });
    const legend = signs(t('energy.fields.below'), t('energy.fields.above'));
    this.gridPanel = panel('fields', t('energy.fields'), [this.surface], [legend, h('div', { class: 'tools' }, this.back, this.where, this.forth, pngButton(room, this.grid, () => `inkling-units-${(this.first ?? 0) + 1}-${room.fileName}`))]);
    this.largePanel = panel(
      'field',
      t('energy.field'),
      [h('div', { class: 'frame-face' }, this.large.element)],
      [
        h('div', { class: 'tools save' }, this.readout, pngButton(room, this.large, () => `inkling-unit-${room.state.values.unit + 1}-${room.fileName}`)),
        h('h3', {}, t('energy.fires')),
        h('div', { class: 'fires-row' }, ...this.shown.slice(0, SHOWN / 2).map(({ element }) => element)),
        h('h3', {}, t('energy.rests')),
        h('div', { class: 'fires-row' }, ...this.shown.slice(SHOWN / 2).map(({ element }) => element)),
      ],
    );
    this.below = h('div', { class: 'prose' }, ...[1, 2].map((i) => h('p', {}, rich(`energy.fields.${i}`))));
    this.scene = new Scene(room.engine, 'energy-fields-scene');
    this.one = new Scene(room.engine, 'energy-field-scene');
  }

  get units() {
    return Number(this.room.model?.info.config.hidden ?? 0);
  }

  panels() {
    return [this.gridPanel, this.largePanel, this.room.given.panel];
  }

  async enter() {
    const { room } = this;
    room.given.enter(() => this.ask());
    if (this.digits.length === 0) {
      try {
        this.digits = await examples();
      } catch (error) {
        room.shell.complain(error);
      }
    }
    await this.askAll();
  }

  leave() {
    this.room.given.leave();
    this.scene.release();
    this.one.release();
  }

  /** What the model makes of the digits, and of the given picture. */
  async askAll() {
    const { model, engine } = this.room;
    this.fires = null;
    if (!model || model.kind.family !== 'rbm' || this.room.view !== this) return;
    const { state } = this.room;
    // a link may name a unit that this model does not have
    if (state.values.unit >= this.units) state.set({ unit: Math.max(0, this.units - 1) }, 'replace');
    this.showPage(state.values.unit);
    this.ask();
    const x = new Float32Array(this.digits.length * PIXELS);
    this.digits.forEach((digit, i) => x.set(digit, i * PIXELS));
    if (this.digits.length === 0) return;
    const { hidden } = await engine.compute({ model: model.id, job: 'hidden', batch: this.digits.length, inputs: { x }, read: ['hidden'] });
    if (this.room.model !== model) return;
    this.fires = hidden;
    this.showUnit();
  }

  /** How strongly the given picture makes each unit fire. */
  async ask() {
    const { model, engine, given } = this.room;
    const { image } = given;
    this.ofGiven = null;
    if (model?.kind.family === 'rbm' && image) {
      const { hidden } = await engine.compute({ model: model.id, job: 'hidden', inputs: { x: image }, read: ['hidden'] });
      // the picture may be another by now
      if (given.image !== image || this.room.model !== model) return;
      this.ofGiven = hidden;
    }
    this.showUnit();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (!changed.has('unit')) return;
    if (fromAddress || Math.floor(values.unit / FIELDS) !== this.page) this.showPage(values.unit);
    else this.showUnit();
  }

  /** Shows the page that has this unit. @param {number} unit */
  showPage(unit) {
    const { model } = this.room;
    if (!model || this.units === 0) return;
    this.page = Math.floor(Math.min(unit, this.units - 1) / FIELDS);
    const first = this.page * FIELDS;
    const count = Math.min(FIELDS, this.units - first);
    // the last page is filled up with its last unit's neighbours before it
    const start = Math.max(0, first + count - FIELDS);
    this.first = start;
    const units = Float32Array.from({ length: FIELDS }, (_, i) => Math.min(this.units - 1, start + i));
    this.scene.show({ model: model.id, job: 'fields', batch: FIELDS, inputs: { unit: units }, views: [{ picture: this.grid, output: 'fields', tone: 'diverging' }] });
    this.where.textContent = t('energy.fields.where', { first: start + 1, last: Math.min(this.units, start + FIELDS), all: this.units });
    this.back.disabled = this.page === 0;
    this.forth.disabled = first + FIELDS >= this.units;
    this.showUnit();
  }

  /** @param {number} by */
  turn(by) {
    this.room.state.set({ unit: Math.min(this.units - 1, Math.max(0, (this.page + by) * FIELDS)) }, 'push');
  }

  showUnit() {
    const { model, state } = this.room;
    if (!model || model.kind.family !== 'rbm' || this.units === 0) return;
    const unit = Math.min(this.hovered ?? state.values.unit, this.units - 1);
    this.one.show({ model: model.id, job: 'fields', inputs: { unit: Float32Array.of(unit) }, views: [{ picture: this.large, output: 'fields', tone: 'diverging' }], urgent: true });
    const at = unit - (this.first ?? 0);
    const { style } = this.mark;
    style.left = `${(100 * (at % COLUMNS)) / COLUMNS}%`;
    style.top = `${(100 * Math.floor(at / COLUMNS)) / ROWS}%`;
    style.width = `${100 / COLUMNS}%`;
    style.height = `${100 / ROWS}%`;
    const percent = (/** @type {number} */ share) => number(100 * share);
    this.readout.textContent = this.ofGiven
      ? t('energy.unit.given', { unit: unit + 1, share: percent(this.ofGiven[unit]) })
      : t('energy.unit', { unit: unit + 1 });
    const { fires, units } = this;
    if (!fires) return;
    const order = this.digits.map((_, i) => i).sort((a, b) => fires[b * units + unit] - fires[a * units + unit]);
    this.shown.forEach(({ still, words }, place) => {
      const digit = order[place < SHOWN / 2 ? place : order.length - SHOWN + place];
      still.show(digit === undefined ? null : this.digits[digit]);
      words.textContent = digit === undefined ? '' : t('unit.percent', { value: percent(fires[digit * units + unit]) });
    });
  }

  /** The unit under the pointer. @param {PointerEvent} event */
  unitAt(event) {
    const box = this.surface.getBoundingClientRect();
    const at = (/** @type {number} */ share, /** @type {number} */ count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    const place = at((event.clientY - box.top) / box.height, ROWS) * COLUMNS + at((event.clientX - box.left) / box.width, COLUMNS);
    return Math.min(this.units - 1, (this.first ?? 0) + place);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    this.choose(this.room.state.values.unit + move);
  }

  /** Shows a unit while it is pointed at; what was chosen comes back. @param {number | null} unit */
  preview(unit) {
    if (unit === this.hovered) return;
    this.hovered = unit;
    this.showUnit();
  }

  /** @param {number} unit */
  choose(unit) {
    const next = Math.min(this.units - 1, Math.max(0, unit));
    this.hovered = null;
    if (next !== this.room.state.values.unit) this.room.state.set({ unit: next }, 'rest');
  }
}
