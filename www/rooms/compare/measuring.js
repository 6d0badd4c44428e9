/**
 * Measures a model where the person sits: its digits are drawn here, the classifier looks at them here, and what it sees is
 * compared with what it saw in the test set (models/classifier.reference.safetensors).
 */

import { modelsFolder } from '../../catalog.js';
import { number, t } from '../../i18n/translate.js';
import { distance, moments, root } from '../../measures/frechet.js';
import { inceptionScore } from '../../measures/inception.js';
import { overlap } from '../../measures/overlap.js';
import { readTables } from '../../measures/safetensors.js';
import { shuffled } from '../../measures/shuffle.js';
import { button, h } from '../../parts/dom.js';
import { runChain } from '../../parts/running.js';
import { KindError, PIXELS } from '../../protocol.js';
import { draw } from './drawers.js';
import { duration } from './figures.js';

/** @import { CompareRoom } from './index.js' */
/** @import { Measured } from './figures.js' */
/** @import { Moments } from '../../measures/frechet.js' */

/** Digits that are drawn and looked at together; fewer of models that take long for one, in ms. */
const BATCH = { quick: 50, slow: 10, from: 500 };
/** An inception score of parts of few digits falls far short of that of the table: from so many digits on it is told. */
const ENOUGH_FOR_INCEPTION = 500;
/** What a person is warned of, in ms. */
const LONG = 30_000;
/** How many a person may ask for: those that the file tells what as many real digits have. */
const COUNTS = [100, 200, 500, 1000];
const CLASSIFIER = 'classifier';

/**
 * The test set as the classifier sees it.
 * @typedef {object} Reference
 * @property {Moments & {root: Float64Array}} moments  of all its digits
 * @property {Float64Array} features  of some of them
 * @property {number} width
 * @property {Map<number, number>} floors  the distance that so many real training digits have
 */

/** @param {string} sha256  of the classifier @returns {Promise<Reference>} */
async function fetchReference(sha256) {
  const address = new URL('classifier.reference.safetensors', modelsFolder()).href;
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) throw new KindError('network', response ? `${address} (${response.status})` : address);
  const { tables, config } = readTables(await response.arrayBuffer());
  const [mean, covariance, features] = ['mean', 'covariance', 'features'].map((name) => tables.get(name)?.values);
  if (!mean || !covariance || !features || config?.classifier !== sha256) throw new KindError('checkpoint', address);
  const width = mean.length;
  return { moments: { mean, covariance, root: await root(covariance, width) }, features, width, floors: new Map(config.floors) };
}

export class Measuring {
  /** @param {CompareRoom} room */
  constructor(room) {
    this.room = room;
    /** @type {Measured | null} */
    this.measured = null;
    /** @type {Promise<Reference> | null} */
    this.reference = null;
    /** @type {AbortController | null} */
    this.running = null;
    this.count = h('select', { 'aria-label': t('compare.here.count'), onchange: () => this.running ?? this.invite() }, ...COUNTS.map((count) => h('option', { value: String(count) }, number(count))));
    this.count.value = '200';
    this.start = button({ label: t('compare.here.start'), onclick: () => (this.running ? this.stop() : this.run()) });
    this.bar = h('progress', { max: 1, value: 0, 'aria-label': t('compare.here.progress'), hidden: true });
    this.words = h('p', { class: 'readout', role: 'status' });
    this.table = h('div', {});
    this.element = h('section', { class: 'measuring', 'aria-label': t('compare.here.title') }, h('h3', {}, t('compare.here.title')), h('div', { class: 'tools' }, this.count, this.start), this.bar, this.words, this.table);
  }

  /** The model that is looked at. @param {Measured} measured @param {boolean} able  it draws digits */
  set(measured, able) {
    this.element.hidden = !able;
    if (this.measured?.id === measured.id) return;
    this.stop();
    this.measured = measured;
    this.table.replaceChildren();
    this.invite();
  }

  /** What would be done, and for how long where that is long. */
  invite() {
    const each = this.measured?.cost.sample_ms ?? 0;
    const count = Number(this.count.value);
    const long = each * count > LONG ? t('compare.here.long', { count: number(count), minutes: number(Math.ceil((each * count) / 60_000)) }) : '';
    this.words.textContent = [t('compare.here.idle'), long].filter(Boolean).join(' ');
  }

  stop() {
    this.running?.abort();
    this.ended();
  }

