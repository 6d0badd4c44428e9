/** Interpolate: two ends, two ways between them. */

import { number, rich, t } from '../../i18n/translate.js';
import { ICONS, button, h, prefersStillness } from '../../parts/dom.js';
import { EndPicker } from '../../parts/end-picker.js';
import { Equation } from '../../parts/equation.js';
import { panel } from '../../parts/panel.js';
import { Picture } from '../../parts/picture.js';
import { fill, scrubber } from '../../parts/scrubber.js';
import { roundZ } from '../../protocol.js';
import { Plane, dot, lerp, norm, slerp } from './vectors.js';

/** @import { LatentRoom, RoomView } from './index.js' */
/** @import { LatentModel } from './model.js' */
/** @import { Values } from './table.js' */

/** Pictures in a strip. */
const FRAMES = 11;

/** Points of a path on the pad. */
const POINTS = 49;

/** From one end to the other, in ms. */
const JOURNEY_MS = 3200;

const WAYS = /** @type {const} */ ({ line: lerp, arc: slerp });
/** @typedef {keyof typeof WAYS} Way */

/** @implements {RoomView} */
export class InterpolateView {
  /** @param {LatentRoom} room */
  constructor(room) {
    this.room = room;
    const { engine, state } = room;
    /** @type {{from: Float32Array, to: Float32Array} | null} */
    this.ends = null;
    this.t = state.values.t;
    this.playing = false;
    /** Whether it did when the model changed under it. @type {boolean | null} */
    this.resumes = null;
    this.serial = 0;

    /** @param {Way} way */
    const figures = (way) => ({
      loop: new Picture(engine, { name: `loop-${way}`, label: t(`way.${way}.loop`), urgent: true }),
      strip: new Picture(engine, { name: `strip-${way}`, label: t(`way.${way}.strip`), columns: FRAMES, gap: 4 }),
      needle: h('span', { class: 'needle', 'aria-hidden': 'true' }),
      length: h('output', {}),
    });
    this.figures = { line: figures('line'), arc: figures('arc') };
    this.pickers = {
      from: new EndPicker(engine, 'from', { chosen: (spec) => this.choose('from', spec) }),
      to: new EndPicker(engine, 'to', { chosen: (spec) => this.choose('to', spec) }),
    };
    this.playButton = button({ label: t('interpolate.play'), icon: ICONS.play(), bare: true, onclick: () => this.toggle() });
    this.range = h('input', {
      type: 'range',
      min: '0',
      max: '1',
      step: '0.005',
      'aria-label': t('interpolate.place'),
      oninput: () => this.scrub(this.range.valueAsNumber),
    });
    this.inline = scrubber({
      label: t('interpolate.place'),
      min: 0,
      max: 1,
      step: 0.005,
      input: (value) => this.scrub(value),
    });

    const loop = (/** @type {Way} */ way) =>
      h(
        'figure',
        { class: `loop loop-${way}` },
        this.figures[way].loop.element,
        h('figcaption', {}, h('b', {}, t(`way.${way}`)), this.figures[way].length),
      );
    this.loopsPanel = panel(
      'loops',
      t('interpolate.title'),
      [h('div', { class: 'loops' }, loop('line'), loop('arc'))],
      [
        h('div', { class: 'player' }, this.playButton, this.range),
        h('div', { class: 'ends' }, this.pickers.from.element, this.pickers.to.element),
      ],
    );

    const strip = (/** @type {Way} */ way) =>
      h(
        'figure',
        { class: `strip strip-${way}` },
        h('figcaption', {}, t(`way.${way}`)),
        h('div', { class: 'strip-frames' }, this.figures[way].strip.element, this.figures[way].needle),
      );
    this.equation = new Equation(t('interpolate.equation'));
    this.words = h('div', { class: 'prose' });
    this.below = h(
      'div',
      {},
      h('div', { class: 'strips' }, strip('line'), strip('arc')),
      this.words,
      this.equation.element,
    );
    this.words.append(
      h('p', {}, rich('interpolate.1', { t: this.inline.element })),
      h('p', {}, rich('interpolate.2')),
    );
  }

  panels() {
    return [this.room.each.walk.padPanel, this.loopsPanel];
  }

  modelChanged() {
    this.ends = null;
    this.resumes = this.room.view === this ? this.playing : null;
  }

  /** @param {LatentModel} _model @param {boolean} fromAddress */
  async enter(_model, fromAddress) {
    const { room } = this;
    this.t = room.state.values.t;
    room.pad.surface.classList.remove('with-codes');
    // a link shows what its sender saw, standing still; another model goes on as the one before
    const plays = !fromAddress && !prefersStillness() && (this.resumes ?? true);
    this.resumes = null;
    await this.resolve();
    if (plays && room.view === this) this.play(true);
  }

  leave() {
    this.play(false, false);
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    const open = values.view === 'interpolate';
    if (fromAddress && changed.has('t')) {
      this.play(false, false);
      this.t = values.t;
    }
    if (open && (changed.has('from') || changed.has('to') || changed.has('ink') || (fromAddress && changed.has('t')))) {
      this.resolve();
    }
  }

  /** @param {'from' | 'to'} kind @param {string} spec */
  choose(kind, spec) {
    const drawn = this.drawn();
    const value = spec === 'drawn' && drawn ? `z:${Array.from(drawn, short).join(',')}` : spec;
    this.room.state.set({ [kind]: value }, 'push');
  }

  /** What the encoder made of the drawing. @returns {Float32Array | null} */
  drawn() {
    const mu = this.room.each.draw.observation?.mu;
    return mu && mu.length === this.room.model?.zDim ? roundZ(mu) : null;
  }

