/**
 * `npm run bench`: our engine in headless Chromium, medians in milliseconds. Options: `--rounds=9`, `--backends=cpu,gpu`.
 *
 * The GPU column is what Chromium finds; on a machine without one that is SwiftShader, which runs on the CPU.
 */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from '@playwright/test';
import { COMMON_FLAGS, WEBGPU_FLAGS } from '../tests/browser/playwright.config.js';
import { buildWasm } from './build.mjs';
import { ROOT, UserError, runMain, say } from './lib/process.mjs';
import { ensureChromium, ensurePackages, ensureRust, findChromium } from './lib/setup.mjs';
import { serveFolder } from './lib/static-server.mjs';

const option = (/** @type {string} */ name, /** @type {string} */ otherwise) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3) ?? otherwise;

await runMain(async () => {
  const rounds = Number(option('rounds', '9'));
  const backends = option('backends', 'cpu,gpu').split(',');
  if (!Number.isInteger(rounds) || rounds < 1) throw new UserError('--rounds is a whole number from 1');
  if (backends.some((backend) => !['cpu', 'gpu'].includes(backend))) throw new UserError('--backends is cpu, gpu or both');
  await ensurePackages();
  await ensureRust();
  await ensureChromium();
  await buildWasm();

  const server = await serveFolder(ROOT);
  const browser = await chromium.launch({ executablePath: findChromium(), args: [...COMMON_FLAGS, ...WEBGPU_FLAGS] });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => say(`page: ${error.message}`));
    await page.goto(`${server.url}tests/bench/index.html`);
    await page.waitForFunction(() => 'bench' in globalThis);
    const bench = (/** @type {string} */ name, /** @type {unknown[]} */ ...args) =>
      page.evaluate(([call, given]) => /** @type {any} */ (globalThis).bench[call](...given), /** @type {const} */ ([name, args]));
    const ids = /** @type {string[]} */ (await page.evaluate(() => /** @type {any} */ (globalThis).bench.ids));
    /** @type {Record<string, string>[]} */
    const rows = [];
    for (const id of ids) {
      say(id);
      /** @type {Record<string, string>} */
      const row = { item: id };
      for (const backend of backends) row[`${backend} ms`] = digits(await bench('measure', backend, id, rounds));
      rows.push(row);
    }
    for (const model of models()) {
      for (const count of [1, 400]) {
        const id = `${model.id}: drag, ${count === 1 ? 'one image' : `${count} images`} decoded and drawn`;
        say(id);
        /** @type {Record<string, string>} */
        const row = { item: id };
        for (const backend of backends) row[`${backend} ms`] = digits((await bench('drag', backend, model, count, rounds)).done);
        rows.push(row);
      }
    }
    console.table(rows);
  } finally {
    await browser.close();
    await server.close();
  }
});

/** @param {number} milliseconds */
function digits(milliseconds) {
  return milliseconds >= 100 ? milliseconds.toFixed(0) : milliseconds.toPrecision(3);
}

/** The shipped models with their number of latents, from the catalog and the files' own configs. */
function models() {
  const folder = path.join(ROOT, 'www/models');
  const catalog = JSON.parse(readFileSync(path.join(folder, 'catalog.json'), 'utf8'));
  return catalog.models.map((/** @type {{id: string, file: string}} */ { id, file }) => {
    const bytes = readFileSync(path.join(folder, file));
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
    return { id, file, z_dim: JSON.parse(header.__metadata__.inkling).z_dim };
  });
}
