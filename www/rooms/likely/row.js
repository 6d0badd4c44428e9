/** One model of the room: what it is, its answer, and where that lies among the test digits. */

import { bytes, has, number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { PIXELS, toFailure } from '../../protocol.js';
import { Scale, rangeOf, rank } from './scale.js';

/** @import { CatalogRow, ModelInfo } from '../../protocol.js' */
/** @import { Answer, Way } from './answers.js' */
/** @import { EngineClient } from '../../engine.js' */
/** @import { Shell } from '../registry.js' */
/** @import { Asked } from './asking.js' */
/** @import { Quantiles } from './scale.js' */

/** Kinds of failure after which the same question is asked again. */
const INTERRUPTIONS = ['device-lost', 'interrupted'];

/** Kinds whose figures are logarithms of probabilities. */
const IN_NATS = ['exact', 'elbo', 'annealed', 'bound'];

/** Who asks. @typedef {{room: {engine: EngineClient, shell: Shell}, ask: (id: string) => void}} Asker */

export class ModelRow {
  /**
   * @param {Asker} view
   * @param {CatalogRow} row
   * @param {Way} way
   * @param {{quantiles: Quantiles, log_z?: Answer} | null} reference
   */
  constructor(view, row, way, reference) {
    this.room = view.room;
    this.row = row;
    this.way = way;
    this.quantiles = reference?.quantiles ?? null;
    this.logZ = reference?.log_z ?? null;
    /** @type {ModelInfo | null} */
    this.info = null;
    /** Loaded, and of a kind that answers. */
    this.ready = false;
    /** The drawing that the answer is for. */
    this.serial = -1;
    /** @type {number | null} */
    this.value = null;
    /** @type {number | undefined} */
    this.error = undefined;
    /** The session that was asked went away. */
    this.interrupted = false;
    /** @type {Promise<void> | null} */
    this.loading = null;
    this.scale = new Scale();
    const name = has(`compare.name.${row.id}`) ? t(`compare.name.${row.id}`) : row.title;
    this.figure = h('output', { class: 'likely-figure' });
    this.place = h('span', { class: 'likely-place' });
    this.button = h(
      'button',
      { type: 'button', class: 'button', onclick: () => view.ask(row.id) },
      t('likely.ask', { size: bytes(row.bytes) }),
    );
    this.button.setAttribute('aria-label', t('likely.ask.label', { model: name, size: bytes(row.bytes) }));
    this.element = h(
      'li',
      { class: 'likely-row', 'data-model': row.id },
      h('div', { class: 'likely-name' }, h('b', {}, name), h('span', { class: 'likely-kind' }, t(`likely.kind.${way.words ?? way.kind}`))),
      this.scale.element,
      h('div', { class: 'likely-answer' }, this.figure, this.place, this.button),
    );
  }

  /** Fetches the model; what goes wrong is told, and can be asked for again. */
  load() {
    this.loading ??= this.fetch().catch((error) => {
      this.loading = null;
      this.button.disabled = false;
      this.room.shell.complain(error);
    });
    return this.loading;
  }

  async fetch() {
    this.button.disabled = true;
    this.info = await this.room.engine.load(this.row);
    this.room.shell.settled();
    this.button.hidden = true;
    this.ready = this.way.can?.(this.info) ?? !(this.way.kind === 'annealed' && this.logZ === null);
    if (!this.ready) this.place.textContent = t(`likely.cannot.${this.way.kind}`);
  }

  /**
   * @param {Asked} picture
   * @param {number} serial
   */
  async answer(picture, serial) {
    const { row, info, logZ, way } = this;
    if (!info) return;
    this.serial = serial;
    this.element.classList.add('busy');
    try {
      const { value, error } = await way.ask({ engine: this.room.engine, row, info, logZ, ...picture });
      this.value = Number.isFinite(value) ? value : null;
      this.error = error;
    } catch (error) {
      this.value = null;
      this.interrupted = INTERRUPTIONS.includes(toFailure(error).kind);
      if (!this.interrupted) this.room.shell.complain(error);
    }
    this.element.classList.remove('busy');
  }

  /** Another session is there to be asked. */
  again() {
    if (this.interrupted) this.serial = -1;
    this.interrupted = false;
  }

  /** There is nothing to answer for. */
  forget() {
    this.value = null;
  }

  /** @param {number} digits  of the test set behind the quantiles */
  show(digits) {
    const { value, quantiles, way } = this;
    this.scale.show(rangeOf(this), value, quantiles);
    if (!this.ready) return;
    this.figure.textContent = value === null ? t('inspector.none') : this.words(value);
    this.place.textContent = '';
    if (value === null || !quantiles) return;
    const share = rank(value, quantiles);
    const place = share <= 0.5 / digits ? 'none' : share >= 1 - 0.5 / digits ? 'all' : 'some';
    const key = has(`likely.place.${place}.${way.kind}`) ? `likely.place.${place}.${way.kind}` : `likely.place.${place}`;
    // of all and of none is said in words of their own
    this.place.textContent = t(key, { share: number(Math.min(99, Math.max(1, 100 * share))), digits: number(digits) });
    this.element.dataset.kind = way.kind;
  }

  /** The answer with its unit and its uncertainty. @param {number} value */
  words(value) {
    const { kind, group } = this.way;
    if (!IN_NATS.includes(kind)) return t(`likely.figure.${kind}`, { value: number(['energy', 'reconstruction'].includes(kind) ? -value : value, 2) });
    const decimals = Math.abs(value) < 1000 ? 1 : 0;
    const doubt = this.error && this.error >= 0.05 ? ` ± ${number(this.error, decimals)}` : '';
    const bits = group === 'grey' ? t('likely.bits', { bits: number(-value / PIXELS / Math.LN2, 2) }) : '';
    const key = has(`likely.figure.${kind}`) ? `likely.figure.${kind}` : 'likely.figure.nats';
    return `${t(key, { value: number(value, decimals) + doubt })}${bits}`;
  }
}
