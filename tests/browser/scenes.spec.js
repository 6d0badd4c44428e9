/** Scenes in the page's worker, without the page: jobs, chains, questions, a lost device. */

import { expect, test as base } from './fixtures.js';
import { tinyClassifier } from './support/tiny-classifier.js';
import { tinyRbm } from './support/tiny-rbm.js';
import { destroyDevice, distance, openBlank } from './support/worker-bench.js';

/** @import { Page } from '@playwright/test' */
/** @import { EngineClient } from '../../www/engine.js' */
/** @import { Scene } from '../../www/parts/scene.js' */
/** @import { Backend } from '../../www/protocol.js' */
/** @import { BenchCanvas } from './support/bench-canvas.js' */

const PIXELS = 784;

/** What travels into the page: a description whose arrays are plain. @typedef {Record<string, any>} Plain */

class Bench {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /**
   * Calls a function that `openBench` left in the page.
   * @param {string} name
   * @param {...unknown} given
   * @returns {Promise<any>}
   */
  call(name, ...given) {
    return this.page.evaluate(
      ([method, list]) => /** @type {any} */ (window).bench[/** @type {string} */ (method)](.../** @type {unknown[]} */ (list)),
      [name, given],
    );
  }

  /** @param {Plain} question @returns {Promise<Record<string, number[]>>} */
  ask(question) {
    return this.call('ask', { model: 'tiny', job: 'classify', read: ['probabilities'], ...question });
  }

  /** @param {Plain} description */
  show(description) {
    return this.call('show', { model: 'tiny', job: 'classify', batch: 1, ...description });
  }

  /** Runs of the scene's chain. @returns {Promise<number>} */
  done() {
    return this.call('done');
  }

  /** @param {number} runs */
  async reached(runs) {
    await expect.poll(() => this.done(), { timeout: 60_000 }).toBeGreaterThanOrEqual(runs);
  }

  /** The newest outputs of the scene. @returns {Promise<Record<string, number[]> | null>} */
  values() {
    return this.call('values');
  }
}

const test = base.extend(
  /** @type {import('@playwright/test').Fixtures<{ bench: Bench }, {}, import('@playwright/test').PlaywrightTestArgs & import('@playwright/test').PlaywrightTestOptions, import('@playwright/test').PlaywrightWorkerArgs>} */ ({
    bench: async ({ page }, use, info) => {
      const close = await openBlank(page);
      await page.evaluate(openBench, {
        backend: info.project.name === 'webgpu' ? 'gpu' : 'cpu',
        files: { tiny: [...tinyClassifier()], rbm: [...tinyRbm()] },
      });
      await use(new Bench(page));
      await close();
    },
  }),
);

/** Runs in the page. @param {{backend: string, files: Record<string, number[]>}} given */
async function openBench({ backend, files }) {
  const from = (/** @type {string} */ name) => import(new URL(name, document.baseURI).href);
  const [client, parts, canvas] = [await from('engine.js'), await from('parts/scene.js'), await from('bench-canvas.js')];
  /** @type {EngineClient} */
  const engine = new client.EngineClient(new Worker(new URL('worker.js', document.baseURI), { type: 'module' }));
  /** @type {Record<string, any[]>} */
  const heard = { stats: [], rebuilt: [], failure: [], backend: [], 'scene-steps': [], 'scene-values': [] };
  for (const [type, list] of Object.entries(heard)) engine.on(/** @type {any} */ (type), (message) => list.push(message));
  const arrays = (/** @type {Record<string, number[]>} */ lists = {}) =>
    Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, Float32Array.from(list)]));
  const lists = (/** @type {Record<string, Float32Array>} */ given) =>
    Object.fromEntries(Object.entries(given).map(([name, values]) => [name, Array.from(values)]));
  const typed = (/** @type {Plain} */ { inputs, chain, ...rest }) => ({
    ...rest,
    inputs: arrays(inputs),
    chain: chain && { ...chain, state: arrays(chain.state), first: arrays(chain.first) },
  });
  /** @type {Record<string, number[]> | null} */
  let values = null;
  /** @type {any[]} */
  const failures = [];
  /** @type {Scene} */
  const scene = new parts.Scene(engine, 'main', {
    values: (/** @type {Record<string, Float32Array>} */ newest) => (values = lists(newest)),
    failed: (/** @type {any} */ failure) => failures.push(failure),
  });
  /** @type {BenchCanvas | null} */
  let shown = null;
  const bench = {
    send: (/** @type {any} */ message) => engine.send(message),
    heard: (/** @type {string} */ type) => heard[type],
    failures: () => failures,
    ask: async (/** @type {Plain} */ question) => lists(await engine.compute(/** @type {any} */ (typed(question)))),
    refused: (/** @type {Plain} */ question) =>
      engine.compute(/** @type {any} */ (typed(question))).then(
        () => null,
        (error) => [error.kind, error.message],
      ),
    show: (/** @type {Plain} */ description) => {
      values = null;
      scene.show(/** @type {any} */ (typed(description)));
    },
    change: (/** @type {Record<string, number[]>} */ inputs, once = false) => scene.change(arrays(inputs), { once }),
    halt: () => scene.halt(),
    resume: (/** @type {number | undefined} */ until) => scene.resume(until),
    release: () => scene.release(),
    done: () => scene.done,
    values: () => values,
    canvas(/** @type {number} */ width, /** @type {number} */ height) {
      shown = new canvas.BenchCanvas(engine, 'picture', width, height);
    },
    pixels: () => shown?.pixels(),
    async png() {
      const bitmap = await createImageBitmap(await engine.png('picture'));
      return [bitmap.width, bitmap.height];
    },
    /** Descriptions one behind the other, none of them waited for. */
    storm(/** @type {Plain} */ description, /** @type {number} */ count) {
      for (let i = 0; i < count; i += 1) bench.show({ ...description, inputs: { x: new Array(784).fill((i + 1) / count) } });
    },
  };
  Object.assign(window, { bench });
  const grey = (/** @type {number} */ level) => /** @type {[number, number, number]} */ ([level, level, level]);
  const look = { ink: grey(0), paper: grey(1), above: grey(0), below: grey(0.5), smooth: false };
  engine.start(/** @type {Backend} */ (backend), look, document.baseURI);
  for (const [name, bytes] of Object.entries(files)) {
    const { config } = await engine.loadFile(name, new Uint8Array(bytes));
    if (config.family !== { tiny: 'classifier', rbm: 'rbm' }[name]) throw new Error(`${name} is of family ${config.family}`);
  }
}

