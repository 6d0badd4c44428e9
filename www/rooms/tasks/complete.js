/** Complete: a part of a digit is rubbed out, and families that can do it put it back, each in several ways. */

import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { MaskPad, readMask, writeMask } from '../../parts/mask-pad.js';
import { panel } from '../../parts/panel.js';
import { SIDE } from '../../protocol.js';
import { Given } from '../energy/given.js';
import { percent } from './figures.js';
import { carryHome, showHome } from './links.js';
import { Repair } from './repair.js';
import { INPAINTING } from './settings.js';

/** @import { RoomView } from '../room.js' */
/** @import { Complete } from './figures.js' */
/** @import { TasksRoom } from './index.js' */
/** @import { Member } from './repair.js' */
/** @import { Values } from './table.js' */

/** The families in their order. */
const FAMILIES = ['vae', 'autoregressive', 'denoiser', 'rbm', 'energy'];

/** @implements {RoomView<null>} */
export class CompleteView {
  /** @param {TasksRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.abort = new AbortController();
    this.open = false;
    this.given = new Given(room);
    /** Counts the pictures. */
    this.serial = 0;
    this.pad = new MaskPad((cells, finished) => {
      if (finished) state.set({ mask: writeMask(cells) }, 'push');
    });
    /** @type {Repair[]} */
    this.repairs = [];
    this.rows = h('div', { class: 'task-ways' });
    this.baselines = h('p', { class: 'readout task-baselines' });
    this.again = button({
      label: t('tasks.again'),
      icon: ICONS.dice(),
      onclick: () => state.set({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000 }, 'push'),
    });
    const lost = panel('mask', t('tasks.lost'), [this.pad.surface], [this.pad.tools]);
    this.panels = [
      h('div', { class: 'task-side' }, this.given.panel, lost),
      panel('repairs', t('tasks.repairs'), [this.baselines, this.rows], [h('div', { class: 'tools' }, this.again)]),
    ];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`tasks.complete.${i}`))));
    // what was on its way went with the session, and another one takes another time
    room.engine.on('need-canvases', () => {
      for (const repair of this.repairs) repair.done = '';
      if (this.open) this.begin();
    });
  }

  async enter() {
    const { room } = this;
    this.open = true;
    if (this.repairs.length === 0) await this.prepare();
    if (!this.open) return;
    for (const repair of this.repairs) repair.choose();
    this.pad.set(readMask(room.state.values.mask));
    this.given.enter((finished) => {
      this.serial += 1;
      this.pad.picture.show(this.given.image);
      if (finished) this.begin();
    });
  }

  async prepare() {
    const { complete } = await this.room.figures();
    const of = (/** @type {string} */ id) => complete.find((one) => one.id === id) ?? null;
    const [nothing, truth] = [of('none'), of('truth')];
    this.repairs = FAMILIES.flatMap((family) => {
      const all = this.room.catalog.filter((row) => row.family === family).map((row) => ({ row, measured: of(row.id) }));
      const measured = all.filter((member) => member.measured);
      const members = measured.length > 0 ? measured.sort((a, b) => read(b) - read(a)) : all;
      return members.length > 0 ? [new Repair(this.room, members, nothing)] : [];
    });
    this.rows.replaceChildren(...this.repairs.map(({ element }) => element));
    this.baselines.hidden = !nothing || !truth;
    if (nothing && truth) {
      const share = (/** @type {Complete} */ { read: value, read_error: error }) => percent(value, error);
      this.baselines.textContent = t('tasks.complete.baselines', { n: number(nothing.n), none: share(nothing), truth: share(truth) });
    }
  }

  leave() {
    this.open = false;
    this.abort.abort();
    this.given.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  stateChanged(values, changed) {
    if (changed.has('mask')) this.pad.set(readMask(values.mask));
    if (changed.has('with')) for (const repair of this.repairs) repair.choose();
    // the picture tells when it is there
    if (changed.has('ink') || changed.has('source') || changed.has('example')) this.given.refresh();
    else if (changed.has('mask') || changed.has('seed') || changed.has('with')) this.begin();
  }

  /** All families in turn, each alone on the machine; those that have done it already are left in peace. */
  async begin() {
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    const { image } = this.given;
    const { values } = this.room.state;
    const mask = Float32Array.from(readMask(values.mask));
    const held = mask.map((cell) => 1 - cell);
    const task = (/** @type {Repair} */ { row }) => [row.id, this.serial, values.mask, values.seed].join();
    const waiting = this.repairs.filter((repair) => repair.done !== task(repair));
    for (const repair of waiting) {
      repair.done = '';
      repair.prepare(mask);
      this.point(repair, mask);
    }
    if (!image) return;
    for (const repair of waiting) {
      try {
        await repair.run(image, held, values.seed, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.room.shell.complain(error);
      }
      if (signal.aborted) return;
      repair.done = task(repair);
    }
  }

  /**
   * Where the model is at home. Rooms that take a drawing are told it; digits that come with the page are known to the
   * room of energies alone.
   * @param {Repair} repair
   * @param {Float32Array} mask
   */
  point({ link, row: { family, id: model } }, mask) {
    const { source, ink, example, seed, mask: cells } = this.room.state.values;
    /** @type {Record<string, Record<string, unknown>>} */
    const views = {
      denoiser: { view: 'steer', tool: 'inpaint', mask: cells, ...INPAINTING },
      autoregressive: { view: 'finish', rows: firstLost(mask) },
      vae: { view: 'draw' },
    };
    const inEnergy = !(family in views);
    const drawn = source === 'drawn' ? { source, ink } : {};
    const values = { model, seed, ...(inEnergy ? { view: 'repair', mask: cells, example } : views[family]), ...drawn };
    if (inEnergy || source === 'drawn') carryHome(link, family, values);
    else showHome(link, family, values);
  }
}

/** @param {Member} member */
const read = ({ measured }) => measured?.read ?? 0;

/** Rows of the picture above the first that is lost in part. @param {Float32Array} mask */
function firstLost(mask) {
  const first = mask.findIndex((cell) => cell > 0.5);
  return first < 0 ? SIDE : Math.floor(first / SIDE);
}
