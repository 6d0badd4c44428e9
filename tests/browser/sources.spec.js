/** Tests of sources and of modules that need no page. Each runs once. */

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'acorn';
import { ROOT } from '../../scripts/lib/process.mjs';
import { inPlace, readStrokes, simplify, toMnist, writeStrokes } from '../../www/parts/ink.js';
import { dot, lerp, norm, Plane, slerp } from '../../www/rooms/latent/vectors.js';
import { expect, test } from './fixtures.js';

const WWW = path.join(ROOT, 'www');
const sources = readdirSync(WWW, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.js') && !name.startsWith('wasm'))
  .map((name) => ({ name, text: readFileSync(path.join(WWW, name), 'utf8') }));
/** @type {Record<string, string>} */
const english = JSON.parse(readFileSync(path.join(WWW, 'i18n/en.json'), 'utf8'));

/** @typedef {import('acorn').AnyNode} AnyNode */

/** Every node of a tree. @param {unknown} node @returns {Generator<any>} */
function* nodes(node) {
  if (Array.isArray(node)) {
    for (const child of node) yield* nodes(child);
  } else if (node && typeof node === 'object' && 'type' in node) {
    yield node;
    for (const child of Object.values(node)) yield* nodes(child);
  }
}

/** Properties whose value people read or hear. */
const SPOKEN = new Set(['title', 'label', 'aria-label', 'aria-description', 'aria-roledescription', 'placeholder', 'alt', 'textContent', 'innerText']);

/** Words of a language: two letters in a row. @param {any} node */
function words(node) {
  const text = node?.type === 'Literal' ? node.value : node?.type === 'TemplateLiteral' ? node.quasis.map((/** @type {any} */ part) => part.value.raw).join('') : '';
  return typeof text === 'string' && /\p{L}{2,}/u.test(text) ? text : null;
}

test('no sentence stands outside of www/i18n @cpu', () => {
  /** @type {string[]} */
  const found = [];
  for (const { name, text } of sources) {
    for (const node of nodes(parse(text, { ecmaVersion: 'latest', sourceType: 'module' }))) {
      /** @type {(string | null)[]} */
      const said = [];
      const callee = node.type === 'CallExpression' ? (node.callee.name ?? node.callee.property?.name) : '';
      if (callee === 'h') said.push(...node.arguments.slice(2).map(words));
      if (['append', 'replaceChildren', 'say'].includes(callee)) said.push(...node.arguments.map(words));
      if (callee === 'setAttribute' && SPOKEN.has(node.arguments[0]?.value)) said.push(words(node.arguments[1]));
      if (node.type === 'Property' && SPOKEN.has(node.key.name ?? node.key.value)) said.push(words(node.value));
      if (node.type === 'AssignmentExpression' && SPOKEN.has(node.left.property?.name)) said.push(words(node.right));
      found.push(...said.filter((sentence) => sentence !== null).map((sentence) => `${name}: ${sentence}`));
    }
  }
  expect(found).toEqual([]);
});

test('every string that is asked for exists, and every one that exists is asked for @cpu', () => {
  const keys = new Set(Object.keys(english));
  const all = sources.map(({ text }) => text).join('\n');
  const asked = [...all.matchAll(/\b(?:t|rich)\(\s*'([^']+)'/g)].map((match) => match[1] ?? '');
  expect(asked.filter((key) => !keys.has(key))).toEqual([]);
  // a key may also be put together: `view.${name}`
  const prefixes = [...all.matchAll(/`([\w.]+\.)\$\{/g)].map((match) => match[1] ?? '');
  const literals = new Set([...all.matchAll(/'([\w.-]+)'/g)].map((match) => match[1] ?? ''));
  const unused = [...keys].filter((key) => !literals.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)));
  expect(unused).toEqual([]);
});

test('no file of the page is too long to be read in one sitting @cpu', () => {
  const long = sources.filter(({ text }) => text.split('\n').length > 400).map(({ name }) => name);
  expect(long).toEqual([]);
});

test.describe('ink', () => {
  const three = [{ brush: 22, points: [60, 60, 120, 30, 170, 60, 110, 120, 170, 160, 120, 220, 50, 200] }];

  test('is centred and scaled as MNIST is @cpu', () => {
    for (const [dx, dy, size] of [[0, 0, 1], [30, -10, 0.7], [60, 60, 0.4]]) {
      const moved = three.map(({ brush, points }) => ({
        brush: brush * (size ?? 1),
        points: points.map((value, i) => Math.round(value * (size ?? 1) + ((i % 2 ? dy : dx) ?? 0) + 10)),
      }));
      const image = toMnist(moved) ?? new Float32Array(784);
      let [mass, x, y, left, right, top, bottom] = [0, 0, 0, 28, -1, 28, -1];
      image.forEach((value, i) => {
        mass += value;
        x += value * (i % 28);
        y += value * Math.floor(i / 28);
        if (value > 0.1) {
          left = Math.min(left, i % 28);
          right = Math.max(right, i % 28);
          top = Math.min(top, Math.floor(i / 28));
          bottom = Math.max(bottom, Math.floor(i / 28));
        }
      });
      expect(Math.abs(x / mass - 13.5)).toBeLessThanOrEqual(0.51);
      expect(Math.abs(y / mass - 13.5)).toBeLessThanOrEqual(0.51);
      expect(Math.max(right - left, bottom - top) + 1).toBe(20);
      expect(Math.max(...image)).toBeGreaterThan(0.95);
    }
  });

  test('an empty pad is no picture, a dot is one @cpu', () => {
    expect(toMnist([])).toBeNull();
    const dot = toMnist([{ brush: 20, points: [128, 128] }]);
    expect(dot?.filter((value) => value > 0.5).length).toBeGreaterThan(200);
  });

  test('a part of a digit stays where it is drawn, as large as it is @cpu', () => {
    expect(inPlace([])).toBeNull();
    const upper = inPlace([{ brush: 24, points: [64, 64, 192, 64] }]);
    const ink = Array.from(upper ?? []).flatMap((value, i) => (value > 0.5 ? [i] : []));
    expect([...new Set(ink.map((i) => Math.floor(i / 28)))]).toEqual([6, 7]);
    expect([Math.min(...ink.map((i) => i % 28)), Math.max(...ink.map((i) => i % 28))]).toEqual([6, 21]);
  });

  test('survives a link, and nonsense gives nothing @cpu', () => {
    expect(readStrokes(writeStrokes(three))).toEqual(three);
    expect(readStrokes('%%%')).toEqual([]);
    expect(readStrokes('AAAA')).toEqual([]);
    expect(readStrokes('FgAJTU2A')).toEqual([]);
  });

  test('is simplified to its corners @cpu', () => {
    const line = Array.from({ length: 40 }, (_, i) => [i, 2 * i]).flat();
    expect(simplify(line)).toEqual([0, 0, 39, 78]);
    expect(simplify([5, 5])).toEqual([5, 5]);
  });
});

test.describe('paths', () => {
  const a = [3, 0, 0, 0];
  const b = [0, 0, 1, 0];

  test('meet their ends; the arc keeps its length between them @cpu', () => {
    for (const way of [lerp, slerp]) {
      expect(Array.from(way(a, b, 0))).toEqual(a);
      expect(norm([...way(a, b, 1)].map((value, i) => value - (b[i] ?? 0)))).toBeLessThan(1e-6);
    }
    expect(norm(slerp(a, b, 0.5))).toBeCloseTo(2, 5);
    expect(norm(lerp(a, b, 0.5))).toBeLessThan(1.6);
  });

  test('of opposite, equal and zero ends are finite @cpu', () => {
    for (const [from, to] of [[a, [-3, 0, 0, 0]], [a, a], [[0, 0, 0, 0], b], [[0, 0], [0, 0]]]) {
      for (const t of [0, 0.3, 1]) expect([...slerp(from ?? a, to ?? b, t)].every(Number.isFinite)).toBe(true);
    }
    expect(norm(slerp(a, [-3, 0, 0, 0], 0.5))).toBeCloseTo(3, 5);
  });

  test('lie in their plane @cpu', () => {
    const from = [1, 2, -1, 0.5];
    const to = [-0.5, 1, 2, 1];
    const plane = Plane.through(from, to);
    expect(dot(plane.e1, plane.e2)).toBeCloseTo(0, 6);
    for (const t of [0, 0.4, 1]) {
      for (const way of [lerp, slerp]) {
        const z = way(from, to, t);
        const [x, y] = plane.coordinates(z);
        const back = plane.at(x, y);
        expect(norm([...z].map((value, i) => value - (back[i] ?? 0)))).toBeLessThan(2e-3);
      }
    }
  });
});
