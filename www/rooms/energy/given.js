/**
 * The picture that the views begin with: a digit that a shipped model generated, or one that the person draws. All views
 * share it; its panel moves to the view that is open.
 */

import { modelsFolder } from '../../catalog.js';
import { t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { panel } from '../../parts/panel.js';
import { StillPicture } from '../../parts/still.js';
import { KindError, PIXELS, SIDE } from '../../protocol.js';

/** @import { Shell } from '../registry.js' */

/**
 * A room whose address has these.
 * @typedef {object} Giver
 * @property {{values: {source: string, example: number, ink: string}, set: (patch: any, history: 'push') => void}} state
 * @property {Shell} shell
 */

/** `inkling sample` leaves so many pixels of paper around each digit of a picture. */
const GAP = 2;

/** Ink below this is a speck that nobody sees; scanned paper has none, and a model of exact greys would find it odd. */
const SPECK = 8 / 255;

/** Its digits are 0 to 9 in turn. */
const CLASSES = 10;

/** @type {Promise<Float32Array[]> | null} */
let loading = null;

/** Generated digits (`models/digits.png`, made by `inkling sample`), ink of each pixel 0 to 1. @returns {Promise<Float32Array[]>} */
export function examples() {
  loading ??= load();
  // where they did not arrive, the next view asks again
  loading.catch(() => (loading = null));
  return loading;
}

async function load() {
  const address = new URL('digits.png', modelsFolder());
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) throw new KindError('network', address.href);
  const picture = await createImageBitmap(await response.blob());
  const canvas = h('canvas', { width: picture.width, height: picture.height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new KindError('internal', 'no canvas');
  context.drawImage(picture, 0, 0);
  const digits = [];
  for (let top = GAP; top + SIDE <= picture.height; top += SIDE + GAP) {
    for (let left = GAP; left + SIDE <= picture.width; left += SIDE + GAP) {
      const { data } = context.getImageData(left, top, SIDE, SIDE);
      const ink = (/** @type {number} */ i) => 1 - data[4 * i] / 255;
      const digit = Float32Array.from({ length: PIXELS }, (_, i) => (ink(i) < SPECK ? 0 : ink(i)));
      // the last row may not be full
      if (digit.some((value) => value > 0.5)) digits.push(digit);
    }
  }
  return digits;
}

export class Given {
  /** @param {Giver} room */
  constructor(room) {
    this.room = room;
    /** Ink of each pixel, 0 to 1, once there is some. @type {Float32Array | null} */
    this.image = null;
    /** Told when the image is another. @type {((finished: boolean) => void) | null} */
    this.changed = null;
    const { state } = room;
    this.still = new StillPicture(t('energy.given'));
    this.paper = new DrawingPad({ changed: (image, ink, finished) => this.drew(image, ink, finished) });
    this.mode = choice({
      label: t('source.mode'),
      look: 'choice pills',
      options: [
        { value: /** @type {'made' | 'drawn'} */ ('made'), label: t('source.made') },
        { value: /** @type {'made' | 'drawn'} */ ('drawn'), label: t('source.drawn') },
      ],
      chosen: (source) => state.set({ source }, 'push'),
    });
    this.another = button({ label: t('source.another'), icon: ICONS.dice(), onclick: () => this.next() });
    this.face = h('div', { class: 'frame-face still-face' }, this.still.canvas);
    this.panel = panel(
      'given',
      t('energy.given'),
      [this.face, this.paper.surface],
      [h('div', { class: 'tools' }, this.mode.element, this.another), this.paper.tools],
    );
  }

  /** The digit that the picture was made as; null where nobody knows. */
  get digit() {
    const { source, example } = this.room.state.values;
    return source === 'made' ? example % CLASSES : null;
  }

  async next() {
    const { example } = this.room.state.values;
    try {
      const { length } = await examples();
      this.room.state.set({ example: (example + 1) % length, source: 'made' }, 'push');
    } catch (error) {
      this.room.shell.complain(error);
    }
  }

  /** Brings the picture up to date with the address. */
  async refresh() {
    const { source, ink, example } = this.room.state.values;
    const drawn = source === 'drawn';
    this.mode.set(source);
    this.face.hidden = this.another.hidden = drawn;
    this.paper.surface.hidden = this.paper.tools.hidden = !drawn;
    if (drawn) {
      this.take(this.paper.setInk(ink), true);
      return;
    }
    try {
      const digits = await examples();
      const { values } = this.room.state;
      if (values.source === 'made' && values.example === example) this.take(digits[example % digits.length], true);
    } catch (error) {
      this.room.shell.complain(error);
    }
  }

  /** @param {Float32Array | null} image @param {boolean} finished */
  take(image, finished) {
    this.image = image;
    this.still.show(image);
    this.changed?.(finished);
  }

  /** @param {Float32Array | null} image @param {string} ink @param {boolean} finished */
  drew(image, ink, finished) {
    if (finished) this.room.state.set({ ink, source: 'drawn' }, 'push');
    this.take(image, finished);
  }

  /** @param {(finished: boolean) => void} changed */
  enter(changed) {
    this.changed = changed;
    this.refresh();
  }

  leave() {
    this.changed = null;
  }
}
