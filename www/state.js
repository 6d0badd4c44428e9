/**
 * What a link holds: typed tables of rows, and the stores that keep them in step with the address. The page has a table
 * and so has each room; the address holds the page's values and those of the open room. A value that equals its default
 * is left out of the hash.
 */

import { Z_DECIMALS } from './protocol.js';

/**
 * @template T
 * @typedef {object} Row
 * @property {T} initial
 * @property {(text: string) => T | undefined} parse  undefined: not a value of this row, the default is taken
 * @property {(value: T) => string} format
 */

/** @typedef {Record<string, Row<any>>} Table */

/** @template {Table} T @typedef {{[K in keyof T]: T[K] extends Row<infer V> ? V : never}} ValuesOf */

/** @template {string} T @param {readonly T[]} options @param {T} [initial] @returns {Row<T>} */
export const oneOf = (options, initial = options[0]) => ({
  initial,
  parse: (text) => options.find((option) => option === text),
  format: (value) => value,
});

/** @param {string} initial @param {RegExp} shape @returns {Row<string>} */
export const text = (initial, shape) => ({
  initial,
  parse: (value) => (shape.test(value) ? value : undefined),
  format: (value) => value,
});

/** @param {boolean} initial @returns {Row<boolean>} */
export const flag = (initial) => ({
  initial,
  parse: (value) => (value === '1' ? true : value === '0' ? false : undefined),
  format: (value) => (value ? '1' : '0'),
});

/** @template {number | null} T @param {T} initial @returns {Row<number | T>} */
export const uint32 = (initial) => ({
  initial,
  parse: (value) => (/^\d{1,10}$/.test(value) && Number(value) <= 0xffffffff ? Number(value) : undefined),
  format: (value) => String(value),
});

/** @param {number} initial @param {number} low @param {number} high @returns {Row<number>} */
export const range = (initial, low, high) => ({
  initial,
  parse: (value) => {
    const number = value.trim() === '' ? NaN : Number(value);
    return number >= low && number <= high ? number : undefined;
  },
  format: trimmed,
});

/** @param {number} initial @param {number} low @param {number} high @returns {Row<number>} */
export const whole = (initial, low, high) => ({
  initial,
  parse: (value) => (/^\d{1,10}$/.test(value) && Number(value) >= low && Number(value) <= high ? Number(value) : undefined),
  format: String,
});

/**
 * A row that may also hold nothing, which is its default and never written.
 * @template T @param {Row<T>} row @returns {Row<T | null>}
 */
export const optional = (row) => ({
  initial: null,
  parse: row.parse,
  format: (value) => (value === null ? '' : row.format(value)),
});

