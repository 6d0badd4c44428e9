/** Transfer style: all ten digits, each in the hand of other pictures, one of them drawn here. */

import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { download } from '../../parts/save.js';
import { StillPicture } from '../../parts/still.js';
import { PIXELS } from '../../protocol.js';
import { examples } from '../energy/given.js';
import { Cards } from './cards.js';
import { percent } from './figures.js';
import { WAYS } from './hands.js';
import { carryHome, roomLink, showHome } from './links.js';
import { mostLikely, read } from './reader.js';
import { correlation, strokeOf } from './stroke.js';
import { HANDS } from './table.js';

/** @import { RoomView } from '../room.js' */
/** @import { Written } from './hands.js' */
/** @import { TasksRoom } from './index.js' */
/** @import { Stroke } from './stroke.js' */
/** @import { Hand, Values } from './table.js' */

/** Hands that are written in, the drawing among them. */
const COUNT = 6;
const DIGITS = 10;

/** @implements {RoomView<null>} */
export class StyleView {
  /** @param {TasksRoom} room */
  constructor(room) {
    this.room = room;
    const { state } = room;
    this.abort = new AbortController();
    this.open = false;
    /** @type {Float32Array | null} */
    this.drawn = null;
    this.cards = new Cards(t('tasks.families'), (hand) => state.set({ hand: /** @type {Hand} */ (hand) }, 'push'));
    this.paper = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished) });
    this.refusal = h('p', { class: 'readout', hidden: true }, t('tasks.style.refusal'));
    this.hands = new StillPicture(t('tasks.hands'), { rows: COUNT, gap: 2 });
    this.digits = new StillPicture(t('tasks.written'), { columns: DIGITS, rows: COUNT, gap: 2 });
    this.status = h('p', { class: 'readout', role: 'status' });
    this.link = roomLink();
    const another = button({
      label: t('tasks.hands.other'),
      icon: ICONS.dice(),
      onclick: () => state.set({ seed: crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000 }, 'push'),
    });
    const save = button({ label: t('save.png'), icon: ICONS.save(), onclick: () => this.save() });
    const drawing = panel('drawing', t('tasks.hand.own'), [this.paper.surface], [this.paper.tools, this.refusal]);
    const families = panel('families', t('tasks.style.ways'), [this.cards.element]);
    const board = panel(
      'written',
      t('tasks.written'),
      [
        h(
          'div',
          { class: 'style-board' },
          h('span', { class: 'style-corner' }, t('tasks.hands')),
          h('ol', { class: 'lesson-digits', 'aria-hidden': 'true' }, ...Array.from({ length: DIGITS }, (_, digit) => h('li', {}, String(digit)))),
          h('div', { class: 'frame-face task-face' }, this.hands.canvas),
          h('div', { class: 'frame-face task-face' }, this.digits.canvas),
        ),
      ],
      [this.status, h('div', { class: 'tools' }, another, save, this.link)],
    );
    this.panels = [h('div', { class: 'task-side' }, drawing, families), board];
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`tasks.style.${i}`))));
    room.engine.on('need-canvases', () => {
      if (this.open) this.write();
    });
  }

  async enter() {
    this.open = true;
    this.drawn = this.paper.setInk(this.room.state.values.ink);
    await this.showCards();
    await this.write();
  }

  leave() {
    this.open = false;
    this.abort.abort();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  async stateChanged(values, changed, fromAddress) {
    if (changed.has('ink') && fromAddress) this.drawn = this.paper.setInk(values.ink);
    if (changed.has('hand')) await this.showCards();
    if (changed.has('hand') || changed.has('seed') || changed.has('ink')) await this.write();
  }

  /** @param {Float32Array | null} image @param {string} ink @param {boolean} finished */
  drew(image, ink, finished) {
    this.drawn = image;
    if (finished) this.room.state.set({ ink }, 'push');
  }

  async showCards() {
    const { room } = this;
    const { style } = await room.figures();
    const cards = HANDS.flatMap((hand) => {
      const { family, way, setting = '' } = WAYS[hand];
      const row = this.rowOf(hand);
      if (!row) return [];
      const measured = style.find((one) => one.id === row.id && one.way === way && one.setting.startsWith(setting));
      const figure = measured
        ? t('tasks.style.figure', { read: percent(measured.read, measured.read_error), slant: number(measured.slant, 2), width: number(measured.width, 2) })
        : t('tasks.unmeasured');
      const told = measured ? t('tasks.style.measured', { pairs: number(measured.n), setting: measured.setting }) : '';
      return [{ value: hand, family, name: room.name(row), reason: [t(`tasks.hand.${hand}`), told].filter(Boolean).join(' · '), figure }];
    });
    const { hand } = room.state.values;
    this.cards.show(cards, hand);
    this.refusal.hidden = WAYS[hand].takes;
    this.paper.surface.classList.toggle('unused', !WAYS[hand].takes);
  }

  /** The model of a way; the ways of GANs need theirs. @param {Hand} hand */
  rowOf(hand) {
    const { family, model, takes } = WAYS[hand];
    const row = this.room.modelOf(family, model);
    return takes || row?.id === model ? row : null;
  }

  /** Pictures that the page brings, as many as are wanted from the seed on, after the drawing. */
  async pictures() {
    const made = await examples();
    const own = this.drawn ? [this.drawn] : [];
    const { seed } = this.room.state.values;
    const others = Array.from({ length: COUNT - own.length }, (_, i) => made[(seed * COUNT + 7 * i) % made.length]);
    const hands = new Float32Array(COUNT * PIXELS);
    [...own, ...others].forEach((picture, i) => hands.set(picture, i * PIXELS));
    return hands;
  }

  /** Has all digits written anew. */
  async write() {
    this.abort.abort();
    const { signal } = (this.abort = new AbortController());
    const { room, status } = this;
    const { hand, seed } = room.state.values;
    const { takes, write } = WAYS[hand];
    const row = this.rowOf(hand);
    if (!row) {
      status.textContent = t('tasks.none');
      return;
    }
    this.point(row.id);
    this.digits.show(null);
    this.hands.show(null);
    status.textContent = t('tasks.working');
    try {
      const hands = await this.pictures();
      const classes = takes ? (await read(room, hands)).map(mostLikely) : Array.from({ length: COUNT }, (_, i) => (seed + 3 * i) % DIGITS);
      const info = await room.info(row);
      if (signal.aborted) return;
      /** @type {Written | null} */
      let last = null;
      await write({
        ...{ engine: room.engine, row, info, hands, classes, seed, signal },
        show: (written) => {
          if (signal.aborted) return;
          last = written;
          this.hands.show(written.hands);
          this.digits.show(byHand(written.digits));
        },
      });
      if (!signal.aborted && last) await this.judge(last, signal);
    } catch (error) {
      if (signal.aborted) return;
      status.textContent = '';
      room.shell.complain(error);
    }
  }

  /** Where the model is at home: rooms of models that take a hand take the drawing. @param {string} model  its id */
  point(model) {
    const { hand, seed, ink } = this.room.state.values;
    const { family, takes } = WAYS[hand];
    /** @type {Partial<Record<Hand, Record<string, unknown>>>} */
    const views = { vae: { view: 'draw' }, denoiser: { view: 'steer', tool: 'swap', source: 'drawn' }, mixing: { view: 'mix' } };
    const values = { model, seed, ...views[hand] };
    if (takes && this.drawn) carryHome(this.link, family, { ...values, ink });
    else showHome(this.link, family, values);
  }

  /** Is it still the digit, and still the hand? @param {Written} written @param {AbortSignal} signal */
  async judge({ hands, digits }, signal) {
    const answers = await read(this.room, digits);
    if (signal.aborted) return;
    const right = answers.filter((answer, i) => mostLikely(answer) === Math.floor(i / COUNT)).length;
    const strokes = (/** @type {Float32Array} */ pixels) =>
      Array.from({ length: pixels.length / PIXELS }, (_, i) => strokeOf(pixels.subarray(i * PIXELS, (i + 1) * PIXELS)));
    const [sources, results] = [strokes(hands), strokes(digits)];
    const follow = (/** @type {keyof Stroke} */ what) => {
      // a seven leans otherwise than a two: each digit is compared with itself in the other hands
      const mean = (/** @type {number} */ digit) => results.slice(digit * COUNT, (digit + 1) * COUNT).reduce((sum, one) => sum + one[what], 0) / COUNT;
      const means = Array.from({ length: DIGITS }, (_, digit) => mean(digit));
      return correlation(results.map((_, i) => sources[i % COUNT][what]), results.map((one, i) => one[what] - means[Math.floor(i / COUNT)]));
    };
    this.status.textContent = t('tasks.style.judged', {
      right,
      of: DIGITS * COUNT,
      slant: number(follow('slant'), 2),
      width: number(follow('width'), 2),
    });
  }

  async save() {
    try {
      download(await this.digits.png(), `hands-${this.room.state.values.hand}-${this.room.state.values.seed}.png`);
    } catch (error) {
      this.room.shell.complain(error);
    }
  }
}

/** Digits that come digit by digit, hand by hand. @param {Float32Array} digits */
function byHand(digits) {
  const turned = new Float32Array(digits.length);
  for (let i = 0; i < DIGITS * COUNT; i += 1) {
    const [digit, hand] = [Math.floor(i / COUNT), i % COUNT];
    turned.set(digits.subarray(i * PIXELS, (i + 1) * PIXELS), (hand * DIGITS + digit) * PIXELS);
  }
  return turned;
}
