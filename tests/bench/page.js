/** The page that `npm run bench` drives: one call measures one item on one backend. */

import { items } from './items.js';
import { adapter } from './kinds.js';

/** One sample lasts about this long, so that a coarse clock does not matter. */
const SAMPLE_MS = 40;
const BASE = new URL('../../www/wasm', import.meta.url).pathname;
const SIDE = 28;

const list = items();

/** @param {number[]} numbers */
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/**
 * Milliseconds of one call: the median of `rounds` samples, each the mean of as many calls as fill SAMPLE_MS.
 * @param {() => Promise<unknown>} call
 * @param {number} rounds
 */
async function time(call, rounds) {
  await call();
  const once = performance.now();
  await call();
  const count = Math.max(1, Math.min(2000, Math.round(SAMPLE_MS / Math.max(0.01, performance.now() - once))));
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now();
    for (let i = 0; i < count; i++) await call();
    samples.push((performance.now() - begin) / count);
  }
  return median(samples);
}

/** @type {Map<string, any>} */
const engines = new Map();

/**
 * @param {'gpu' | 'cpu'} backend
 * @param {string} id
 * @param {number} rounds
 */
async function measure(backend, id, rounds) {
  const item = list.find((candidate) => candidate.id === id);
  if (!item) throw new Error(`there is no item ${id}`);
  let engine = engines.get(backend);
  if (!engine) {
    engine = adapter(backend, BASE);
    await engine.init();
    engines.set(backend, engine);
  }
  const work = await engine[item.kind](item.spec);
  try {
    return await time(() => work.step(item.inputs), rounds);
  } finally {
    work.dispose();
  }
}

/**
 * A decode of `count` images and its drawing on a canvas of 560 pixels, as a drag does for each frame; the time until
 * the device is done with it.
 * @param {'gpu' | 'cpu'} backend
 * @param {{file: string, z_dim: number}} model
 * @param {number} count
 * @param {number} rounds
 */
async function drag(backend, model, count, rounds) {
  const variant = /** @type {any} */ (engines.get(backend));
  if (!variant) throw new Error('measure an item first: it loads the engine');
  const api = variant.api();
  const session = await api.Session.create(backend);
  const bytes = new Uint8Array(await (await fetch(new URL(`../../www/models/${model.file}`, import.meta.url))).arrayBuffer());
  session.load('model', bytes);
  session.attach('canvas', new OffscreenCanvas(20 * SIDE, 20 * SIDE));
  const columns = Math.round(Math.sqrt(count));
  const [ink, paper] = [new Float32Array(3), new Float32Array(3).fill(1)];
  const z = session.normal(1, count * model.z_dim);
  const samples = [];
  for (let round = -3; round < rounds; round++) {
    z[0] = round / rounds;
    const begin = performance.now();
    session.decode(z);
    session.present('canvas', columns, columns, 0, false, ink, paper);
    const issued = performance.now() - begin;
    // a small read behind the drawing returns when the device has come so far
    await session.encode(new Float32Array(SIDE * SIDE));
    if (round >= 0) samples.push({ issued, done: performance.now() - begin });
  }
  session.free();
  return { issued: median(samples.map((s) => s.issued)), done: median(samples.map((s) => s.done)) };
}

Object.assign(window, { bench: { ids: list.map(({ id }) => id), measure, drag } });
