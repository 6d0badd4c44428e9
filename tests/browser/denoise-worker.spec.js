/** Trajectories in the page's worker, without the page: lanes, restarts, halts, a lost device. */

import { expect, test as base } from './fixtures.js';
import { tinyMlp, tinyUnet } from './support/tiny-denoiser.js';
import { destroyDevice, distance, openBlank } from './support/worker-bench.js';

/** @import { Page } from '@playwright/test' */
/** @import { EngineClient } from '../../www/engine.js' */
/** @import { Backend, Spec, Trajectory, What } from '../../www/protocol.js' */
/** @import { BenchCanvas } from './support/bench-canvas.js' */

const PIXELS = 784;

/**
 * A page that has the worker and a client of it, both from their sources, and nothing else.
 */
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

  /** @param {object} message */
  send(message) {
    return this.call('send', message);
  }

  /** @param {Spec} asked @param {{lane?: string, source?: number[], mask?: number[]}} [options] @returns {Promise<Trajectory>} */
  run(asked, { lane = 'main', source, mask } = {}) {
    return this.call('run', lane, asked, source, mask);
  }

  /** @param {What} what @param {number} [frame]  all frames without it @returns {Promise<number[]>} */
  values(what, frame, lane = 'main') {
    return this.call('values', lane, what, frame);
  }

  /** The newest frame that the worker told of since the last run. @returns {Promise<number>} */
  ready(lane = 'main') {
    return this.call('ready', lane);
  }

  /** @param {number} frame */
  async reached(frame, lane = 'main') {
    await expect.poll(() => this.ready(lane), { timeout: 90_000 }).toBeGreaterThanOrEqual(frame);
  }
}

const test = base.extend(
  /** @type {import('@playwright/test').Fixtures<{ bench: Bench }, {}, import('@playwright/test').PlaywrightTestArgs & import('@playwright/test').PlaywrightTestOptions, import('@playwright/test').PlaywrightWorkerArgs>} */ ({
    bench: async ({ page }, use, info) => {
      const close = await openBlank(page);
      await page.evaluate(openBench, {
        backend: info.project.name === 'webgpu' ? 'gpu' : 'cpu',
        files: { mlp: [...tinyMlp('velocity', 'straight')], textbook: [...tinyMlp('eps', 'linear')], unet: [...tinyUnet()] },
      });
      await use(new Bench(page));
      await close();
    },
  }),
);

/** Runs in the page. @param {{backend: string, files: Record<string, number[]>}} given */
async function openBench({ backend, files }) {
  const client = await import(new URL('engine.js', document.baseURI).href);
  /** @type {EngineClient} */
  const engine = new client.EngineClient(new Worker(new URL('worker.js', document.baseURI), { type: 'module' }));
  /** @type {Map<string, number>} */
  const ready = new Map();
  /** @type {Record<string, any[]>} */
  const heard = { frames: [], stats: [], rebuilt: [], failure: [], backend: [] };
  for (const [type, list] of Object.entries(heard)) engine.on(/** @type {any} */ (type), (message) => list.push(message));
  engine.on('frames', ({ lane, ready: newest }) => ready.set(lane, newest));
  const canvas = await import(new URL('bench-canvas.js', document.baseURI).href);
  /** @type {BenchCanvas | null} */
  let shown = null;
  const bench = {
    send: (/** @type {any} */ message) => engine.send(message),
    heard: (/** @type {string} */ type) => heard[type],
    ready: (/** @type {string} */ lane) => ready.get(lane) ?? 0,
    async run(/** @type {string} */ lane, /** @type {Spec} */ spec, /** @type {number[]} */ source, /** @type {number[]} */ mask) {
      const given = { source: source && Float32Array.from(source), mask: mask && Float32Array.from(mask) };
      const trajectory = await engine.run(lane, spec, given);
      ready.set(lane, 0);
      return trajectory;
    },
    async values(/** @type {string} */ lane, /** @type {What} */ what, /** @type {number | undefined} */ frame) {
      return Array.from(await (frame === undefined ? engine.trajectory(lane, what) : engine.frameValues(lane, what, frame)));
    },
    refused: (/** @type {string} */ method, /** @type {unknown[]} */ ...given) =>
      /** @type {any} */ (engine)[method](...given).then(() => null, (/** @type {any} */ error) => error.kind),
    picture(/** @type {number} */ width, /** @type {number} */ height) {
      shown = new canvas.BenchCanvas(engine, 'picture', width, height);
    },
    pixels: () => shown?.pixels(),
    /** 200 restarts with every control changed, none of them waited for; resolves with how many were accepted. */
    async restart(/** @type {Spec} */ spec) {
      const runs = Array.from({ length: 200 }, (_, i) => {
        const sampler = /** @type {const} */ (['ddim', 'euler', 'dpm-solver'])[i % 3];
        return engine.run('main', { ...spec, sampler, seed: i, steps: 5 + (i % 20), eta: (i % 2) / 2, shared_noise: i % 5 > 2 });
      });
      return (await Promise.all(runs)).length;
    },
  };
  Object.assign(window, { bench });
  const grey = (/** @type {number} */ level) => /** @type {[number, number, number]} */ ([level, level, level]);
  const look = { ink: grey(0), paper: grey(1), above: grey(0), below: grey(0.5), smooth: false };
  engine.start(/** @type {Backend} */ (backend), look, document.baseURI);
  for (const [name, bytes] of Object.entries(files)) {
    const { config } = await engine.loadFile(name, new Uint8Array(bytes));
    if (config.family !== 'denoiser') throw new Error(`${name} is of family ${config.family}`);
  }
}