/** @type {Row<number[] | null>} */
export const vector = {
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
export const indices = {
  initial: [],
  parse: (value) => (/^\d{1,4}(,\d{1,4})*$/.test(value) ? value.split(',').map(Number) : undefined),
  format: (value) => value.join(','),
};

/** The person rests when nothing has changed for this long. */
const REST_MS = 500;

/** @param {number | null} number */
function trimmed(number) {
  return String(Number((number ?? 0).toFixed(Z_DECIMALS)));
}

/**
 * @template {Table} T
 * @param {T} table
 * @param {string} hash  with or without the #
 * @returns {ValuesOf<T>}
 */
export function parseHash(table, hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  return /** @type {ValuesOf<T>} */ (
    Object.fromEntries(
      Object.entries(table).map(([key, row]) => {
        const given = parameters.get(key);
        return [key, (given === null ? undefined : row.parse(given)) ?? row.initial];
      }),
    )
  );
}

/**
 * @template {Table} T
 * @param {T} table
 * @param {ValuesOf<T>} values
 * @returns {string} what differs from the defaults, without the #
 */
export function formatHash(table, values) {
  const parts = [];
  for (const [key, row] of Object.entries(table)) {
    const value = values[/** @type {keyof T} */ (key)];
    const written = row.format(value);
    if (value !== null && (row.initial === null || written !== row.format(row.initial))) {
      parts.push(`${key}=${encodeURIComponent(written).replace(/%2C/g, ',').replace(/%3A/g, ':')}`);
    }
  }
  return parts.join('&');
}

/** The address, and the two stores that are in it: the page's and the open room's. */
export class Address {
  /**
   * @param {object} [browser]  the parts of `window` that are used, replaceable in tests
   * @param {Location} [browser.location]
   * @param {History} [browser.history]
   */
  constructor({ location = window.location, history = window.history } = {}) {
    this.location = location;
    this.history = history;
    /** @type {State<any> | null} */
    this.page = null;
    /** @type {State<any> | null} */
    this.room = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** Does what waits for rest make a step? */
    this.step = false;
    window.addEventListener('popstate', () => this.read());
    window.addEventListener('hashchange', () => this.read());
  }

  /**
   * @param {State<any>} changed
   * @param {'push' | 'replace' | 'later' | 'rest'} history
   */
  note(changed, history) {
    // a room that is not open changes nothing that is in sight
    if (changed !== this.page && changed !== this.room) return;
    if (history === 'later' || history === 'rest') {
      // browsers refuse more than a few addresses a second
      if (history === 'later') this.step = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.commit(this.step ? 'push' : 'replace'), REST_MS);
    } else {
      this.commit(history);
    }
  }

  /** Forgets what waits for rest. */
  settle() {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.step = false;
  }

  /** Brings the address up to date. @param {'push' | 'replace'} history */
  commit(history) {
    this.settle();
    const { pathname, search, hash } = this.location;
    const next = this.write();
    if (next === pathname + search + hash) return;
    if (history === 'push') this.history.pushState(null, '', next);
    else this.history.replaceState(null, '', next);
  }

  write() {
    const parts = [this.page, this.room].map((state) => (state ? formatHash(state.table, state.values) : ''));
    const hash = parts.filter(Boolean).join('&');
    return this.location.pathname + this.location.search + (hash ? `#${hash}` : '');
  }

  read() {
    this.settle();
    // the page first: it may open another room, whose values the rest of the address then is
    this.page?.read();
    this.room?.read();
  }
}

/**
 * @template {Table} T
 * @typedef {(values: ValuesOf<T>, changed: Set<keyof T>, fromAddress: boolean) => void} StateListener
 */

/** The values of one table. @template {Table} T */
export class State {
  /**
   * @param {Address} address
   * @param {T} table
   */
  constructor(address, table) {
    this.address = address;
    this.table = table;
    this.values = parseHash(table, address.location.hash);
    /** @type {Set<StateListener<T>>} */
    this.listeners = new Set();
  }

  /** @param {StateListener<T>} listener */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * @param {Partial<ValuesOf<T>>} patch
   * @param {'push' | 'replace' | 'later' | 'rest'} history  push: a step that Back undoes; replace: no step of its own;
   *   later: one step when the person has come to rest (a drag, a held key); rest: none, and only then
   */
  set(patch, history = 'replace') {
    const changed = this.apply({ ...this.values, ...patch });
    // the address first: listeners may set more, which then belongs to the new step
    this.address.note(this, history);
    if (changed.size > 0) this.notify(changed, false);
  }

  /** Brings the address up to date. @param {'push' | 'replace'} history */
  commit(history) {
    this.address.commit(history);
  }

  /** Takes the values that the address holds. */
  read() {
    const changed = this.apply(parseHash(this.table, this.address.location.hash));
    if (changed.size > 0) this.notify(changed, true);
  }

  /** @param {ValuesOf<T>} next @returns {Set<keyof T>} */
  apply(next) {
    /** @type {Set<keyof T>} */
    const changed = new Set();
    for (const [key, row] of Object.entries(this.table)) {
      const [before, after] = [this.values[key], next[key]];
      const same = (before === null) === (after === null) && row.format(before) === row.format(after);
      if (!same) changed.add(key);
    }
    this.values = next;
    return changed;
  }

  /** @param {Set<keyof T>} changed @param {boolean} fromAddress */
  notify(changed, fromAddress) {
    for (const listener of this.listeners) listener(this.values, changed, fromAddress);
  }
}
