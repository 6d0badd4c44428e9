/**
 * What every browser test starts from: the built site on a local server, and a page that fails its test
 * when something goes wrong in it or when it asks another origin for anything.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test as base, expect } from '@playwright/test';
import { DIST } from '../../scripts/build.mjs';
import { serveFolder } from '../../scripts/lib/static-server.mjs';

/** The folder that `site.underFolder` serves the site in. */
const SUB_FOLDER = '/school/digits/';

/**
 * @typedef {object} Site
 * @property {string} url the site at the root of its origin; what `page.goto('./')` opens
 * @property {string} underFolder the site inside a folder
 * @property {(bytesPerSecond: number) => Promise<string>} throttled address of the site over a slow line
 */

/**
 * @typedef {object} Faults
 * @property {(pattern: RegExp) => void} expect announces a message that this test provokes; it must then come
 * @property {() => string[]} list what went wrong so far
 */

export const test = base.extend(
  /** @type {import('@playwright/test').Fixtures<{ faults: Faults }, { site: Site }, import('@playwright/test').PlaywrightTestArgs & import('@playwright/test').PlaywrightTestOptions, import('@playwright/test').PlaywrightWorkerArgs>} */ ({
    site: [
      async ({}, use) => {
        const plain = await serveFolder(DIST);
        const folder = await serveFolder(DIST, { base: SUB_FOLDER });
        const servers = [plain, folder];
        await use({
          url: plain.url,
          underFolder: folder.url,
          async throttled(bytesPerSecond) {
            const server = await serveFolder(DIST, { bytesPerSecond });
            servers.push(server);
            return server.url;
          },
        });
        await Promise.all(servers.map((server) => server.close()));
      },
      { scope: 'worker' },
    ],

    baseURL: async ({ site }, use) => use(site.url),

    faults: async ({ context }, use) => {
      /** @type {string[]} */
      const messages = [];
      /** @type {{ pattern: RegExp, seen: boolean }[]} */
      const announced = [];
      const note = (/** @type {string} */ message) => {
        const expected = announced.find(({ pattern }) => pattern.test(message));
        if (expected) expected.seen = true;
        else messages.push(message);
      };
      context.on('weberror', (error) => note(`uncaught: ${error.error().stack ?? error.error().message}`));
      context.on('console', (message) => {
        // Chromium reports invalid use of WebGPU as a warning
        if (['error', 'warning'].includes(message.type())) note(`${message.type()}: ${message.text()}`);
      });
      context.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url());
        const isLocal = ['data:', 'blob:'].includes(protocol) || hostname === 'localhost';
        if (!isLocal) note(`request to another origin: ${request.url()}`);
      });
      await use({
        expect: (pattern) => void announced.push({ pattern, seen: false }),
        list: () => [...messages],
      });
      expect(messages, 'errors, warnings and foreign requests of the page').toEqual([]);
      const missing = announced.filter(({ seen }) => !seen).map(({ pattern }) => String(pattern));
      expect(missing, 'messages that were announced and did not come').toEqual([]);
    },

    // asking for `faults` makes every test that has a page watch it
    page: async ({ page, faults: _faults }, use) => use(page),
  }),
);

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8');

/**
 * Runs axe on what the page shows now.
 * @param {import('@playwright/test').Page} page
 * @returns {Promise<string[]>} the serious and critical findings, one line each
 */
export async function seriousFindings(page) {
  // evaluated rather than added as a script, which the Content-Security-Policy forbids
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = /** @type {{ axe: typeof import('axe-core') }} */ (/** @type {unknown} */ (window));
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target.join(' ')).join(', ')})`);
  });
}

export { expect };