  /** @param {string} kind @param {number} a @param {number} b */
  padMoved(kind, a, b) {
    const { room } = this;
    if (!this.ends || !room.pad.plane || (kind !== 'from' && kind !== 'to')) return;
    const z = room.pad.plane.at(a, b);
    this.ends = { ...this.ends, [kind]: z };
    this.show(false);
    room.state.set({ [kind]: `z:${Array.from(z, short).join(',')}` }, 'later');
  }

  /** Finds both ends and shows them. */
  async resolve() {
    const serial = (this.serial += 1);
    const { from, to } = this.room.state.values;
    try {
      const ends = { from: await this.end(from), to: await this.end(to) };
      if (serial !== this.serial || !this.room.model) return;
      this.ends = ends;
      this.show(true);
    } catch (error) {
      this.room.shell.complain(error);
    }
  }

  /** @param {string} spec @returns {Promise<Float32Array>} */
  async end(spec) {
    const { model, engine } = this.room;
    const size = model?.zDim ?? 0;
    const [kind, rest] = spec.split(':');
    if (kind === 'class' && model?.classMeans) return roundZ(model.classMeans[Number(rest)]);
    if (kind === 'z') {
      const values = rest.split(',').map(Number);
      if (values.length === size && values.every(Number.isFinite)) return roundZ(values);
    }
    // a class of a model without class means, a vector made for another model: any point will do, the same each time
    const seed = kind === 'z' ? 1 : Number(rest) || 0;
    return roundZ(await engine.normal(seed, size));
  }

  /** @param {boolean} turned  the plane may have turned */
  show(turned) {
    const { room, ends } = this;
    if (!ends || !room.model || room.state.values.view !== 'interpolate') return;
    const flat = room.model.zDim === 2;
    if (turned) room.pad.show(flat ? room.axes() : Plane.through(ends.from, ends.to));
    room.pad.showHandles(['from', 'to'], flat ? ['from', 'to'] : []);
    room.pad.place('from', ends.from);
    room.pad.place('to', ends.to);
    const possible = { means: room.model.classMeans !== null, drawing: this.drawn() !== null };
    this.pickers.from.set(room.state.values.from, possible);
    this.pickers.to.set(room.state.values.to, possible);
    this.pickers.from.picture.draw(ends.from);
    this.pickers.to.picture.draw(ends.to);
    for (const way of ways()) {
      const frames = path(way, ends, FRAMES);
      this.figures[way].strip.draw(Float32Array.from(frames.flatMap((z) => Array.from(z))));
    }
    const cosine = dot(ends.from, ends.to) / (norm(ends.from) * norm(ends.to) || 1);
    const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
    this.equation.show(
      '\\mathrm{slerp}(a, b; t) = \\frac{\\sin((1-t)\\,\\theta)}{\\sin\\theta}\\,a + ' +
        `\\frac{\\sin(t\\,\\theta)}{\\sin\\theta}\\,b`,
      `\\theta = ${((angle * 180) / Math.PI).toFixed(0)}^\\circ`,
    );
    this.showPlace();
  }

  showPlace(input = performance.timeOrigin + performance.now()) {
    const { ends, room } = this;
    if (!ends) return;
    const dots = ways().map((way) => {
      const z = WAYS[way](ends.from, ends.to, this.t);
      const { loop, needle, length } = this.figures[way];
      loop.draw(z, { input });
      needle.style.left = `${(100 * (0.5 + this.t * (FRAMES - 1))) / FRAMES}%`;
      length.textContent = t('way.length', { length: number(norm(z), 2) });
      return { kind: way, z };
    });
    room.pad.drawPaths(
      ways().map((way) => ({ kind: way, line: path(way, ends, POINTS) })),
      dots,
    );
    this.range.value = String(this.t);
    this.range.setAttribute('aria-valuetext', number(this.t, 2));
    fill(this.range);
    this.inline.set(this.t);
  }

  /** @param {number} place */
  scrub(place) {
    this.play(false, false);
    this.t = place;
    this.showPlace();
    this.room.state.set({ t: place }, 'later');
  }

  toggle() {
    this.play(!this.playing);
  }

  /** @param {boolean} on @param {boolean} [record]  keep the place in the link when it stops */
  play(on, record = true) {
    if (on === this.playing) return;
    this.playing = on;
    const label = t(on ? 'interpolate.pause' : 'interpolate.play');
    this.playButton.setAttribute('aria-label', label);
    this.playButton.title = label;
    this.playButton.replaceChildren(on ? ICONS.pause() : ICONS.play());
    if (!on) {
      if (record) this.room.state.set({ t: Math.round(this.t * 1000) / 1000 }, 'replace');
      return;
    }
    // the phase runs 0 to 2: there and back
    let phase = this.t;
    let before = performance.now();
    const step = (/** @type {number} */ now) => {
      if (!this.playing) return;
      phase = (phase + Math.min(100, Math.max(0, now - before)) / JOURNEY_MS) % 2;
      before = now;
      const linear = phase < 1 ? phase : 2 - phase;
      // slow at the ends, so that one sees where one has come to
      this.t = linear * linear * (3 - 2 * linear);
      this.showPlace();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }
}

/** @returns {Way[]} */
function ways() {
  return ['line', 'arc'];
}

/**
 * @param {Way} way
 * @param {{from: Float32Array, to: Float32Array}} ends
 * @param {number} count
 * @returns {Float32Array[]}
 */
function path(way, ends, count) {
  return Array.from({ length: count }, (_, i) => WAYS[way](ends.from, ends.to, i / (count - 1)));
}

/** @param {number} value */
function short(value) {
  return String(Number(value.toFixed(3)));
}
