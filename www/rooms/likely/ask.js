/** One drawing, and the answers of all models: each for the newest drawing, the cheap ones while it is drawn. */

import { bytes, number, rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { StillPicture } from '../../parts/still.js';
import { WAYS } from './answers.js';
import { Asking } from './asking.js';
import { fetchReferences } from './references.js';
import { ModelRow } from './row.js';

/** @import { CatalogRow } from '../../protocol.js' */
/** @import { RoomView } from '../room.js' */
/** @import { Group } from './answers.js' */
/** @import { LikelyRoom } from './index.js' */
/** @import { References } from './references.js' */
/** @import { Values } from './table.js' */

/** @type {Group[]} */
const GROUPS = ['binary', 'grey', 'noisy', 'own'];

/** Drawings to try, which the text tells of: strokes as in a link. */
const EXAMPLES = { stroke: 'FgACgCiA2A', dot: 'FgABgIA', dots: 'FgABPIAWAAHEgA', letter: 'FgAFMtI8MoCWxDLO0g' };

/** @implements {RoomView<any>} */
export class AskView {
  /** @param {LikelyRoom} room */
  constructor(room) {
    this.room = room;
    this.state = room.state;
    this.asking = new Asking(() => this.show());
    /** @type {References} */
    this.references = { digits: 0, models: {} };
    this.pad = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished) });
    this.black = new StillPicture(t('likely.seen.binary'));
    const seen = (/** @type {HTMLElement} */ picture, /** @type {string} */ key) =>
      h('figure', {}, picture, h('figcaption', {}, t(key)));
    const examples = Object.entries(EXAMPLES).map(([name, ink]) => h('button', { type: 'button', class: 'button quiet', onclick: () => this.take(ink) }, t(`likely.example.${name}`)));
    this.drawing = panel(
      'drawing',
      t('likely.drawing'),
      [this.pad.element],
      [
        h('div', { class: 'likely-seen' }, seen(this.pad.seen, 'likely.seen.grey'), seen(this.black.canvas, 'likely.seen.binary')),
        h('div', { class: 'tools likely-examples', role: 'group', 'aria-label': t('likely.examples') }, h('span', { 'aria-hidden': 'true' }, t('likely.examples')), ...examples),
      ],
    );
    this.groups = new Map(GROUPS.map((group) => [group, h('ul', { class: 'likely-rows' })]));
    this.sections = GROUPS.map((group) =>
      h(
        'section',
        { class: 'likely-group', 'data-group': group },
        h('h2', {}, t(`likely.group.${group}`)),
        h('p', { class: 'likely-rule' }, t(`likely.rule.${group}`)),
        this.groups.get(group),
      ),
    );
    this.all = h('button', { type: 'button', class: 'button', onclick: () => this.askAll() });
    this.file = h('button', { type: 'button', class: 'button quiet', onclick: () => this.takeHome() }, t('likely.file'));
    this.file.disabled = true;
    this.legend = h('p', { class: 'likely-legend' });
    const answers = [h('div', { class: 'tools' }, this.all, this.file), this.legend, ...this.sections];
    this.panels = [this.drawing, h('div', { class: 'likely-answers' }, ...answers)];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3, 4, 5].map((i) => h('p', {}, rich(`likely.${i}`))));
    room.engine.on('need-canvases', () => this.asking.again());
  }

  async enter() {
    this.asking.open = true;
    if (this.rows.length === 0) {
      this.references = await fetchReferences();
      // exact figures first, as the families stand in the list
      const order = Object.keys(WAYS);
      const rows = this.room.catalog.filter((row) => this.answers(row)).sort((a, b) => order.indexOf(a.family) - order.indexOf(b.family));
      this.asking.rows = rows.map((row) => new ModelRow(this, row, WAYS[row.family], this.referenceOf(row)));
      for (const row of this.rows) this.groups.get(row.way.group)?.append(row.element);
      for (const section of this.sections) section.hidden = !section.querySelector('li');
      this.legend.textContent = t('likely.legend', { digits: number(this.references.digits) });
      this.legend.hidden = this.references.digits === 0;
    }
    this.look(this.pad.setInk(this.state.values.ink));
    this.showAsked();
  }

  leave() {
    this.asking.open = false;
  }

  /**
   * Not all files of a family can: that one cannot is seen before it is fetched by its missing among the references.
   * @param {CatalogRow} row
   */
  answers({ id, family }) {
    const way = WAYS[family];
    return Boolean(way) && !(way.can && this.references.digits > 0 && !(id in this.references.models));
  }

  /** @param {CatalogRow} row */
  referenceOf({ id, sha256 }) {
    const reference = this.references.models[id];
    return reference?.sha256 === sha256 ? reference : null;
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (changed.has('asked')) this.showAsked();
    if (changed.has('ink') && fromAddress) this.look(this.pad.setInk(values.ink));
  }

  /** @param {Float32Array | null} image @param {string} ink @param {boolean} finished */
  drew(image, ink, finished) {
    this.look(image, finished);
    if (finished) this.state.set({ ink }, 'push');
  }

  /** A drawing of ours in place of the person's. @param {string} ink */
  take(ink) {
    this.look(this.pad.setInk(ink));
    this.state.set({ ink }, 'push');
  }

  /** A new drawing. @param {Float32Array | null} image @param {boolean} [finished] */
  look(image, finished = true) {
    this.black.show(image?.map((value) => Number(value >= 0.5)) ?? null);
    this.asking.look(image, finished);
  }

  get rows() {
    return this.asking.rows;
  }

  /** Ids of the models that were asked. */
  asked() {
    return this.state.values.asked.split('.').filter(Boolean);
  }

  /** @param {string} id */
  ask(id) {
    this.state.set({ asked: [...new Set([...this.asked(), id])].join('.') }, 'push');
  }

  askAll() {
    this.state.set({ asked: this.rows.map(({ row }) => row.id).join('.') }, 'push');
  }

  /** Fetches what was asked for, one after the other, and has it answer. */
  async showAsked() {
    const asked = this.asked();
    const waiting = this.rows.filter(({ row }) => !asked.includes(row.id));
    this.all.hidden = waiting.length === 0;
    this.all.textContent = t('likely.all', { size: bytes(waiting.reduce((sum, { row }) => sum + row.bytes, 0)) });
    for (const row of this.rows) {
      if (!this.asking.open || !asked.includes(row.row.id)) continue;
      await row.load();
      this.show();
      this.asking.answer();
    }
  }

  /** Puts the answers on their lines. */
  show() {
    for (const row of this.rows) row.show(this.references.digits);
    this.file.disabled = this.answered.length === 0;
  }

  /** Who has answered for a drawing. */
  get answered() {
    return this.rows.filter(({ value }) => value !== null);
  }

  /** The drawing, as strokes and as the models see it, and what they say of it. */
  takeHome() {
    const { picture } = this.asking;
    if (!picture || this.answered.length === 0) return;
    const answers = this.answered.map(({ row, way, value, error }) => ({ model: row.id, pixels: way.group, kind: way.kind, value, error }));
    const drawing = { ink: this.pad.written(), grey: Array.from(picture.grey, (value) => Number(value.toFixed(4))), binary: Array.from(picture.binary) };
    download(new Blob([JSON.stringify({ drawing, answers })], { type: 'application/json' }), 'how-likely.json');
  }
}
