/**
 * Every sentence on the page comes from one JSON file per language. A new language is one file and one row in LANGUAGES.
 */

import english from './en.json';

/** @type {Record<string, () => Promise<Record<string, string>>>} Each fetched only when asked for. */
const LANGUAGES = {
  en: async () => english,
};

/** @type {Record<string, string>} */
let strings = english;
let language = 'en';

/**
 * Chooses the first language of the list that we have; English else.
 * @param {readonly string[]} wanted  BCP 47 tags, best first
 */
export async function chooseLanguage(wanted) {
  const found = wanted.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => tag in LANGUAGES) ?? 'en';
  strings = { ...english, ...(await LANGUAGES[found]()) };
  language = found;
  document.documentElement.lang = found;
}

/**
 * @param {string} key
 * @returns {boolean}
 */
export function has(key) {
  return key in strings;
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values]  fill the {places} of the sentence
 * @returns {string}
 */
export function t(key, values = {}) {
  const sentence = strings[key];
  if (sentence === undefined) throw new Error(`no string for ${key}`);
  return sentence.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}

/**
 * A sentence with elements in its {places}, and *emphasis* between asterisks.
 * @param {string} key
 * @param {Record<string, Node | string | number>} [nodes]
 * @returns {DocumentFragment}
 */
export function rich(key, nodes = {}) {
  const fragment = document.createDocumentFragment();
  for (const piece of t(key).split(/(\{\w+\}|\*[^*]+\*)/)) {
    const place = /^\{(\w+)\}$/.exec(piece);
    if (place && place[1] in nodes) {
      const node = nodes[place[1]];
      fragment.append(node instanceof Node ? node : String(node));
    } else if (/^\*[^*]+\*$/.test(piece)) {
      const emphasis = document.createElement('em');
      emphasis.textContent = piece.slice(1, -1);
      fragment.append(emphasis);
    } else {
      fragment.append(piece);
    }
  }
  return fragment;
}

/**
 * @param {number} value
 * @param {number} [decimals]
 */
export function number(value, decimals = 0) {
  return new Intl.NumberFormat(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals, signDisplay: 'negative' })
    .format(value)
    .replace('-', '\u2212');
}

/** @param {number} bytes */
export function bytes(bytes) {
  if (bytes < 1000) return t('unit.bytes', { value: number(bytes) });
  if (bytes < 1_000_000) return t('unit.kilobytes', { value: number(bytes / 1000, bytes < 10_000 ? 1 : 0) });
  return t('unit.megabytes', { value: number(bytes / 1_000_000, 1) });
}
