/** What textbooks print of the families, beside what was measured here of the best and of the textbook's model of each. */

import { bytes, has, number, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { QUALITY, duration, sorted } from './figures.js';

/** @import { CatalogRow } from '../../protocol.js' */
/** @import { Measured } from './figures.js' */

/** Keys of `compare.claim.*`. @typedef {'low' | 'high' | 'fast' | 'slow'} Word */

/**
 * On no scale that they tell: to be looked at, not to be compared. What is left out is not printed.
 * @type {{family: string, textbook?: string, fid?: number, inception?: number, precision?: number, recall?: number,
 *   speed?: Word, memory?: Word, stability?: Word}[]}
 */
const PRINTED = [
  { family: 'gan', textbook: 'gan-textbook', fid: 15, inception: 25, precision: 0.7, recall: 0.6, speed: 'fast', memory: 'low', stability: 'low' },
  { family: 'vae', textbook: 'vae-textbook', fid: 30, inception: 20, precision: 0.5, recall: 0.5, speed: 'fast', memory: 'low', stability: 'high' },
  { family: 'denoiser', textbook: 'ddpm-textbook', fid: 10, inception: 30, precision: 0.8, recall: 0.8, speed: 'slow', memory: 'high', stability: 'high' },
  { family: 'flow', speed: 'fast', memory: 'high', stability: 'high' },
  { family: 'autoregressive', speed: 'slow', stability: 'high' },
];

/** Models that are told which digit to draw, which the measures do not say. */
const TOLD = ['diffusion', 'few-step', 'dcgan', 'wgan', 'style-gan', 'flow'];

/**
 * Times that a network is run for one digit, from the words of how the digits were drawn: `8 steps of midpoint`, where
 * a step looks twice, `784 runs, ...`; once where the words have no such number.
 * @param {string} setting
 */
export function runsOf(setting) {
  const [, count, rest] = /^(\d+) (.*)$/.exec(setting) ?? ['', '1', ''];
  return Number(count) * (/midpoint|heun/.test(rest) ? 2 : 1);
}

/**
 * @typedef {object} Claim
 * @property {string} key  `compare.claim.<key>` is its name
 * @property {(printed: typeof PRINTED[number]) => string | undefined} printed
 * @property {(one: Measured) => string[] | undefined} measured  line by line
 */

/** @param {'fid' | 'inception' | 'precision' | 'recall'} key @param {number} coarse @param {number} fine  decimals @returns {Claim} */
const figure = (key, coarse, fine) => ({
  key,
  printed: ({ [key]: value }) => value === undefined ? undefined : number(value, coarse),
  measured: ({ samples }) => samples ? [number(samples[key], fine)] : undefined,
});

/** @param {'speed' | 'memory' | 'stability'} key @returns {Claim['printed']} */
const word = (key) => (printed) => printed[key] && t(`compare.claim.${printed[key]}`);

/** @type {Claim[]} */
const CLAIMS = [
  figure('fid', 0, 1),
  figure('inception', 0, 1),
  figure('precision', 1, 2),
  figure('recall', 1, 2),
  {
    key: 'speed',
    printed: word('speed'),
    measured({ cost, samples }) {
      const runs = runsOf(samples?.setting ?? '');
      return cost.sample_ms === null ? undefined : [duration(cost.sample_ms), t(runs === 1 ? 'compare.claim.run' : 'compare.claim.runs', { runs: number(runs) })];
    },
  },
  {
    key: 'memory',
    printed: word('memory'),
    measured: ({ cost }) => [cost.memory ? bytes(cost.memory) : t('inspector.none'), t('compare.claim.millions', { value: number(cost.parameters / 1e6, 2) })],
  },
  { key: 'stability', printed: word('stability'), measured: evenness },
];

/** How unevenly the ten digits come out: the rarest one. @param {Measured} one */
function evenness({ id, samples }) {
  if (!samples) return undefined;
  const { digits, n } = samples;
  const least = Math.min(...digits);
  const words = t('compare.claim.rarest', { digit: digits.indexOf(least), share: number((100 * 10 * least) / n) });
  return TOLD.includes(id) ? [words, t('compare.claim.told')] : [words];
}

/**
 * The table.
 * @param {Measured[]} measured
 * @param {(row: CatalogRow) => string} nameOf
 */
export function claims(measured, nameOf) {
  const groups = PRINTED.map((printed) => {
    const members = measured.filter(({ row, samples }) => row.family === printed.family && samples);
    const [best] = sorted(members, QUALITY[0], false);
    const shown = members.filter((one) => one === best || one.id === printed.textbook).sort((a, b) => Number(b === best) - Number(a === best));
    const rows = shown.map((one, index) =>
      h(
        'tr',
        {},
        // what is printed of a family stands once, beside all its models
        index === 0 ? h('th', { scope: 'rowgroup', rowSpan: shown.length, class: `family-${printed.family}` }, t(`compare.family.${printed.family}`)) : null,
        h('th', { scope: 'row', class: 'model' }, nameOf(one.row)),
        ...CLAIMS.flatMap((claim) => [
          index === 0 ? h('td', { class: 'printed', rowSpan: shown.length, 'data-printed': claim.key }, claim.printed(printed) ?? t('inspector.none')) : null,
          h('td', { 'data-measured': claim.key }, ...(claim.measured(one) ?? [t('inspector.none')]).map((line) => h('span', {}, line))),
        ]),
      ),
    );
    return h('tbody', { 'data-family': printed.family }, ...rows);
  });
  const heads = CLAIMS.map(({ key }) => h('th', { scope: 'colgroup', colSpan: 2 }, t(`compare.claim.${key}`)));
  const sides = CLAIMS.flatMap(({ key }) => [
    h('th', { scope: 'col', class: 'printed' }, t('compare.printed')),
    h('th', { scope: 'col' }, t(has(`compare.ours.${key}`) ? `compare.ours.${key}` : 'compare.ours')),
  ]);
  const names = [h('th', { scope: 'col', rowSpan: 2 }, t('compare.claim.family')), h('th', { scope: 'col', rowSpan: 2, class: 'model' }, t('compare.claim.model'))];
  return h('table', { class: 'claims' }, h('thead', {}, h('tr', {}, ...names, ...heads), h('tr', {}, ...sides)), ...groups);
}
