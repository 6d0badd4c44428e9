/** A few figures for those who want to know what it costs. */

import { bytes, number, t } from '../i18n/translate.js';
import { h } from './dom.js';

/** @import { Stats } from '../protocol.js' */

const FIGURES = /** @type {const} */ (['fps', 'decode', 'latency', 'dispatches', 'buffers', 'heap']);

export class Inspector {
  constructor() {
    /** @type {Map<string, HTMLElement>} */
    this.values = new Map(FIGURES.map((name) => [name, h('dd', {}, t('inspector.none'))]));
    this.element = h(
      'dl',
      { class: 'inspector', id: 'inspector', hidden: true, 'aria-label': t('inspector.label') },
      ...FIGURES.map((name) => h('div', {}, h('dt', {}, t(`inspector.${name}`)), this.values.get(name))),
    );
  }

  /** @param {Stats} stats */
  show(stats) {
    const set = (/** @type {typeof FIGURES[number]} */ name, /** @type {string} */ text) => {
      const element = this.values.get(name);
      if (element) element.textContent = text;
    };
    set('fps', number(stats.fps));
    set('decode', t('unit.milliseconds', { value: number(stats.decode_ms, 2) }));
    if (stats.latency_ms !== null) set('latency', t('unit.milliseconds', { value: number(stats.latency_ms, 1) }));
    set('dispatches', number(stats.dispatches));
    set('buffers', t('inspector.memory', { count: number(stats.buffers), bytes: bytes(stats.bytes) }));
    set('heap', bytes(stats.heap));
  }
}
