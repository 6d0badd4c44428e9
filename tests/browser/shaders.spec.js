/** Every shader through Chromium's compiler, which refuses things that naga lets pass. */

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/lib/process.mjs';
import { expect, test } from './fixtures.js';

const FOLDER = path.join(ROOT, 'shaders');

/**
 * The text of a shader with its imports, each once, as the engine resolves them.
 * @param {string} file
 * @param {Set<string>} [seen]
 * @returns {string}
 */
function resolveImports(file, seen = new Set()) {
  return readFileSync(file, 'utf8').replace(/^[ \t]*\/\/ @import (\w+)[ \t]*$/gm, (_line, name) => {
    if (seen.has(name)) return '';
    seen.add(name);
    return resolveImports(path.join(FOLDER, 'shared', `${name}.wgsl`), seen);
  });
}

const shaders = readdirSync(FOLDER).filter((name) => name.endsWith('.wgsl'));

test('there are shaders @webgpu', () => {
  expect(shaders.length).toBeGreaterThan(0);
});

for (const name of shaders) {
  test(`${name} compiles within the default limits @webgpu`, async ({ page, site }) => {
    const blank = new URL('blank', site.url).href;
    await page.route(blank, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>blank</title>' }));
    await page.goto(blank);
    const problems = await page.evaluate(async (code) => {
      const adapter = await navigator.gpu.requestAdapter();
      if (!adapter) return ['there is no adapter'];
      // a device asked for without limits has the default ones
      const device = await adapter.requestDevice();
      device.pushErrorScope('validation');
      const module = device.createShaderModule({ code });
      const { messages } = await module.getCompilationInfo();
      const found = messages.map(({ type, lineNum, message }) => `${type}, line ${lineNum}: ${message}`);
      const entryPoint = (/** @type {string} */ stage) => code.match(new RegExp(`@${stage}\\b[^{]*?\\bfn\\s+(\\w+)`))?.[1];
      const compute = { module, entryPoint: entryPoint('compute') };
      const vertex = { module, entryPoint: entryPoint('vertex') };
      const fragment = { module, entryPoint: entryPoint('fragment'), targets: [{ format: navigator.gpu.getPreferredCanvasFormat() }] };
      const pipeline = compute.entryPoint
        ? device.createComputePipelineAsync({ layout: 'auto', compute })
        : device.createRenderPipelineAsync({ layout: 'auto', vertex, fragment });
      await pipeline.catch((error) => found.push(error.message));
      const error = await device.popErrorScope();
      if (error && found.length === 0) found.push(error.message);
      device.destroy();
      return found;
    }, resolveImports(path.join(FOLDER, name)));
    expect(problems).toEqual([]);
  });
}