// an emulated GPU compiles every kernel of two networks first
test.describe.configure({ timeout: 180_000 });

/** @param {Partial<Spec>} [change] @returns {Spec} */
function spec(change = {}) {
  return {
    model: 'mlp',
    sampler: 'ddim',
    steps: 10,
    spacing: 'uniform',
    eta: 0.5,
    guidance_scale: 0,
    classes: [10, 10],
    seed: 5,
    shared_noise: false,
    start: { kind: 'noise' },
    direction: 'denoise',
    ...change,
  };
}

/**
 * A trajectory that is still under way when a test has looked at its first frames.
 * @param {import('@playwright/test').TestInfo} info
 * @param {Partial<Spec>} [change]
 */
function long(info, change) {
  const slow = { model: 'unet', guidance_scale: 1, classes: Array.from({ length: 16 }, (_, i) => i % 10) };
  return spec({ steps: 1000, ...(info.project.name === 'cpu' ? slow : {}), ...change });
}

test('a lane computes every frame, and the same seed gives the same numbers', async ({ bench }) => {
  const { frames, moves, batch } = await bench.run(spec());
  expect([frames, moves.length, batch]).toEqual([11, 10, 2]);
  await bench.reached(10);
  const states = await bench.values('x_t');
  expect(states.length).toBe(11 * 2 * PIXELS);
  expect(states.every(Number.isFinite)).toBe(true);
  const last = await bench.values('x_t', 10);
  expect(distance(last, states.slice(10 * 2 * PIXELS))).toBe(0);
  // the result is its own x_0
  expect(distance(await bench.values('x_0', 10), last)).toBe(0);
  const told = await bench.call('heard', 'frames');
  expect(told.at(-1)).toMatchObject({ lane: 'main', ready: 10, total: 11 });
  expect(told.at(-1).ms).toBeGreaterThan(0);
  await bench.run(spec({ seed: 6 }));
  expect(distance(await bench.values('x_t', 10), last)).toBeGreaterThan(0.1);
  await bench.run(spec());
  expect(distance(await bench.values('x_t'), states)).toBe(0);
});

for (const [name, change, tolerance] of /** @type {[string, Partial<Spec>, number][]} */ ([
  // the first x_0 of this network is a difference of noise over alpha = 1 / 157
  ['DDPM of the textbook network', { model: 'textbook', sampler: 'ddpm', eta: 0 }, 5e-2],
  ['DDIM with noise, classes and guidance', { model: 'unet', guidance_scale: 1.5, classes: [3, 7] }, 2e-3],
  ['DPM-Solver++(2M)', { sampler: 'dpm-solver', spacing: 'log-snr', eta: 0 }, 2e-3],
  ['Heun', { sampler: 'heun', eta: 0 }, 2e-3],
])) {
  test(`both backends compute the same: ${name} @webgpu`, async ({ bench }) => {
    await bench.run(spec(change));
    /** @type {Map<What, number[]>} */
    const tracks = new Map();
    for (const what of /** @type {What[]} */ (['x_t', 'x_0', 'eps'])) tracks.set(what, await bench.values(what));
    await bench.send({ type: 'switch', backend: 'cpu' });
    await expect.poll(async () => (await bench.call('heard', 'backend')).length).toBe(2);
    for (const [what, values] of tracks) {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      expect(distance(await bench.values(what), values) / largest, what).toBeLessThan(tolerance);
    }
  });
}

test('what is drawn is the frame that was asked for, or the newest before it', async ({ bench }) => {
  const [width, height] = [2 * 28, 28];
  await bench.call('picture', width, height);
  await bench.run(spec({ steps: 12 }));
  const shows = async (/** @type {What} */ what, /** @type {number} */ frame, /** @type {number} */ asked) => {
    const picture = { canvas: 'picture', lane: 'main', what, frame: asked, columns: 2, rows: 1, gap: 0, urgent: true };
    await bench.send({ type: 'draw', picture });
    const values = await bench.values(what, frame);
    const ink = (/** @type {number} */ value) => (what === 'eps' ? value / 6 + 0.5 : (value + 1) / 2);
    await expect(async () => {
      const pixels = await bench.call('pixels');
      const off = pixels.filter((/** @type {number} */ grey, /** @type {number} */ i) => {
        const [x, y] = [i % width, Math.floor(i / width)];
        const value = values[(Math.floor(x / 28) * 28 + y) * 28 + (x % 28)] ?? NaN;
        return Math.abs(255 * (1 - Math.min(1, Math.max(0, ink(value)))) - grey) > 2;
      });
      expect(off.length).toBe(0);
    }).toPass({ timeout: 10_000 });
  };
  await shows('x_t', 4, 4);
  await shows('x_0', 7, 7);
  await shows('eps', 2, 2);
  await shows('x_t', 12, 999);
});

