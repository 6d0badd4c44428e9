/** How many bytes a visitor loads, and the limits on that. Reads what `npm run build` left. */

import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { DIST } from './build.mjs';
import { recordFile } from './lib/chunk-record.mjs';
import { ROOT, UserError, isMain, runMain } from './lib/process.mjs';

/** Limits in bytes: 350, 90 and 150 KB of 1,024 bytes after gzip, and of all weights together, which do not get smaller by it. */
const LIMITS = { wasm: 350 * 1024, measures: 90 * 1024, script: 150 * 1024, weights: 20e6 };

/** The script that wasm-bindgen writes belongs to the engine, and comes in as many copies as there are variants. */
const GLUE = /^www\/wasm\/(\w+)\/inkling\.js$/;

/** @param {string} file */
const gzipped = (file) => gzipSync(readFileSync(file), { level: 9 }).length;

/**
 * Measures the built site.
 * @returns {{ label: string, bytes: number, limit?: number, stored?: boolean }[]} gzipped sizes, but for what is `stored`
 */
export function measure() {
  const parts = /** @type {const} */ (['page', 'worker']).map((part) => {
    if (!existsSync(recordFile(part))) throw new UserError(`the site has not been built: run \`npm run build\` first`);
    return /** @type {import('./lib/chunk-record.mjs').ChunkRecord[]} */ (JSON.parse(readFileSync(recordFile(part), 'utf8')));
  });
  const sizes = [];
  const entries = readdirSync(path.join(ROOT, 'www/wasm'), { withFileTypes: true });
  for (const { name: variant } of entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))) {
    const bytes = gzipped(path.join(ROOT, 'www/wasm', variant, 'inkling_bg.wasm'));
    sizes.push({ label: `wasm, ${variant}`, bytes, limit: variant === 'measures' ? LIMITS.measures : LIMITS.wasm });
    const glue = parts.flat().find((chunk) => chunk.sources.some((source) => source.match(GLUE)?.[1] === variant));
    if (!glue) throw new UserError(`the built site does not load the ${variant} WebAssembly`);
    sizes.push({ label: `${variant === 'measures' ? 'module' : 'engine'}, ${variant} (wasm and glue)`, bytes: bytes + gzipped(path.join(DIST, glue.file)) });
  }
  const first = new Set(parts.flatMap((chunks) => loadedAtOnce(chunks)));
  const bytes = [...first].reduce((sum, file) => sum + gzipped(path.join(DIST, file)), 0);
  sizes.push({ label: 'scripts of the page and its worker, without lazy parts and glue', bytes, limit: LIMITS.script });
  const models = path.join(ROOT, 'www/models');
  const weights = readdirSync(models).filter((name) => /\.(safetensors|bin)$/.test(name));
  const stored = weights.reduce((sum, name) => sum + statSync(path.join(models, name)).size, 0);
  sizes.push({ label: 'all weights together, each loaded when it is asked for', bytes: stored, limit: LIMITS.weights, stored: true });
  return sizes;
}

/**
 * The files that come with the entries, whatever the visitor does.
 * @param {import('./lib/chunk-record.mjs').ChunkRecord[]} chunks
 * @returns {string[]}
 */
export function loadedAtOnce(chunks) {
  const byFile = new Map(chunks.map((chunk) => [chunk.file, chunk]));
  const pending = chunks.filter((chunk) => chunk.isEntry).map((chunk) => chunk.file);
  const seen = new Set(pending);
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    for (const next of byFile.get(file)?.imports ?? []) {
      if (!seen.has(next)) pending.push(next);
      seen.add(next);
    }
  }
  return [...seen].filter((file) => !byFile.get(file)?.sources.some((source) => GLUE.test(source)));
}

/**
 * Prints the sizes.
 * @returns {{ passed: number, failed: number }} one for every size that has a limit
 */
export function checkSizes() {
  const count = { passed: 0, failed: 0 };
  for (const { label, bytes, limit, stored } of measure()) {
    const verdict = limit === undefined ? '' : `, limit ${(limit / 1000).toFixed(0)} kB: ${bytes <= limit ? 'ok' : 'TOO LARGE'}`;
    console.log(`${label}: ${(bytes / 1000).toFixed(1)} kB${stored ? '' : ' gzipped'}${verdict}`);
    if (limit !== undefined) count[bytes <= limit ? 'passed' : 'failed']++;
  }
  return count;
}

if (isMain(import.meta.url)) {
  await runMain(async () => {
    if (checkSizes().failed > 0) process.exitCode = 1;
  });
}
