/**
 * `node scripts/likely.mjs MNIST_DIR [COUNT]`: what the models of the catalog say of the first COUNT test digits, by the
 * code of the room itself, as quantiles in www/models/likely.json. The WebAssembly has to be built. Models whose weights
 * are those of the figures there already are not asked again.
 */

/* global document, Worker */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { chromium } from '@playwright/test';
import { ROOT, UserError, runMain, say } from './lib/process.mjs';
import { findChromium } from './lib/setup.mjs';
import { serveFolder } from './lib/static-server.mjs';

const PIXELS = 784;
/** Bytes before the pixels of an IDX file of images. */
const HEADER = 16;
const FILE = path.join(ROOT, 'www/models/likely.json');

/** @typedef {{value: number, error: number}} Estimate */
/** @typedef {{sha256: string, quantiles: number[], log_z?: Estimate}} Reference */
/** @typedef {{command: string, digits: number, models: Record<string, Reference>}} References */

/** @param {string} folder @param {number} count @returns {number[][]}  grey values in [0, 1] */
function testDigits(folder, count) {
  const file = path.join(folder, 't10k-images-idx3-ubyte.gz');
  if (!existsSync(file)) throw new UserError(`${file} is not there; it is one of the four files of MNIST`);
  const bytes = gunzipSync(readFileSync(file)).subarray(HEADER);
  return Array.from({ length: count }, (_, i) => Array.from(bytes.subarray(i * PIXELS, (i + 1) * PIXELS), (byte) => byte / 255));
}

/** ln Z of a model that was measured, where it was. @param {string} id @returns {Estimate | undefined} */
function logZ(id) {
  const file = path.join(ROOT, `www/models/${id}.measures.json`);
  const extra = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).extra : {};
  const value = extra['log Z'];
  if (value === undefined) return undefined;
  const [low, high] = ['lower', 'higher'].map((side) => extra[`log Z, three standard errors ${side}`]);
  return { value, error: (high - low) / 6 };
}

/** Quantiles 0, 5, ... 100 %, to four digits. @param {number[]} values */
function quantiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return Array.from({ length: 21 }, (_, i) => {
    const place = (i / 20) * (sorted.length - 1);
    const [low = NaN, high = NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return Number((low + (high - low) * (place % 1)).toPrecision(6));
  });
}

/** Runs in the page. @param {{row: any, digits: number[][], logZ: Estimate | undefined}} given @returns {Promise<number[] | null>} */
async function ask({ row, digits, logZ: z }) {
  const from = (/** @type {string} */ name) => import(new URL(name, document.baseURI).href);
  const { EngineClient } = await from('engine.js');
  const { WAYS } = await from('rooms/likely/answers.js');
  const way = WAYS[row.family];
  if (!way || (way.kind === 'annealed' && z === undefined)) return null;
  const engine = new EngineClient(new Worker(new URL('worker.js', document.baseURI), { type: 'module' }));
  engine.start('cpu', { ink: [0, 0, 0], paper: [1, 1, 1], smooth: false }, new URL('models/', document.baseURI).href);
  const info = await engine.load(row);
  if (way.can && !way.can(info)) return null;
  const values = [];
  for (const digit of digits) {
    const grey = Float32Array.from(digit);
    const binary = grey.map((value) => Number(value >= 0.5));
    values.push((await way.ask({ engine, row, info, logZ: z ?? null, grey, binary })).value);
  }
  return values;
}

await runMain(async () => {
  const [folder = 'data/mnist', count = '500'] = process.argv.slice(2);
  const digits = testDigits(folder, Number(count));
  const { models } = JSON.parse(readFileSync(path.join(ROOT, 'www/models/catalog.json'), 'utf8'));
  /** @type {References} */
  const known = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : { digits: 0, models: {} };
  /** @type {References} */
  const references = { command: `node scripts/likely.mjs data/mnist ${count}`, digits: digits.length, models: {} };
  const current = (/** @type {{id: string, sha256: string}} */ { id, sha256 }) => {
    const before = known.digits === digits.length ? known.models[id] : undefined;
    return before?.sha256 === sha256 && JSON.stringify(before.log_z) === JSON.stringify(logZ(id)) ? before : undefined;
  };
  for (const row of models) {
    const before = current(row);
    if (before) references.models[row.id] = before;
  }
  const server = await serveFolder(path.join(ROOT, 'www'));
  const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  try {
    // those that take long come last
    const slow = (/** @type {{family: string}} */ { family }) => Number(family === 'denoiser');
    for (const row of models.sort((/** @type {any} */ a, /** @type {any} */ b) => slow(a) - slow(b))) {
      if (current(row)) continue;
      const z = logZ(row.id);
      const page = await browser.newPage();
      page.setDefaultTimeout(0);
      const blank = new URL('blank', server.url).href;
      await page.route(blank, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
      await page.goto(blank);
      const values = await page.evaluate(ask, { row, digits, logZ: z });
      await page.close();
      if (!values) continue;
      references.models[row.id] = { sha256: row.sha256, quantiles: quantiles(values), log_z: z };
      say(`${row.id}: median ${references.models[row.id]?.quantiles[10]}`);
      writeFileSync(FILE, `${JSON.stringify(references)}\n`);
    }
  } finally {
    await browser.close();
    await server.close();
  }
  writeFileSync(FILE, `${JSON.stringify(references)}\n`);
});
