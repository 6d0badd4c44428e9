/** The digit that a view starts from: one that the model makes, or one that the person draws. All views share it. */

import { t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { digitPicker, digitWords } from '../../parts/digit-picker.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { freshSeed } from '../../parts/seed.js';
import { StillPicture } from '../../parts/still.js';
import { KindError } from '../../protocol.js';
import { NO_CLASS } from './table.js';

/** @import { DenoiseRoom } from './index.js' */
/** @import { Values } from './table.js' */

/** How a digit to start from is made, whatever the controls say: well, and the same with every setting. */
const MAKING = /** @type {const} */ ({ sampler: 'dpm-solver', steps: 20, spacing: 'uniform', eta: 0 });
/** Enough that it is the digit asked for. */
const MAKING_GUIDANCE = 1;

/** Rows of the address that hold a digit made by the model. @typedef {{digit: 'subject' | 'subject2', seed: 'origin' | 'origin2'}} Keys */

export class SourceDigit {
  /** @type {WeakMap<DenoiseRoom, SourceDigit>} */
  static #shared = new WeakMap();

  /** The one digit that all views of a room share. @param {DenoiseRoom} room */
  static of(room) {
    const known = SourceDigit.#shared.get(room);
    if (known) return known;
    const made = new SourceDigit(room, { name: 'source', title: t('source.title'), keys: { digit: 'subject', seed: 'origin' }, drawable: true });
    SourceDigit.#shared.set(room, made);
    return made;
  }

  /**
   * @param {DenoiseRoom} room
   * @param {object} options
   * @param {string} options.name  of its lane
   * @param {string} options.title
   * @param {Keys} options.keys
   * @param {boolean} options.drawable
   */
  constructor(room, { name, title, keys, drawable }) {
    this.room = room;
    this.keys = keys;
    this.drawable = drawable;
    /** 784 numbers in [-1, 1], once there are some. @type {Float32Array | null} */
    this.image = null;
    /** What the image was made from. */
    this.made = '';
    this.asked = '';
    /** Told when the image is another. @type {(() => void) | null} */
    this.changed = null;
    const { state } = room;
    this.lane = room.lane(name, () => {});
    this.still = new StillPicture(title);
    this.paper = new DrawingPad({ changed: (ink, text, finished) => this.drew(ink, text, finished) });
    this.mode = choice({
      label: t('source.mode'),
      look: 'choice pills',
      options: [
        { value: /** @type {'made' | 'drawn'} */ ('made'), label: t('source.made') },
        { value: /** @type {'made' | 'drawn'} */ ('drawn'), label: t('source.drawn') },
      ],
      chosen: (source) => state.set({ source }, 'push'),
    });
    this.mode.element.hidden = !drawable;
    this.digits = digitPicker({
      label: t('source.digit'),
      words: digitWords,
      chosen: (digit) => state.set({ [keys.digit]: digit }, 'push'),
    });
    this.dice = button({
      label: t('source.another'),
      icon: ICONS.dice(),
      onclick: () => state.set({ [keys.seed]: freshSeed() }, 'push'),
    });
    this.face = h('div', { class: 'frame-face still-face' }, this.still.canvas);
    this.seen = h('figure', { class: 'seen-figure' }, this.paper.seen, h('figcaption', {}, t('source.seen')));
    this.drawing = h('div', { class: 'tools' }, this.paper.tools, this.seen);
    this.digitRow = h('div', { class: 'source-digits' }, h('span', { class: 'control-name' }, t('source.digit')), this.digits.element);
    this.panel = panel(
      'source',
      title,
      [this.face, this.paper.surface],
      [h('div', { class: 'tools' }, this.mode.element, this.dice), this.digitRow, this.drawing],
    );
  }

  get drawn() {
    return this.drawable && this.room.state.values.source === 'drawn';
  }

  /** The class of a digit that the model makes; of a drawn one what the person says. @returns {number} */
  get digit() {
    return this.room.state.values[this.keys.digit];
  }

  /** Ink of each pixel, 0 to 1. */
  get ink() {
    return this.image?.map((value) => (value + 1) / 2) ?? null;
  }

  /** What the image is made from now. @param {Values} values */
  recipe(values) {
    return this.drawn ? `ink:${values.ink}` : `${values.model}/${this.digit}/${values[this.keys.seed]}`;
  }

  /** Brings the image up to date with the address. */
  async refresh() {
    const { values } = this.room.state;
    const { drawn } = this;
    this.panel.dataset.source = drawn ? 'drawn' : 'made';
    this.face.hidden = drawn;
    this.paper.surface.hidden = this.drawing.hidden = !drawn;
    this.dice.hidden = drawn;
    this.mode.set(drawn ? 'drawn' : 'made');
    const classless = !drawn && this.room.known(values.model)?.config.conditional === false;
    this.digits.set(classless ? NO_CLASS : this.digit, !classless);
    const recipe = this.recipe(values);
    if (recipe === this.asked) return;
    this.asked = recipe;
    if (drawn) {
      const ink = this.paper.setInk(values.ink);
      this.take(ink && ink.map((value) => 2 * value - 1), recipe);
      return;
    }
    try {
      const image = await this.make(values);
      if (this.asked === recipe && image) this.take(image, recipe);
    } catch (error) {
      if (this.asked !== recipe) return;
      this.asked = '';
      // the view was left meanwhile, which is no failure
      if (!(error instanceof KindError && error.kind === 'interrupted')) this.room.shell.complain(error);
    }
  }

  /** @param {Values} values @returns {Promise<Float32Array | null>} */
  async make(values) {
    const { room, lane, digit } = this;
    const info = await room.info(values.model);
    if (!info) return null;
    const told = info.config.conditional !== false;
    const trajectory = await room.run(lane, 'main', {
      ...MAKING,
      classes: [told ? digit : NO_CLASS],
      guidance_scale: told ? MAKING_GUIDANCE : 0,
      seed: values[this.keys.seed],
    });
    if (!trajectory) return null;
    const image = await room.engine.frameValues(lane.name, 'x_t', trajectory.frames - 1);
    lane.release();
    return image.map((value) => Math.min(1, Math.max(-1, value)));
  }

  /** @param {Float32Array | null} image @param {string} recipe */
  take(image, recipe) {
    this.image = image;
    this.made = recipe;
    this.still.show(this.ink);
    this.changed?.();
  }

  /** @param {Float32Array | null} ink @param {string} text @param {boolean} finished */
  drew(ink, text, finished) {
    this.asked = `ink:${text}`;
    this.take(ink && ink.map((value) => 2 * value - 1), this.asked);
    if (finished) this.room.state.set({ ink: text, source: 'drawn' }, 'push');
  }

  /** @param {() => void} changed */
  enter(changed) {
    this.changed = changed;
    this.refresh();
  }

  leave() {
    this.changed = null;
    // a digit that was being made is made anew when it is needed again
    if (this.asked !== this.made) this.asked = '';
    this.lane.release();
  }
}
