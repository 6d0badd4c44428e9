/** Complete: a part of a digit is rubbed out, and families that can do it put it back, each in several ways. */

import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { MaskPad, readMask, writeMask } from '../../parts/mask-pad.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { StillPicture } from '../../parts/still.js';
import { SIDE } from '../../protocol.js';
import { duration } from '../compare/figures.js';
import { Given } from '../energy/given.js';
import { COMPLETERS } from './completers.js';
import { percent } from './figures.js';
import { pointHome, roomLink } from './links.js';
import { mostLikely, read } from './reader.js';

/** @import { CatalogRow } from '../../protocol.js' */
/** @import { RoomView } from '../room.js' */
/** @import { Complete } from './figures.js' */
/** @import { TasksRoom } from './index.js' */
/** @import { Values } from './table.js' */

const WAYS = 6;

/** The families in their order, with the model that each begins with. */
const FAMILIES = /** @type {const} */ ({
  vae: 'vae-dense',
  autoregressive: 'pixel-transformer',
  denoiser: 'diffusion',
  rbm: 'rbm',
  energy: 'energy',
});

/** One family at work. */
class Repair {
  /** @param {TasksRoom} room @param {CatalogRow} row */
  constructor(room, row) {
    this.room = room;
    this.row = row;
    const name = room.name(row);
    this.picture = new StillPicture(t('tasks.ways', { model: name }), { columns: WAYS, gap: 2 });
    this.veil = new StillPicture('', { columns: WAYS, gap: 2 });
    this.veil.canvas.classList.add('task-veil');
    this.figure = h('span', { class: 'task-figure' });
    this.status = h('p', { class: 'readout' });
    /** What a classifier reads, under each way. */
    this.reads = h('p', { class: 'task-reads readout' });
    this.link = roomLink();
    const save = button({ label: t('tasks.save', { model: name }), icon: ICONS.save(), bare: true, onclick: () => this.save() });
    this.element = h(
      'section',
      { class: `task-way family-${row.family}`, 'aria-label': name, 'data-model': row.id },
      h('header', {}, h('h3', {}, name), this.figure, h('p', {}, t(`tasks.complete.${row.family}`))),
      h('div', { class: 'frame-face task-face' }, this.picture.canvas, this.veil.canvas),
      this.reads,
      h('footer', {}, this.status, this.link, save),
    );
  }

  /** @param {Complete | null} measured */
  measure(measured) {
    this.figure.textContent = measured ? t('tasks.read.share', { share: percent(measured.read, measured.read_error) }) : t('tasks.unmeasured');
    this.figure.title = measured ? t('tasks.complete.figure', { n: number(measured.n), setting: measured.setting }) : '';
  }

  /** @param {Float32Array} mask  1 where the picture is lost */
  prepare(mask) {
    const all = new Float32Array(WAYS * mask.length);
    for (let way = 0; way < WAYS; way += 1) all.set(mask, way * mask.length);
    this.veil.show(all);
    this.picture.show(null);
    this.reads.replaceChildren();
    this.status.textContent = t('tasks.waiting');
  }

  /** @param {Float32Array} image @param {Float32Array} held @param {number} seed @param {AbortSignal} signal */
  async run(image, held, seed, signal) {
    const { room, row, picture, status } = this;
    const info = await room.info(row);
    if (signal.aborted) return;
    status.textContent = t('tasks.working');
    let [made, spent] = [image, 0];
    await COMPLETERS[row.family]({
      ...{ engine: room.engine, row, info, image, held, ways: WAYS, seed, signal },
      show(pixels, ms) {
        if (signal.aborted) return;
        [made, spent] = [pixels, ms];
        picture.show(pixels);
      },
    });
    if (signal.aborted) return;
    status.textContent = duration(spent);
    const answers = await read(room, made);
    if (signal.aborted) return;
    this.reads.replaceChildren(...answers.map((answer) => h('span', {}, String(mostLikely(answer)))));
    status.textContent = t('tasks.read.as', { time: duration(spent) });
  }

  async save() {
    try {
      download(await this.picture.png(), `completed-${this.row.id}-${this.room.state.values.seed}.png`);
    } catch (error) {
      this.room.shell.complain(error);
    }
  }
}

/** @implements {RoomView<null>} */
export class CompleteView {
  /** @param {TasksRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.abort = new AbortController();
    this.open = false;
    this.given = new Given(room);
    this.pad = new MaskPad((cells, finished) => {
      if (finished) state.set({ mask: writeMask(cells) }, 'push');
    });
    /** @type {Repair[]} */
    this.repairs = [];
    this.rows = h('div', { class: 'task-ways' });
    this.again = button({
      label: t('tasks.again'),
      icon: ICONS.dice(),
      onclick: () => state.set({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000 }, 'push'),
    });
    const lost = panel('mask', t('tasks.lost'), [this.pad.surface], [this.pad.tools]);
    this.panels = [
      h('div', { class: 'task-side' }, this.given.panel, lost),
      panel('repairs', t('tasks.repairs'), [this.rows], [h('div', { class: 'tools' }, this.again)]),
    ];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`tasks.complete.${i}`))));
    // what was on its way went with the session
    room.engine.on('need-canvases', () => {
      if (this.open) this.begin();
    });
  }

  async enter() {
    const { room } = this;
    this.open = true;
    if (this.repairs.length === 0) {
      const rows = Object.entries(FAMILIES).flatMap(([family, id]) => room.modelOf(family, id) ?? []);
      this.repairs = rows.map((row) => new Repair(room, row));
      this.rows.replaceChildren(...this.repairs.map(({ element }) => element));
    }
    this.pad.set(readMask(room.state.values.mask));
    this.given.enter((finished) => {
      this.pad.picture.show(this.given.image);
      if (finished) this.begin();
    });
    const { complete } = await room.figures();
    for (const repair of this.repairs) repair.measure(complete.find(({ id }) => id === repair.row.id) ?? null);
  }

  leave() {
    this.open = false;
    this.abort.abort();
    this.given.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  stateChanged(values, changed) {
    if (changed.has('mask')) this.pad.set(readMask(values.mask));
    // the picture tells when it is there
    if (changed.has('ink') || changed.has('source') || changed.has('example')) this.given.refresh();
    else if (changed.has('mask') || changed.has('seed')) this.begin();
  }

  /** All families in turn, each alone on the machine. */
  async begin() {
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    const { image } = this.given;
    const { values } = this.room.state;
    const mask = Float32Array.from(readMask(values.mask));
    const held = mask.map((cell) => 1 - cell);
    for (const repair of this.repairs) {
      repair.prepare(mask);
      const { family, id } = repair.row;
      const tool = { denoiser: { view: 'steer', tool: 'inpaint' }, autoregressive: { view: 'finish', rows: firstLost(mask) }, vae: { view: 'draw' } };
      const { source, ink, example, seed } = values;
      const own = source === 'drawn' || family === 'autoregressive' || family === 'vae' ? { ink } : {};
      const view = family in tool ? tool[/** @type {keyof typeof tool} */ (family)] : { view: 'repair', example };
      pointHome(repair.link, family, { model: id, seed, source, mask: values.mask, ...own, ...view });
    }
    if (!image) return;
    for (const repair of this.repairs) {
      try {
        await repair.run(image, held, values.seed, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.room.shell.complain(error);
      }
      if (signal.aborted) return;
    }
  }
}

/** Rows of the picture above the first that is lost in part. @param {Float32Array} mask */
function firstLost(mask) {
  const first = mask.findIndex((cell) => cell > 0.5);
  return first < 0 ? SIDE : Math.floor(first / SIDE);
}