// an emulated GPU compiles every kernel first
test.describe.configure({ timeout: 180_000 });
const poll = { timeout: 60_000 };

/** A digit of a kind. @param {number} seed */
const digit = (seed) => Array.from({ length: PIXELS }, (_, i) => ((i * (seed + 3)) % 17) / 16);

/** @param {Plain} [view] */
const view = (view) => ({ canvas: 'picture', output: 'evidence', columns: 1, rows: 1, gap: 0, tone: 'signed', ...view });

/** A scene's pictures are parts of the page; here the canvas is described as the worker is told of it. @param {Plain} scene */
const described = (scene) => ({ type: 'scene', scene: { scene: 'drawn', serial: 1, model: 'tiny', batch: 1, ...scene } });

/** A chain of the machine that begins in noise. @param {Plain} [chain] */
const gibbs = (chain) => ({
  model: 'rbm',
  job: 'gibbs',
  inputs: { begin: [0], given: new Array(PIXELS).fill(0), mask: new Array(PIXELS).fill(0), temperature: [1] },
  read: ['states'],
  chain: { seed: 4, steps: 3, first: { begin: [1] }, ...chain },
});

test('a question is answered alike by both backends @webgpu', async ({ bench }) => {
  const classify = { batch: 2, inputs: { x: [...digit(1), ...digit(2)] }, read: ['probabilities', 'logits', 'features'] };
  const evidence = { job: 'evidence', inputs: { x: digit(1), label: [4] }, read: ['evidence'] };
  const gpu = { ...(await bench.ask(classify)), ...(await bench.ask(evidence)) };
  expect(gpu.features?.length).toBe(2 * 5);
  expect(gpu.probabilities?.slice(0, 10).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  expect(gpu.evidence?.reduce((most, e) => Math.max(most, Math.abs(e)), 0)).toBeCloseTo(1, 5);
  await bench.call('send', { type: 'switch', backend: 'cpu' });
  await expect.poll(async () => (await bench.call('heard', 'backend')).length).toBe(2);
  const cpu = { ...(await bench.ask(classify)), ...(await bench.ask(evidence)) };
  for (const [name, values] of Object.entries(gpu)) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    expect(distance(/** @type {Record<string, number[]>} */ (cpu)[name] ?? [], values) / largest, name).toBeLessThan(1e-4);
  }
});

