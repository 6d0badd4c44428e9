/**
 * What a link holds: one typed table, one row per value, and the store that keeps it in step with the address.
 * A value that equals its default is left out of the hash.
 */

import { Z_DECIMALS } from './protocol.js';

/**
 * @template T
 * @typedef {object} Row
 * @property {T} initial
 * @property {(text: string) => T | undefined} parse  undefined: not a value of this row, the default is taken
 * @property {(value: T) => string} format
 */

/** @template {string} T @param {readonly T[]} options @returns {Row<T>} */
const oneOf = (options) => ({
  initial: options[0],
  parse: (text) => options.find((option) => option === text),
  format: (value) => value,
});

/** @param {string} initial @param {RegExp} shape @returns {Row<string>} */
const text = (initial, shape) => ({
  initial,
  parse: (value) => (shape.test(value) ? value : undefined),
  format: (value) => value,
});

/** @param {boolean} initial @returns {Row<boolean>} */
const flag = (initial) => ({
  initial,
  parse: (value) => (value === '1' ? true : value === '0' ? false : undefined),
  format: (value) => (value ? '1' : '0'),
});

/** @template {number | null} T @param {T} initial @returns {Row<number | T>} */
const uint32 = (initial) => ({
  initial,
  parse: (value) => (/^\d{1,10}$/.test(value) && Number(value) <= 0xffffffff ? Number(value) : undefined),
  format: (value) => String(value),
});

/** @param {number} initial @param {number} low @param {number} high @returns {Row<number>} */
const range = (initial, low, high) => ({
  initial,
  parse: (value) => {
    const number = value.trim() === '' ? NaN : Number(value);
    return number >= low && number <= high ? number : undefined;
  },
  format: trimmed,
});

/** @type {Row<number[] | null>} */
const vector = {
  initial: null,
  parse: (value) => {
    const numbers = value.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
    return numbers.length <= 1024 && numbers.every((number) => Number.isFinite(number) && Math.abs(number) <= 100)
      ? numbers
      : undefined;
  },
  format: (value) => (value ?? []).map(trimmed).join(','),
};

/** @type {Row<number[]>} */
const indices = {
  initial: [],
  parse: (value) => (/^\d{1,4}(,\d{1,4})*$/.test(value) ? value.split(',').map(Number) : undefined),
  format: (value) => value.join(','),
};

/** An end of a path: `class:7`, `seed:12`, or the vector itself after `z:`. */
const END = /^(class:\d|seed:\d{1,10}|z:-?[\d.]+(,-?[\d.]+)*)$/;

/** The person rests when nothing has changed for this long. */
const REST_MS = 500;

export const VIEWS = /** @type {const} */ (['walk', 'interpolate', 'draw']);
/** @typedef {typeof VIEWS[number]} View */

export const TABLE = {
  model: text('vae-map', /^[\w.: -]{1,80}$/),
  view: oneOf(VIEWS),
  seed: uint32(/** @type {number} */ (18)),
  /** Null: the z that the seed gives. */
  z: vector,
  /** Units that randomise and reset leave alone. */
  frozen: indices,
  from: text('class:0', END),
  to: text('class:1', END),
  /** Place on the path, 0 to 1. */
  t: range(0.5, 0, 1),
  /** Strokes of the drawing; see parts/ink.js. */
  ink: text('', /^[\w-]{0,4000}$/),
  /** Seed of the noise in z = mu + sigma * eps; null: z = mu. */
  eps: uint32(/** @type {number | null} */ (null)),
  /** Test-set encodings on the map. */
  codes: flag(false),
  smooth: flag(false),
};

/** @typedef {{[K in keyof typeof TABLE]: typeof TABLE[K] extends Row<infer T> ? T : never}} Values */

/** @param {number | null} number */
function trimmed(number) {
  return String(Number((number ?? 0).toFixed(Z_DECIMALS)));
}

