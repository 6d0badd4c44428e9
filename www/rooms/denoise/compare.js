/** The pictures of one side: the state, and what the network makes of it. Two sides stand beside each other to be compared. */

import { number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { FramePicture } from '../../parts/frame-picture.js';
import { written } from './formula.js';
import { settingsOf } from './table.js';

/** @import { What } from '../../protocol.js' */
/** @import { DenoiseRoom } from './index.js' */
/** @import { Lane } from './lane.js' */
/** @import { Side, Values } from './table.js' */

/** @type {What[]} */
const WHATS = ['x_t', 'x_0', 'eps'];

export class SideFigures {
  /**
   * @param {DenoiseRoom} room
   * @param {Side} side
   * @param {Lane} lane
   */
  constructor(room, side, lane) {
    this.room = room;
    this.side = side;
    this.lane = lane;
    /** What is drawn now, to draw nothing twice. @type {Map<What, number>} */
    this.shown = new Map();
    const figure = (/** @type {What} */ what) => {
      const picture = new FramePicture(room.engine, {
        name: `${what.replace('_', '')}-${side}`,
        label: t(`figure.${what}.label`),
        gap: 2,
        urgent: what === 'x_t',
      });
      const element = h(
        'figure',
        { class: `frame frame-${what}` },
        h('div', { class: 'frame-face' }, picture.element),
        h('figcaption', {}, h('span', { class: 'symbol' }, ...written(what, 't', '')), ' ', t(`figure.${what}`)),
      );
      return { picture, element };
    };
    this.figures = { x_t: figure('x_t'), x_0: figure('x_0'), eps: figure('eps') };
    this.name = h('p', { class: 'side-name' });
    this.element = h(
      'div',
      { class: `side side-${side}` },
      this.name,
      h('div', { class: 'frames' }, ...WHATS.map((what) => this.figures[what].element)),
    );
  }

  /** The lane holds another trajectory: everything is drawn anew. */
  forget() {
    this.shown.clear();
  }

  /**
   * Draws a frame of all three.
   * @param {number} frame
   * @param {Partial<Record<What, number>>} [instead]  other frames for some of them
   */
  show(frame, instead = {}) {
    const { columns, rows } = this.room.arrangement(undefined, this.side);
    this.element.dataset.grid = `${columns}x${rows}`;
    for (const what of WHATS) {
      const wanted = instead[what] ?? frame;
      if (this.shown.get(what) === wanted) continue;
      this.shown.set(what, wanted);
      this.figures[what].picture.show({ lane: this.lane.name, what, frame: wanted, columns, rows });
    }
  }

  /** @param {What | null} what  lights one picture up */
  light(what) {
    for (const name of WHATS) this.figures[name].element.classList.toggle('lit', name === what);
  }

  /** What sets this side apart. @param {Values} values */
  describe(values) {
    const { sampler, steps, guidance } = settingsOf(values, this.side);
    this.name.hidden = !values.compare;
    this.name.replaceChildren(
      h('b', {}, t(`denoise.side.${this.side}`)),
      ' ',
      t('denoise.side.summary', {
        sampler: t(`denoise.sampler.${sampler}`),
        steps: number(steps),
        guidance: number(guidance, 1),
      }),
    );
  }
}
