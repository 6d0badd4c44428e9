/** Which scripts of the built site load which others: what the size test adds up. */

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from './process.mjs';

/**
 * @typedef {object} ChunkRecord
 * @property {string} file path inside dist
 * @property {boolean} isEntry loaded by the page's HTML, or as a worker
 * @property {string[]} imports files loaded together with it
 * @property {string[]} sources modules it was made of, relative to the repository
 */

/** @param {'page' | 'worker'} part */
const recordFile = (part) => path.join(ROOT, 'target', 'site', `${part}-chunks.json`);

/**
 * A Vite plugin that notes the chunks of the page or of its worker beside the build.
 * @param {'page' | 'worker'} part
 * @returns {import('vite').Plugin}
 */
export function recordChunks(part) {
  return {
    name: `record-${part}-chunks`,
    async generateBundle(_options, bundle) {
      /** @type {ChunkRecord[]} */
      const records = [];
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        const sources = chunk.moduleIds.map((id) => path.relative(ROOT, id));
        records.push({ file: chunk.fileName, isEntry: chunk.isEntry, imports: chunk.imports, sources });
      }
      await mkdir(path.dirname(recordFile(part)), { recursive: true });
      await writeFile(recordFile(part), JSON.stringify(records));
    },
  };
}
export { recordFile };
