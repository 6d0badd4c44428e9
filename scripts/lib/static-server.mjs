/** A static file server as plain as the hosts the page is made for: no special headers, no rewriting. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from './process.mjs';

/** @type {Record<string, string>} */
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** How many ports are tried after the one asked for. */
const PORT_ATTEMPTS = 20;

/**
 * @typedef {object} ServerOptions
 * @property {number} [port] the first port to try; 0 (the default) takes any free one
 * @property {string} [host] the address to listen on; this machine only by default
 * @property {string} [base] the path the folder appears under, such as '/school/digits/'
 * @property {number} [bytesPerSecond] sends no faster than this
 */

/**
 * Serves a folder.
 * @param {string} folder
 * @param {ServerOptions} [options]
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>} `url` ends with a slash
 */
export async function serveFolder(folder, { port = 0, host = '127.0.0.1', base = '/', bytesPerSecond } = {}) {
  const root = path.resolve(folder);
  const server = http.createServer((request, response) => {
    respond(root, base, bytesPerSecond, request, response).catch((error) => {
      // the reader went away in the middle of a file
      if (error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ECONNRESET') return;
      console.error(`${request.url}: ${error.message}`);
      response.destroy();
    });
  });
  const bound = await listen(server, port, host);
  // browsers trust localhost as they trust https, which WebGPU asks for
  const name = host === '127.0.0.1' || host === '0.0.0.0' ? 'localhost' : host;
  return {
    url: `http://${name}:${bound}${base}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Listens on the first free port from `port` on.
 * @param {http.Server} server
 * @param {number} port
 * @param {string} host
 * @returns {Promise<number>} the port
 */
async function listen(server, port, host) {
  const last = port === 0 ? 0 : Math.min(port + PORT_ATTEMPTS, 65535);
  for (let candidate = port; candidate <= last; candidate++) {
    try {
      return await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(candidate, host, () => {
          server.off('error', reject);
          const address = server.address();
          resolve(typeof address === 'object' && address ? address.port : candidate);
        });
      });
    } catch (error) {
      const code = /** @type {NodeJS.ErrnoException} */ (error).code;
      if (code === 'EACCES') throw new UserError(`port ${candidate} needs more rights than you have: choose one above 1023`);
      if (code !== 'EADDRINUSE') throw error;
    }
  }
  throw new UserError(`the ports ${port} to ${last} are all in use: choose another with --port=N`);
}

/**
 * @param {string} root
 * @param {string} base
 * @param {number | undefined} bytesPerSecond
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 */
async function respond(root, base, bytesPerSecond, request, response) {
  const refuse = (/** @type {number} */ status) => void response.writeHead(status).end(http.STATUS_CODES[status]);
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405);
  const asked = readPath(request.url);
  if (asked === undefined) return refuse(400);
  if (!asked.startsWith(base)) return refuse(404);
  let file = path.resolve(root, asked.slice(base.length));
  if (file !== root && !file.startsWith(root + path.sep)) return refuse(404);
  if (asked.endsWith('/')) file = path.join(file, 'index.html');
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile()) return refuse(404);

  const tag = `"${info.size.toString(16)}-${Math.round(info.mtimeMs).toString(16)}"`;
  // a rebuild must show at once
  const headers = { 'Cache-Control': 'no-cache', ETag: tag };
  if (request.headers['if-none-match'] === tag) return void response.writeHead(304, headers).end();
  const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
  response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': info.size });
  if (request.method === 'HEAD') return void response.end();
  if (bytesPerSecond) await pipeline(createReadStream(file), slowDown(bytesPerSecond), response);
  else await pipeline(createReadStream(file), response);
}

/**
 * The decoded path of a request, or undefined where it is malformed.
 * @param {string | undefined} url
 */
function readPath(url) {
  try {
    return decodeURIComponent(new URL(url ?? '/', 'http://localhost').pathname);
  } catch {
    return undefined;
  }
}

/**
 * Lets bytes through at a steady pace, in tenths of a second.
 * @param {number} bytesPerSecond
 */
function slowDown(bytesPerSecond) {
  const piece = Math.max(1, Math.round(bytesPerSecond / 10));
  return new Transform({
    async transform(/** @type {Buffer} */ chunk, _encoding, done) {
      for (let at = 0; at < chunk.length; at += piece) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        this.push(chunk.subarray(at, at + piece));
      }
      done();
    },
  });
}
