/** What the worker fetches: the wasm module that this browser can run, and model files, both with progress in bytes. */

import { KindError } from '../protocol.js';
import { forget, recall, remember } from './weights-cache.js';

/** @import { BackendReason, CatalogRow, ModelInfo, Progress, Session } from '../protocol.js' */

/**
 * The smallest module that uses a relaxed-SIMD instruction (i8x16.relaxed_swizzle of two constants).
 * `WebAssembly.validate` on it tells which of the two builds to fetch.
 */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253,
  128, 2, 11,
]);

/** The same for fixed-width SIMD, without which neither build runs. */
const FIXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/**
 * @typedef {object} Engine
 * @property {{create: (kind: string) => Promise<Session>}} Session
 * @property {() => Promise<void>} prepareGpu  what a session on the GPU needs besides
 * @property {'relaxed SIMD' | 'SIMD'} instructions
 */

/**
 * @param {(progress: Progress) => void} report
 * @returns {Promise<Engine>}
 */
export async function loadEngine(report) {
  if (!WebAssembly.validate(FIXED_SIMD)) throw new KindError('no-simd', '');
  const relaxed = WebAssembly.validate(RELAXED_SIMD);
  const [glue, url] = relaxed
    ? [await import('../wasm/relaxed/inkling.js'), new URL('../wasm/relaxed/inkling_bg.wasm', import.meta.url)]
    : [await import('../wasm/plain/inkling.js'), new URL('../wasm/plain/inkling_bg.wasm', import.meta.url)];
  const bytes = await fetchBytes(url.href, 'engine', 0, report);
  await glue.default({ module_or_path: bytes });
  const prepareGpu = async () => glue.provide_shaders((await import('../wasm/shaders.js')).default);
  return { Session: glue.Session, prepareGpu, instructions: relaxed ? 'relaxed SIMD' : 'SIMD' };
}

/**
 * A model named by the catalog, whole: from the browser's store where this version is kept there, else fetched.
 * @param {CatalogRow} row
 * @param {string} base  address of the folder `models/`
 * @param {(progress: Progress) => void} report
 */
export async function fetchModel(row, base, report) {
  const address = new URL(row.file, base).href;
  const kept = row.sha256 ? await recall(address, row.sha256) : null;
  if (kept && (await isWhole(row, kept))) {
    report({ stage: 'model', loaded: kept.byteLength, total: kept.byteLength });
    return kept;
  }
  if (kept) await forget(address, row.sha256);
  // the server is asked whether the browser's own copy, if there is one, is still what it has
  const bytes = await fetchBytes(address, 'model', row.bytes, report, 'no-cache');
  if (!(await isWhole(row, bytes))) throw new KindError('incomplete-download', row.file);
  // nobody waits for it
  if (row.sha256) remember(address, row.sha256, bytes);
  return bytes;
}

/** @param {CatalogRow} row @param {Uint8Array<ArrayBuffer>} bytes */
async function isWhole(row, bytes) {
  if (row.bytes && bytes.byteLength !== row.bytes) return false;
  // crypto.subtle exists only in secure contexts; a page served over plain http still has the length check
  if (!row.sha256 || !globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') === row.sha256;
}

/**
 * @param {string} address
 * @param {Progress['stage']} stage
 * @param {number} expected  bytes; 0 when only the server knows
 * @param {(progress: Progress) => void} report
 * @param {RequestCache} [mode]
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function fetchBytes(address, stage, expected, report, mode = 'default') {
  report({ stage, loaded: 0, total: expected });
  let response;
  try {
    response = await fetch(address, { cache: mode });
  } catch {
    throw new KindError('network', address);
  }
  if (!response.ok || !response.body) throw new KindError('network', `${address} (${response.status})`);
  // a compressed transfer states its compressed length, which is no measure of what arrives here
  const stated = response.headers.get('content-encoding') ? 0 : Number(response.headers.get('content-length') ?? 0);
  const total = expected || stated;
  /** @type {Uint8Array[]} */
  const chunks = [];
  let loaded = 0;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      loaded += value.byteLength;
      report({ stage, loaded, total });
    }
  } catch {
    throw new KindError('network', address);
  }
  report({ stage, loaded, total: loaded });
  const bytes = new Uint8Array(loaded);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** Names under which software adapters go that do not set `isFallbackAdapter`. */
const SOFTWARE_ADAPTERS = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/**
 * Asks for an adapter without making a device of it: whether the GPU is worth choosing.
 * @returns {Promise<{usable: true, adapter: string} | {usable: false, reason: BackendReason, adapter: string}>}
 */
export async function surveyGpu() {
  if (!globalThis.navigator?.gpu) return { usable: false, reason: 'no-webgpu', adapter: '' };
  let adapter;
  try {
    adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    adapter = null;
  }
  if (!adapter) return { usable: false, reason: 'no-adapter', adapter: '' };
  const { vendor, architecture, description } = adapter.info;
  const name = description || [vendor, architecture].filter(Boolean).join(' ');
  const fallback = adapter.info.isFallbackAdapter || /** @type {{isFallbackAdapter?: boolean}} */ (adapter).isFallbackAdapter;
  if (fallback || SOFTWARE_ADAPTERS.test(`${vendor} ${architecture} ${description}`)) {
    return { usable: false, reason: 'software', adapter: name };
  }
  return { usable: true, adapter: name };
}

/** Where a session has the file that was looked at last; no model has such an id. */
const INSPECTED = '?';

/**
 * What a file holds, or why it cannot be used; no model that is in use changes.
 * @param {Session} session
 * @param {Uint8Array} bytes
 * @param {string} selected  the VAE that is decoded, if there is one
 * @returns {ModelInfo}
 */
export function inspect(session, bytes, selected) {
  const info = JSON.parse(session.load(INSPECTED, bytes));
  // what is decoded still comes from the VAE of before
  if (info.config.family === 'vae' && selected) session.select(selected);
  return info;
}
