import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { serveFolder } from '../../scripts/lib/static-server.mjs';

/** @type {string} */
let folder;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'inkling-server-'));
  await mkdir(path.join(folder, 'site/assets'), { recursive: true });
  await writeFile(path.join(folder, 'site/index.html'), '<title>page</title>');
  await writeFile(path.join(folder, 'site/assets/a b.wasm'), 'x'.repeat(1000));
  await writeFile(path.join(folder, 'secret.txt'), 'secret');
});
after(() => rm(folder, { recursive: true }));

/**
 * @param {import('../../scripts/lib/static-server.mjs').ServerOptions} options
 * @param {(server: { url: string, port: number }) => Promise<void>} body
 */
async function withServer(options, body) {
  const server = await serveFolder(path.join(folder, 'site'), options);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}

/**
 * Asks for a path as it stands, where fetch would tidy it up first.
 * @param {number} port
 * @param {string} asked
 * @returns {Promise<number | undefined>} the status
 */
function status(port, asked) {
  return new Promise((resolve, reject) => {
    http
      .get({ port, host: '127.0.0.1', path: asked }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
      .once('error', reject);
  });
}

test('serves files with their types, and index.html for a folder', () =>
  withServer({}, async ({ url }) => {
    const page = await fetch(url);
    assert.equal(await page.text(), '<title>page</title>');
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    const wasm = await fetch(`${url}assets/a%20b.wasm`);
    assert.equal(wasm.headers.get('content-type'), 'application/wasm');
    assert.equal((await wasm.arrayBuffer()).byteLength, 1000);
  }));

test('serves under a sub-folder only', () =>
  withServer({ base: '/school/digits/' }, async ({ url, port }) => {
    assert.equal((await fetch(url)).status, 200);
    assert.equal(await status(port, '/'), 404);
    assert.equal(await status(port, '/index.html'), 404);
  }));

test('never leaves the folder', () =>
  withServer({}, async ({ port }) => {
    for (const asked of ['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/..%2f..%2fsecret.txt']) {
      assert.equal(await status(port, asked), 404, asked);
    }
    assert.equal(await status(port, '/%zz'), 400);
    assert.equal(await status(port, '/assets'), 404);
  }));

test('answers 304 for what the browser has, 405 for writing', () =>
  withServer({}, async ({ url }) => {
    const tag = (await fetch(url)).headers.get('etag') ?? '';
    assert.equal((await fetch(url, { headers: { 'If-None-Match': tag } })).status, 304);
    assert.equal((await fetch(url, { method: 'POST' })).status, 405);
  }));

test('sends no faster than asked', () =>
  withServer({ bytesPerSecond: 2000 }, async ({ url }) => {
    const start = performance.now();
    assert.equal((await (await fetch(`${url}assets/a%20b.wasm`)).arrayBuffer()).byteLength, 1000);
    assert.ok(performance.now() - start > 400);
  }));

test('takes the next port where one is in use', () =>
  withServer({}, async ({ port }) => {
    await withServer({ port }, async (second) => {
      assert.ok(second.port > port);
      assert.equal((await fetch(second.url)).status, 200);
    });
  }));
