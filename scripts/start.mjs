/** `npm start [-- --port=N --host=ADDRESS]`: sets up, builds, and serves the page. */

import { parseArgs } from 'node:util';
import { DIST, buildSite } from './build.mjs';
import { UserError, runMain, say } from './lib/process.mjs';
import { ensurePackages, ensureRust } from './lib/setup.mjs';
import { serveFolder } from './lib/static-server.mjs';

const DEFAULT_PORT = 8000;

await runMain(async () => {
  const { port, host } = readOptions();
  await ensurePackages();
  await ensureRust();
  await buildSite();
  const server = await serveFolder(DIST, { port, host });
  if (server.port !== port) say(`port ${port} is in use, so this is port ${server.port}`);
  process.once('SIGINT', () => void server.close());
  console.log(`\n  Inkling is at ${server.url}\n  Ctrl-C ends it.\n`);
});

/** @returns {{ port: number, host: string | undefined }} */
function readOptions() {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' }, host: { type: 'string' } } });
    const port = Number(values.port ?? process.env.PORT ?? DEFAULT_PORT);
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error('--port takes a number from 1 to 65535');
    return { port, host: values.host };
  } catch (error) {
    throw new UserError(`${/** @type {Error} */ (error).message}. Usage: npm start -- [--port=N] [--host=ADDRESS]`);
  }
}
