/** A page that has nothing but what can be imported from www/: the ground for tests of the worker without the page. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@playwright/test';
import { ROOT } from '../../../scripts/lib/process.mjs';
import { serveFolder } from '../../../scripts/lib/static-server.mjs';

/** @import { Page } from '@playwright/test' */

/** Remembers the worker's devices, so that a test can destroy one. */
const KEEP_DEVICES = `
  const request = globalThis.GPUAdapter?.prototype.requestDevice;
  self.devices = [];
  if (request) GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await request.apply(this, given);
    self.devices.push(device);
    return device;
  };`;

/**
 * Opens an empty page on www/, with `bench-canvas.js` beside the rest.
 * @param {Page} page
 * @returns {Promise<() => Promise<void>>} closes the server
 */
export async function openBlank(page) {
  const server = await serveFolder(path.join(ROOT, 'www'));
  const blank = new URL('blank', server.url).href;
  await page.route(blank, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>bench</title>' }));
  const canvas = readFileSync(path.join(ROOT, 'tests/browser/support/bench-canvas.js'));
  await page.route(/\/bench-canvas\.js$/, (route) => route.fulfill({ contentType: 'text/javascript', body: canvas }));
  await page.route(/\/worker\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: KEEP_DEVICES + (await response.text()) });
  });
  await page.goto(blank);
  return () => server.close();
}

/** @param {Page} page */
export async function destroyDevice(page) {
  await page.workers()[0]?.evaluate(() => /** @type {any} */ (self).devices.at(-1).destroy());
}

/** The largest difference. @param {number[]} a @param {number[]} b */
export function distance(a, b) {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);
}
