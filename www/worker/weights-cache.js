/**
 * Weights that were fetched before, in the browser's Cache Storage: kept under their address and their SHA-256, so that a
 * file is asked for again when the catalog names another version and not before. Where there is no such storage (plain
 * http, private windows) or no room in it, weights are fetched each time; nobody is told.
 */

const NAME = 'inkling-weights';

/** Versions of one file differ in this parameter. */
const VERSION = 'sha256';

/** @returns {Promise<Cache | null>} */
async function open() {
  try {
    return (await globalThis.caches?.open(NAME)) ?? null;
  } catch {
    // switched off
    return null;
  }
}

/** @param {string} address @param {string} sha256 */
function keyOf(address, sha256) {
  const key = new URL(address);
  key.searchParams.set(VERSION, sha256);
  return key.href;
}

/**
 * @param {string} address
 * @param {string} sha256
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>} null: it has to be fetched
 */
export async function recall(address, sha256) {
  const cache = await open();
  try {
    const found = await cache?.match(keyOf(address, sha256));
    return found ? new Uint8Array(await found.arrayBuffer()) : null;
  } catch {
    return null;
  }
}

/**
 * Keeps a file that is whole in place of its other versions.
 * @param {string} address
 * @param {string} sha256
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function remember(address, sha256, bytes) {
  const cache = await open();
  if (!cache) return;
  const key = keyOf(address, sha256);
  try {
    const { pathname } = new URL(address);
    const kept = await cache.keys();
    // first, as they may take the room that the new one needs
    await Promise.all(kept.filter(({ url }) => new URL(url).pathname === pathname && url !== key).map((other) => cache.delete(other)));
    await cache.put(key, new Response(bytes));
  } catch {
    // no room
  }
}

/** Forgets a file that is not what it was kept as. @param {string} address @param {string} sha256 */
export async function forget(address, sha256) {
  const cache = await open();
  await cache?.delete(keyOf(address, sha256)).catch(() => false);
}