test('a halted lane stands still with its frames, goes on when told, and is gone when released', async ({ bench }, info) => {
  const { frames, batch } = await bench.run(long(info));
  await bench.reached(3);
  await bench.send({ type: 'halt', lane: 'main' });
  const halted = await bench.values('x_t', 1).then(() => bench.ready());
  await bench.page.waitForTimeout(400);
  expect(await bench.ready()).toBe(halted);
  expect(halted).toBeLessThan(frames - 1);
  expect((await bench.values('x_0', 2)).length).toBe(batch * PIXELS);
  expect(await bench.call('refused', 'trajectory', 'main', 'x_t')).toBe('interrupted');
  await bench.send({ type: 'resume', lane: 'main' });
  await bench.reached(halted + 2);
  await bench.send({ type: 'hidden', hidden: true });
  const hidden = await bench.values('x_t', 1).then(() => bench.ready());
  await bench.page.waitForTimeout(400);
  expect(await bench.ready()).toBe(hidden);
  await bench.send({ type: 'hidden', hidden: false });
  await bench.reached(hidden + 2);
  await bench.send({ type: 'release', lane: 'main' });
  expect(await bench.call('refused', 'frameValues', 'main', 'x_t', 0)).toBe('shape');
});

test('lanes grow side by side', async ({ bench }, info) => {
  await bench.run(long(info));
  await bench.run(long(info, { seed: 9 }), { lane: 'other' });
  await bench.reached(1);
  await bench.reached(3, 'other');
  const [main, other] = [await bench.ready(), await bench.ready('other')];
  await bench.reached(main + 2);
  await bench.reached(other + 2, 'other');
});

test('two hundred restarts take no more memory, and the last one is what is there', async ({ bench }) => {
  await bench.call('picture', 56, 28);
  const settle = async () => {
    await bench.run(spec());
    await bench.reached(10);
    const before = (await bench.call('heard', 'stats')).length;
    const picture = { canvas: 'picture', lane: 'main', what: 'x_t', frame: 10, columns: 2, rows: 1, gap: 0, urgent: true };
    await bench.send({ type: 'draw', picture });
    await expect.poll(async () => (await bench.call('heard', 'stats')).length).toBeGreaterThan(before);
    return (await bench.call('heard', 'stats')).at(-1);
  };
  // every shape of step that the restarts need is compiled once
  expect(await bench.call('restart', spec())).toBe(200);
  const before = await settle();
  const values = await bench.values('x_t', 10);
  expect(await bench.call('restart', spec())).toBe(200);
  const after = await settle();
  expect(distance(await bench.values('x_t', 10), values)).toBe(0);
  expect([after.buffers, after.bytes, after.heap]).toEqual([before.buffers, before.bytes, before.heap]);
});

test('a lost device resumes at the same frame with the same numbers @webgpu', async ({ bench }) => {
  await bench.run(spec({ steps: 16 }));
  const undisturbed = await bench.values('x_t');
  await bench.run(spec({ steps: 16 }));
  await bench.reached(4);
  await bench.send({ type: 'halt', lane: 'main' });
  const frame = await bench.values('x_t', 1).then(() => bench.ready());
  const count = (await bench.call('heard', 'frames')).length;
  await destroyDevice(bench.page);
  await expect.poll(async () => (await bench.call('heard', 'rebuilt')).length, { timeout: 20_000 }).toBe(1);
  const size = 2 * PIXELS;
  expect(distance(await bench.values('x_t', frame), undisturbed.slice(frame * size, (frame + 1) * size))).toBe(0);
  expect((await bench.call('heard', 'frames')).length, 'frames that are computed again are no news').toBe(count);
  await bench.send({ type: 'resume', lane: 'main' });
  expect(distance(await bench.values('x_t'), undisturbed)).toBe(0);
  expect(await bench.call('heard', 'failure')).toEqual([]);
});

test('what cannot be run is refused by kind, and other lanes go on', async ({ bench }) => {
  await bench.run(spec(), { lane: 'other' });
  expect(await bench.call('refused', 'run', 'main', spec({ model: 'nowhere' }))).toBe('no-model');
  expect(await bench.call('refused', 'run', 'main', spec({ steps: 0 }))).toBe('data');
  expect(await bench.call('refused', 'run', 'main', { ...spec(), sampler: 'magic' })).toBe('data');
  expect(await bench.call('refused', 'run', 'main', spec({ start: { kind: 'data' }, direction: 'encode' }))).toBe('data');
  expect(await bench.call('refused', 'frameValues', 'main', 'x_t', 0)).toBe('shape');
  await bench.reached(10, 'other');
});