/** @returns {Values} */
function defaults() {
  return /** @type {Values} */ (Object.fromEntries(Object.entries(TABLE).map(([key, row]) => [key, row.initial])));
}

/**
 * @param {string} hash  with or without the #
 * @returns {Values}
 */
export function parseHash(hash) {
  const values = /** @type {Record<string, unknown>} */ (defaults());
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  for (const [key, row] of Object.entries(TABLE)) {
    const given = parameters.get(key);
    const parsed = given === null ? undefined : row.parse(given);
    if (parsed !== undefined) values[key] = parsed;
  }
  return /** @type {Values} */ (values);
}

/**
 * @param {Values} values
 * @returns {string} with the # where anything differs from the defaults
 */
export function formatHash(values) {
  const parts = [];
  for (const [key, row] of Object.entries(TABLE)) {
    const format = /** @type {(value: unknown) => string} */ (row.format);
    const written = format(values[/** @type {keyof Values} */ (key)]);
    if (values[/** @type {keyof Values} */ (key)] !== null && written !== format(row.initial)) {
      parts.push(`${key}=${encodeURIComponent(written).replace(/%2C/g, ',').replace(/%3A/g, ':')}`);
    }
  }
  return parts.length > 0 ? `#${parts.join('&')}` : '';
}

/** @typedef {(values: Values, changed: Set<keyof Values>, fromAddress: boolean) => void} StateListener */

export class State {
  /**
   * @param {object} [browser]  the parts of `window` that are used, replaceable in tests
   * @param {Location} [browser.location]
   * @param {History} [browser.history]
   */
  constructor({ location = window.location, history = window.history } = {}) {
    this.location = location;
    this.history = history;
    this.values = parseHash(location.hash);
    /** @type {Set<StateListener>} */
    this.listeners = new Set();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** Does what waits for rest make a step? */
    this.step = false;
    window.addEventListener('popstate', () => this.readAddress());
    window.addEventListener('hashchange', () => this.readAddress());
  }

  /** @param {StateListener} listener */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * @param {Partial<Values>} patch
   * @param {'push' | 'replace' | 'later' | 'rest'} history  push: a step that Back undoes; replace: no step of its own;
   *   later: one step when the person has come to rest (a drag, a held key); rest: none, and only then
   */
  set(patch, history = 'replace') {
    const changed = this.apply({ ...this.values, ...patch });
    // the address first: listeners may set more, which then belongs to the new step
    if (history === 'later' || history === 'rest') {
      // browsers refuse more than a few addresses a second
      if (history === 'later') this.step = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.commit(this.step ? 'push' : 'replace'), REST_MS);
    } else {
      this.commit(history);
    }
    if (changed.size > 0) this.notify(changed, false);
  }

  /** Brings the address up to date. @param {'push' | 'replace'} history */
  commit(history) {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.step = false;
    const address = this.address();
    if (address === this.location.pathname + this.location.search + this.location.hash) return;
    if (history === 'push') this.history.pushState(null, '', address);
    else this.history.replaceState(null, '', address);
  }

  address() {
    return this.location.pathname + this.location.search + formatHash(this.values);
  }

  readAddress() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.step = false;
    const changed = this.apply(parseHash(this.location.hash));
    if (changed.size > 0) this.notify(changed, true);
  }

  /** @param {Values} next @returns {Set<keyof Values>} */
  apply(next) {
    /** @type {Set<keyof Values>} */
    const changed = new Set();
    for (const [name, row] of Object.entries(TABLE)) {
      const key = /** @type {keyof Values} */ (name);
      const format = /** @type {(value: unknown) => string} */ (row.format);
      const same = (next[key] === null) === (this.values[key] === null) && format(next[key]) === format(this.values[key]);
      if (!same) changed.add(key);
    }
    this.values = next;
    return changed;
  }

  /** @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  notify(changed, fromAddress) {
    for (const listener of this.listeners) listener(this.values, changed, fromAddress);
  }
}