test('a scene draws its output, its file has the size of the canvas, and released it is gone', async ({ bench }) => {
  await bench.call('canvas', 28, 28);
  const inputs = { x: digit(1), label: [4] };
  const { evidence = [] } = await bench.ask({ job: 'evidence', inputs, read: ['evidence'] });
  await bench.call('show', { model: 'tiny', job: 'evidence', inputs, read: ['evidence'] });
  await expect.poll(() => bench.values(), poll).not.toBe(null);
  expect(distance((await bench.values())?.evidence ?? [], evidence)).toBe(0);
  await bench.page.evaluate(
    ([message, given]) => {
      const { scene } = /** @type {any} */ (message);
      const lists = Object.entries(/** @type {any} */ (given)).map(([name, list]) => [name, Float32Array.from(/** @type {any} */ (list))]);
      /** @type {any} */ (window).bench.send({ ...message, scene: { ...scene, inputs: Object.fromEntries(lists) } });
    },
    [described({ job: 'evidence', views: [view()] }), inputs],
  );
  await expect(async () => {
    const pixels = await bench.call('pixels');
    const off = pixels.filter((/** @type {number} */ grey, /** @type {number} */ i) => Math.abs(255 * (0.5 - (evidence[i] ?? NaN) / 2) - grey) > 2);
    expect(off.length).toBe(0);
  }).toPass(poll);
  expect(await bench.call('png')).toEqual([28, 28]);
  await bench.call('send', { type: 'scene-release', scene: 'drawn' });
  await bench.call('release');
  expect(await bench.call('failures')).toEqual([]);
});

test('of many descriptions the newest is what is read', async ({ bench }) => {
  await bench.call('storm', { model: 'tiny', job: 'classify', read: ['logits'] }, 100);
  const { logits = [] } = await bench.ask({ inputs: { x: new Array(PIXELS).fill(1) }, read: ['logits'] });
  await expect(async () => expect(distance((await bench.values())?.logits ?? [], logits)).toBe(0)).toPass(poll);
  expect((await bench.call('heard', 'scene-values')).length).toBeLessThan(100);
});

test('a chain counts its runs, stands still when told, and takes new inputs as it goes', async ({ bench }) => {
  await bench.show({ inputs: { x: digit(1) }, read: ['logits'], chain: { seed: 1, steps: 12 } });
  await bench.reached(12);
  expect(await bench.done()).toBe(12);
  await bench.show({ inputs: { x: digit(1) }, read: ['logits'], chain: { seed: 1, steps: null, per_frame: 1 } });
  await bench.reached(5);
  await bench.call('halt');
  await bench.ask({ inputs: { x: digit(1) } });
  const halted = await bench.done();
  await bench.page.waitForTimeout(300);
  expect(await bench.done()).toBe(halted);
  await bench.call('change', { x: digit(7) });
  await bench.call('resume', halted + 2);
  await bench.reached(halted + 2);
  const { logits = [] } = await bench.ask({ inputs: { x: digit(7) }, read: ['logits'] });
  await expect(async () => expect(distance((await bench.values())?.logits ?? [], logits)).toBe(0)).toPass(poll);
  await bench.page.waitForTimeout(200);
  expect(await bench.done()).toBe(halted + 2);
  await bench.call('send', { type: 'hidden', hidden: true });
  await bench.call('resume', 1e6);
  await bench.page.waitForTimeout(300);
  expect(await bench.done()).toBe(halted + 2);
  await bench.call('send', { type: 'hidden', hidden: false });
  await bench.reached(halted + 4);
  await bench.call('release');
  await bench.ask({ inputs: { x: digit(1) } });
  expect(await bench.done()).toBe(0);
});

test('a chain with stops is read there alone, and has for each run what it had without them', async ({ bench }) => {
  const { states = [] } = await bench.ask(gibbs({ steps: 9 }));
  await bench.show(gibbs({ steps: 9, until: 4 }));
  for (const stop of [4, 7, 9]) {
    await expect.poll(async () => (await bench.call('heard', 'scene-values')).at(-1)?.done).toBe(stop);
    expect(await bench.done()).toBe(stop);
    if (stop < 9) await bench.call('resume', stop === 4 ? 7 : 9);
  }
  expect((await bench.call('heard', 'scene-values')).map((/** @type {{done: number}} */ { done }) => done)).toEqual([4, 7, 9]);
  await expect.poll(async () => (await bench.values())?.states).toEqual(states);
});

test('a chain goes on from its state with a fresh key in each run, the same for the same seed', async ({ bench }) => {
  const [one = [], three = [], again = [], other = []] = await Promise.all(
    [{ steps: 1 }, {}, {}, { seed: 5 }].map(async (chain) => (await bench.ask(gibbs(chain))).states),
  );
  expect(three).toEqual(again);
  expect([distance(three, one), distance(three, other)]).toEqual([1, 1]);
  // begun from a state that is given in place of noise
  const state = new Array(PIXELS).fill(1);
  const from = gibbs({ first: { begin: [0] }, state: { chains: state }, steps: 1 });
  expect(distance((await bench.ask(from)).states ?? [], one)).toBe(1);
  await bench.show(gibbs({ per_frame: 1 }));
  await bench.reached(3);
  await expect.poll(async () => (await bench.values())?.states).toEqual(three);
  // noise once more, for one run: the state forgets where it was
  await bench.call('change', { begin: [1] }, true);
  await bench.call('resume', 5);
  await bench.reached(5);
  const { states: restarted = [] } = await bench.ask(gibbs({ steps: 5 }));
  await expect.poll(async () => (await bench.call('heard', 'scene-values')).at(-1).done).toBe(5);
  expect(distance((await bench.values())?.states ?? [], restarted)).toBe(1);
});

