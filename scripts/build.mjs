/** `npm run build`: the WebAssembly, then the static site in dist/. */

import path from 'node:path';
import { ROOT, isMain, must, runMain, say } from './lib/process.mjs';
import { ensurePackages, ensureRust } from './lib/setup.mjs';

/** Where the site is built. */
export const DIST = path.join(ROOT, 'dist');

/** Builds www/wasm; quick where nothing changed. */
export async function buildWasm() {
  say('building the WebAssembly (the first time takes minutes)');
  await must('cargo', ['run', '--package', 'xtask', '--', 'wasm']);
}

/** Builds the WebAssembly and the site. The npm packages and the Rust target have to be there. */
export async function buildSite() {
  await buildWasm();
  say('building the site into dist/');
  const { build } = await import('vite');
  await build({ root: ROOT, logLevel: 'warn' });
}

if (isMain(import.meta.url)) {
  await runMain(async () => {
    await ensurePackages();
    await ensureRust();
    await buildSite();
    say('dist/ is ready: put the folder on any static host');
  });
}
