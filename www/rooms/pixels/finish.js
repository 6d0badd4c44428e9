/** Finish: the upper rows of a digit are given, and the model writes the rest, in sixteen ways at once. */

import { number, rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { pngButton } from '../../parts/save.js';
import { Scene } from '../../parts/scene.js';
import { scrubber } from '../../parts/scrubber.js';
import { StillPicture } from '../../parts/still.js';
import { PIXELS, SIDE } from '../../protocol.js';
import { binary } from './order.js';
import { Veil } from './veil.js';

/** @import { Loaded, PixelsRoom, RoomView } from './index.js' */
/** @import { Values } from './table.js' */

const WAYS_ACROSS = 4;
const WAYS = WAYS_ACROSS * WAYS_ACROSS;

/** @implements {RoomView} */
export class FinishView {
  /** @param {PixelsRoom} room */
  constructor(room) {
    this.room = room;
    const { engine, state } = room;
    /** The drawing in ink and paper. @type {Float32Array} */
    this.image = new Float32Array(PIXELS);
    this.scene = new Scene(engine, 'pixels-finish', { steps: () => this.showProgress() });
    // the upper half of a digit is not a small digit: it stays where it was drawn
    this.paper = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished), isInPlace: true });
    this.kept = new StillPicture(t('pixels.kept.label'));
    this.veil = new Veil(this.kept.canvas, (_, y) => this.keep(y * SIDE));
    this.rows = scrubber({
      label: t('pixels.rows'),
      min: 0,
      max: SIDE,
      step: 1,
      decimals: 0,
      input: (rows) => state.set({ rows }, 'later'),
    });
    this.ways = new Picture(engine, { name: 'pixels-ways', label: t('pixels.ways.label'), columns: WAYS_ACROSS, rows: WAYS_ACROSS, gap: 2 });
    this.progress = h('p', { class: 'readout', role: 'status' });
    const drawing = panel('drawing', t('draw.title'), [this.paper.surface], [h('p', { class: 'readout' }, t('pixels.frame')), this.paper.tools]);
    const kept = panel(
      'kept',
      t('pixels.kept'),
      [h('div', { class: 'frame-face' }, this.veil.element)],
      [h('div', { class: 'control' }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, t('pixels.rows')), this.rows.element)],
    );
    this.given = h('div', { class: 'panel pixels-given' }, drawing, kept);
    const save = pngButton(room, this.ways, () => `finished-${room.fileName}-${state.values.seed}`);
    const ways = panel(
      'ways',
      t('pixels.ways'),
      [h('div', { class: 'frame-face' }, this.ways.element)],
      [h('div', { class: 'tools save' }, this.progress, save)],
    );
    this.panels = [this.given, ways];
    this.below = h('div', { class: 'prose' }, h('p', {}, rich('pixels.finish.1')), h('p', {}, rich('pixels.finish.2')));
  }

  /** @param {Loaded} model */
  enter(model) {
    this.model = model;
    this.given.append(this.room.settings.panel);
    this.rows.limits(0, SIDE, model.order.cell);
    this.take(this.paper.setInk(this.room.state.values.ink));
    this.begin();
  }

  leave() {
    this.scene.release();
    this.model = undefined;
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (changed.has('ink') && fromAddress) this.take(this.paper.setInk(values.ink));
    if (['ink', 'rows', 'temperature', 'seed'].some((key) => changed.has(/** @type {keyof Values} */ (key)))) this.begin();
  }

  /** @param {Float32Array | null} image */
  take(image) {
    this.image = binary(image ?? new Float32Array(PIXELS));
    this.kept.show(this.image);
  }

  /** @param {Float32Array | null} image @param {string} ink @param {boolean} finished */
  drew(image, ink, finished) {
    this.take(image);
    // while the pen is down the ways would begin anew with every point
    if (finished) {
      this.room.state.set({ ink }, 'push');
      return;
    }
    this.scene.halt();
    this.ways.element.classList.add('outdated');
    this.progress.textContent = t('pixels.ways.waiting');
  }

  /** Rows that are given, as near as the model's places allow. @param {number} rows */
  keep(rows) {
    const cell = this.model?.order.cell ?? 1;
    this.room.state.set({ rows: Math.min(SIDE, Math.max(0, cell * Math.round(rows / cell))) }, 'later');
  }

  /** Has all ways written anew. */
  begin() {
    if (!this.model) return;
    const { order } = this.model;
    const { temperature, seed } = this.room.state.values;
    const rows = order.rowsOf(this.room.state.values.rows);
    if (rows !== this.room.state.values.rows) {
      // from a link, or another model's; the address says what is given, and then this view is told
      this.room.state.set({ rows }, 'replace');
      return;
    }
    this.ways.element.classList.remove('outdated');
    const keep = order.placesIn(rows);
    this.rows.set(rows);
    this.veil.show(order, keep, null);
    const given = new Float32Array(WAYS * PIXELS);
    for (let way = 0; way < WAYS; way += 1) given.set(this.image, way * PIXELS);
    this.scene.show({
      model: this.model.id,
      job: 'write',
      batch: WAYS,
      inputs: { temperature: Float32Array.of(temperature), given, keep: Float32Array.of(keep) },
      chain: { seed, steps: order.places },
      views: [{ picture: this.ways, output: 'pixels' }],
    });
    this.showProgress();
  }

  showProgress() {
    if (!this.model) return;
    const { places } = this.model.order;
    const done = this.scene.finished;
    this.progress.textContent = done ? t('pixels.ways.done') : t('pixels.ways.writing', { share: number((100 * this.scene.done) / places) });
  }
}
