import { cp } from 'node:fs/promises';
import { defineConfig } from 'vite';
import { recordChunks } from './scripts/lib/chunk-record.mjs';

/**
 * Weights keep their names: the catalog refers to them, and people download them.
 * @returns {import('vite').Plugin}
 */
function copyModels() {
  return {
    name: 'copy-models',
    async writeBundle(options) {
      await cp('www/models', `${options.dir}/models`, { recursive: true });
    },
  };
}

/**
 * KaTeX brings its fonts in formats for browsers that cannot run this page.
 * @returns {import('vite').Plugin}
 */
function onlyModernFonts() {
  return {
    name: 'only-modern-fonts',
    enforce: 'pre',
    transform: {
      filter: { id: /katex[^/]*\.css/ },
      handler: (code) => code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)/g, ''),
    },
  };
}

export default defineConfig({
  // every address is relative to the file that names it, so that the site runs from any folder
  base: './',
  publicDir: false,
  worker: { format: 'es', plugins: () => [recordChunks('worker')] },
  plugins: [recordChunks('page'), onlyModernFonts(), copyModels()],
  build: {
    target: 'es2022',
    // the Content-Security-Policy has no data: addresses
    assetsInlineLimit: 0,
    license: { fileName: 'licenses.md' },
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: Infinity,
  },
});
