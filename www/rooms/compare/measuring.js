/**
 * Measures a model where the person sits: its digits are drawn here, the classifier looks at them here, and what it sees is
 * compared with what it saw in the test set, by the code of `inkling eval` (worker/measure.js).
 */

import { number, t } from '../../i18n/translate.js';
import { button, h } from '../../parts/dom.js';
import { runChain } from '../../parts/running.js';
import { KindError, PIXELS } from '../../protocol.js';
import { draw } from './drawers.js';
import { QUALITY, duration, figureOf, inWords } from './figures.js';

/** @import { Report } from '../../protocol.js' */
/** @import { CompareRoom } from './index.js' */
/** @import { Column, Measured, Samples } from './figures.js' */

/** Digits that are drawn and looked at together; fewer of models that take long for one, in ms. */
const BATCH = { quick: 50, slow: 10, from: 100 };
/** An inception score of parts of few digits falls far short of that of the table: from so many digits on it is told. */
const ENOUGH_FOR_INCEPTION = 500;
/** What a person is warned of, in ms. */
const LONG = 30_000;
/** How many a person may ask for: those that the file tells what as many real digits have. */
const COUNTS = [100, 200, 500, 1000];
const CLASSIFIER = 'classifier';

/** It needs the training digits, which nobody wants to download. */
const NOT_HERE = 'memorisation';
const CLASSES = 10;

export class Measuring {
  /** @param {CompareRoom} room */
  constructor(room) {
    this.room = room;
    /** @type {Measured | null} */
    this.measured = null;
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
    this.words.textContent = t('compare.here.drawn', { done: number(0), count: this.count.selectedOptions[0]?.text ?? '' });
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
    const width = Number((await room.info(eyes)).config.features);
    const info = await room.info(measured.row);
    const features = new Float32Array(count * width);
    const probabilities = new Float32Array(count * CLASSES);
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
      // as 8-bit pictures: a model must not gain or lose by values that no real digit has
      const x = pixels.map((value) => Math.round(255 * value) / 255);
      const look = { model: eyes.id, job: 'classify', batch, seed, steps: 1, inputs: { x } };
      const read = ['features', 'probabilities'];
      await runChain(room.engine, 'measuring-eyes', look, {
        ...{ read, signal },
        show: (seen) => {
          features.set(seen.features, done * width);
          probabilities.set(seen.probabilities, done * CLASSES);
        },
      });
      this.bar.value = (done + batch) / count;
      this.words.textContent = t('compare.here.drawn', { done: number(done + batch), count: number(count) });
    }
    if (signal.aborted) return;
    this.words.textContent = t('compare.here.computing');
    const report = await room.engine.measure({ classifier: eyes.sha256, features, probabilities, seed });
    if (signal.aborted) return;
    const time = duration(performance.now() - begun);
    this.words.textContent = t('compare.here.done', { count: number(count), seed, time });
    this.tell(measured, report);
  }

  /** @param {Measured} measured @param {Report} report */
  tell(measured, report) {
    const { n: count, floor } = report;
    const here = { ...measured, samples: /** @type {Samples} */ (/** @type {unknown} */ (report)) };
    const columns = QUALITY.filter(({ key }) => key !== NOT_HERE && (key !== 'inception' || count >= ENOUGH_FOR_INCEPTION));
    const words = (/** @type {Column} */ column, /** @type {Measured} */ one) => {
      const said = inWords(column, one);
      return said ? figureOf({ ...said, aside: '' }) : [t('inspector.none')];
    };
    const rows = columns.map((column) =>
      h(
        'tr',
        { 'data-figure': column.key },
        h('th', { scope: 'row' }, t(`compare.figure.${column.key}`)),
        h('td', {}, ...words(column, here)),
        h('td', {}, ...words(column, measured)),
      ),
    );
    const heads = [t('compare.here.here', { count: number(count) }), t('compare.here.shipped', { count: number(measured.samples?.n ?? 0) })];
    this.table.replaceChildren(
      h('table', {}, h('thead', {}, h('tr', {}, h('td', {}), ...heads.map((head) => h('th', { scope: 'col' }, head)))), h('tbody', {}, ...rows)),
      h('p', { class: 'readout' }, t('compare.here.floor', { count: number(count), floor: number(floor ?? NaN, 1) })),
    );
  }
}