test('what a scene cannot do is a message, and what was there stays', async ({ bench }) => {
  const x = digit(1);
  for (const [wrong, kind, words] of /** @type {[Plain, string, RegExp][]} */ ([
    [{ model: 'nobody', inputs: { x } }, 'no-model', /nobody/],
    [{ job: 'paint', inputs: { x } }, 'unsupported', /paint.*classify, evidence/],
    [{ inputs: { y: x } }, 'shape', /input y/],
    [{ inputs: { x: [1, 2, 3] } }, 'shape', /784/],
    [{ job: 'evidence', inputs: { x } }, 'shape', /needs label/],
    [{ inputs: { x }, read: ['pixels'] }, 'shape', /output pixels/],
    [{ batch: 0, inputs: { x } }, 'shape', /at least one/],
    [{ batch: 1e9, inputs: { x } }, 'shape', /too many/],
    [{ inputs: { x }, chain: { seed: 1, steps: 1, state: { units: [1] } } }, 'shape', /units/],
    [{ inputs: { x }, chain: { seed: 1, steps: 1, state: { params: [1] } } }, 'shape', /params/],
  ])) {
    const [refusedKind, refusedWords] = await bench.call('refused', { model: 'tiny', job: 'classify', read: [], ...wrong });
    expect(refusedKind).toBe(kind);
    expect(refusedWords).toMatch(words);
  }
  await bench.show({ inputs: { x }, read: ['logits'] });
  await expect.poll(() => bench.values(), poll).not.toBe(null);
  await bench.show({ job: 'paint', inputs: { x } });
  await expect.poll(async () => (await bench.call('failures')).length, poll).toBe(1);
  await bench.show({ inputs: { x }, read: ['nothing'] });
  await expect.poll(async () => (await bench.call('failures')).length, poll).toBe(2);
  await bench.show({ inputs: { x }, read: ['logits'] });
  await expect.poll(() => bench.values(), poll).not.toBe(null);
});

test('two hundred restarts take no more memory', async ({ bench }) => {
  await bench.call('canvas', 28, 28);
  const round = async () => {
    await bench.call('storm', { model: 'tiny', job: 'classify', read: ['logits'], chain: { seed: 3, steps: 5 } }, 200);
    await bench.reached(5);
    await bench.show({ inputs: { x: digit(1) }, read: ['logits'] });
    await expect.poll(() => bench.values(), poll).not.toBe(null);
    const before = (await bench.call('heard', 'stats')).length;
    await bench.page.evaluate(
      ([message, x]) => {
        const { scene } = /** @type {any} */ (message);
        const inputs = { x: Float32Array.from(/** @type {number[]} */ (x)), label: Float32Array.of(1) };
        /** @type {any} */ (window).bench.send({ ...message, scene: { ...scene, inputs } });
      },
      [described({ job: 'evidence', views: [view()] }), digit(2)],
    );
    await expect.poll(async () => (await bench.call('heard', 'stats')).length, poll).toBeGreaterThan(before);
    return (await bench.call('heard', 'stats')).at(-1);
  };
  await round();
  const before = await round();
  const after = await round();
  expect([after.buffers, after.bytes, after.heap]).toEqual([before.buffers, before.bytes, before.heap]);
});

test('a lost device comes to the same run with the same numbers, and questions wait for it @webgpu', async ({ bench }) => {
  await bench.show({ inputs: { x: digit(1) }, read: ['logits'], chain: { seed: 1, steps: 3 } });
  await bench.reached(3);
  await bench.call('change', { x: digit(5) });
  await bench.call('resume', 9);
  await bench.reached(9);
  await expect.poll(async () => (await bench.call('heard', 'scene-values')).at(-1).done, poll).toBe(9);
  const before = await bench.values();
  const told = (await bench.call('heard', 'scene-steps')).length;
  await destroyDevice(bench.page);
  const { logits = [] } = await bench.ask({ inputs: { x: digit(5) }, read: ['logits'] });
  await expect.poll(async () => (await bench.call('heard', 'rebuilt')).length, { timeout: 20_000 }).toBe(1);
  await expect(async () => expect(distance((await bench.values())?.logits ?? [], before?.logits ?? [])).toBe(0)).toPass();
  expect(distance(logits, before?.logits ?? [])).toBe(0);
  expect((await bench.call('heard', 'scene-steps')).length, 'runs that are repeated are no news').toBe(told);
  expect(await bench.call('heard', 'failure')).toEqual([]);
});