  ended() {
    this.running = null;
    this.start.querySelector('span')?.replaceChildren(t('compare.here.start'));
    this.bar.hidden = true;
  }

  async run() {
    const { measured } = this;
    if (!measured) return;
    const { signal } = (this.running = new AbortController());
    this.start.querySelector('span')?.replaceChildren(t('compare.here.stop'));
    this.bar.hidden = false;
    this.bar.value = 0;
    this.table.replaceChildren();
    try {
      await this.measure(measured, Number(this.count.value), signal);
    } catch (error) {
      if (!signal.aborted) {
        this.words.textContent = t('compare.here.failed');
        this.room.shell.complain(error);
      }
    }
    if (!signal.aborted) this.ended();
    else if (!this.running) this.invite();
  }

  /** @param {Measured} measured @param {number} count @param {AbortSignal} signal */
  async measure(measured, count, signal) {
    const { room } = this;
    const eyes = room.catalog.find(({ id }) => id === CLASSIFIER);
    if (!eyes) throw new KindError('network', CLASSIFIER);
    this.words.textContent = t('compare.here.reference');
    this.reference ??= fetchReference(eyes.sha256);
    this.reference.catch(() => (this.reference = null));
    const reference = await this.reference;
    await room.info(eyes);
    const info = await room.info(measured.row);
    const features = new Float64Array(count * reference.width);
    const probabilities = new Float64Array(count * 10);
    const seed = room.state.values.seed;
    const begun = performance.now();
    const batch = (measured.cost.sample_ms ?? 0) > BATCH.from ? BATCH.slow : BATCH.quick;
    for (let done = 0; done < count && !signal.aborted; done += batch) {
      /** @type {Float32Array} */
      let pixels = new Float32Array(0);
      await draw({
        ...{ engine: room.engine, row: measured.row, info, signal, seed: (seed + done) >>> 0, count: batch, grey: true, last: true, name: 'measuring' },
        show: (snapshot) => ({ pixels } = snapshot),
      });
      if (signal.aborted || pixels.length !== batch * PIXELS) return;
      const look = { model: eyes.id, job: 'classify', batch, seed, steps: 1, inputs: { x: pixels } };
      const read = ['features', 'probabilities'];
      await runChain(room.engine, 'measuring-eyes', look, {
        ...{ read, signal },
        show: (seen) => {
          features.set(seen.features, done * reference.width);
          probabilities.set(seen.probabilities, done * 10);
        },
      });
      this.bar.value = (done + batch) / count;
      this.words.textContent = t('compare.here.drawn', { done: number(done + batch), count: number(count) });
    }
    if (signal.aborted) return;
    this.words.textContent = t('compare.here.computing');
    const fid = await distance(reference.moments, moments(features, reference.width));
    const { precision, recall } = await overlap(reference.features, features, reference.width, seed);
    if (signal.aborted) return;
    const time = duration(performance.now() - begun);
    this.words.textContent = t('compare.here.done', { count: number(count), seed, time });
    this.tell(measured, { fid, inception: inceptionScore(probabilities, shuffled(count, seed)), precision, recall }, reference.floors.get(count), count);
  }

  /**
   * @param {Measured} measured
   * @param {{fid: number, inception: number, precision: number, recall: number}} here
   * @param {number | undefined} floor
   * @param {number} count
   */
  tell({ samples }, here, floor, count) {
    const names = /** @type {const} */ (['fid', 'inception', 'precision', 'recall']).filter((name) => name !== 'inception' || count >= ENOUGH_FOR_INCEPTION);
    const rows = names.map((name) => {
      const decimals = name === 'fid' ? 1 : name === 'inception' ? 2 : 3;
      const shipped = samples?.[name];
      return h(
        'tr',
        { 'data-figure': name },
        h('th', { scope: 'row' }, t(`compare.figure.${name}`)),
        h('td', {}, number(here[name], decimals)),
        h('td', {}, shipped === undefined ? t('inspector.none') : number(shipped, decimals)),
      );
    });
    const heads = [t('compare.here.here', { count: number(count) }), t('compare.here.shipped', { count: number(samples?.n ?? 0) })];
    this.table.replaceChildren(
      h('table', {}, h('thead', {}, h('tr', {}, h('td', {}), ...heads.map((head) => h('th', { scope: 'col' }, head)))), h('tbody', {}, ...rows)),
      h('p', { class: 'readout' }, t('compare.here.floor', { count: number(count), floor: number(floor ?? NaN, 1) })),
    );
  }
}
