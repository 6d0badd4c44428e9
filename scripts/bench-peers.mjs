/**
 * `npm run bench:peers -- DIR [options]`: measures our engine beside other ones.
 *
 * DIR holds the other engines and their `bench.mjs`, as its README says. It is copied to a scratch folder,
 * for it writes beside itself; our two columns are added, and the table is printed. Options go to `bench.mjs`.
 */

import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildWasm } from './build.mjs';
import { ROOT, UserError, capture, must, runMain, say } from './lib/process.mjs';
import { ensureChromium, ensurePackages, ensureRust } from './lib/setup.mjs';

/** Kept between runs, so that the second one starts in seconds; `cargo clean` removes it. */
const SCRATCH = path.join(ROOT, 'target', 'peers');

const ADAPTERS = ['inkling-gpu', 'inkling-cpu'].map((name) => path.join(ROOT, 'tests', 'bench', `${name}.js`));

/** What bench.mjs makes in its folder; left alone when the folder is copied again. */
const MADE_THERE = new Set(['node_modules', 'models', 'ref', 'dist', 'venv']);

await runMain(async () => {
  const [folder, ...options] = process.argv.slice(2);
  if (!folder || folder.startsWith('--')) {
    throw new UserError('Usage: npm run bench:peers -- DIR [options of its bench.mjs], where DIR holds bench.mjs and the engines');
  }
  const source = path.resolve(process.env.INIT_CWD ?? process.cwd(), folder);
  const missing = ['bench.mjs', 'table.mjs', 'package-lock.json'].filter((file) => !existsSync(path.join(source, file)));
  if (missing.length > 0) throw new UserError(`${source} is not a folder of engines to compare with: it has no ${missing.join(', no ')}`);

  await ensurePackages();
  await ensureRust();
  await ensureChromium();
  await buildWasm();
  const engine = await packEngine();
  const peers = await copyPeers(source);

  say('measuring; the whole table takes about ten minutes on two cores');
  const given = options.find((option) => option.startsWith('--out='))?.slice('--out='.length);
  const results = path.resolve(process.env.INIT_CWD ?? process.cwd(), given ?? path.join(SCRATCH, 'results.json'));
  rmSync(results, { force: true });
  await must(
    process.execPath,
    [
      'bench.mjs',
      `--with=${ADAPTERS.join(',')}`,
      `--serve=${engine}`,
      ...options.filter((option) => !option.startsWith('--out=')),
      `--out=${results}`,
    ],
    { cwd: peers },
  );
  const table = capture(process.execPath, [path.join(peers, 'table.mjs'), results]);
  if (table === undefined) throw new UserError(`the results in ${results} are incomplete: see the messages above`);
  console.log(`\n${table}\n\nThe figures are in ${results}`);
  const ours = /** @type {{ errors: { peer: string }[] }} */ (JSON.parse(readFileSync(results, 'utf8'))).errors.filter(({ peer }) =>
    peer.startsWith('inkling'),
  );
  if (ours.length > 0) throw new UserError(`our columns had errors: ${JSON.stringify(ours)}`);
});

/**
 * Puts our engine into a folder, its glue minified as the page's is: the comparison counts bytes too.
 * @returns {Promise<string>} the folder, with plain/ and relaxed/ inside
 */
async function packEngine() {
  const { minify } = await import('vite');
  const packed = path.join(SCRATCH, 'engine');
  rmSync(packed, { recursive: true, force: true });
  mkdirSync(packed, { recursive: true });
  cpSync(path.join(ROOT, 'www/wasm/shaders.js'), path.join(packed, 'shaders.js'));
  for (const variant of ['plain', 'relaxed']) {
    const from = path.join(ROOT, 'www/wasm', variant);
    const to = path.join(packed, variant);
    mkdirSync(to, { recursive: true });
    cpSync(path.join(from, 'inkling_bg.wasm'), path.join(to, 'inkling_bg.wasm'));
    const { code } = await minify('inkling.js', readFileSync(path.join(from, 'inkling.js'), 'utf8'), { module: true });
    writeFileSync(path.join(to, 'inkling.js'), code);
  }
  return packed;
}

/**
 * Copies the folder of engines and installs its packages.
 * @param {string} source
 * @returns {Promise<string>} the copy
 */
async function copyPeers(source) {
  const copy = path.join(SCRATCH, 'peers');
  const lockFile = path.join(copy, 'package-lock.json');
  const installed = existsSync(path.join(copy, 'node_modules')) && readFileSync(lockFile, 'utf8');
  say(`copying ${source} to ${copy}`);
  mkdirSync(copy, { recursive: true });
  for (const name of readdirSync(copy)) {
    if (!MADE_THERE.has(name)) rmSync(path.join(copy, name), { recursive: true });
  }
  for (const name of readdirSync(source)) {
    if (MADE_THERE.has(name)) continue;
    cpSync(path.join(source, name), path.join(copy, name), { recursive: true });
    makeWritable(path.join(copy, name));
  }
  if (installed !== readFileSync(lockFile, 'utf8')) {
    say('installing the other engines (npm ci)');
    await must('npm', ['ci', '--no-audit', '--no-fund'], { cwd: copy, env: { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' } });
  }
  return copy;
}

/**
 * A copy keeps the rights of its original, which may forbid writing.
 * @param {string} file
 */
function makeWritable(file) {
  const info = statSync(file);
  chmodSync(file, info.mode | 0o200);
  if (info.isDirectory()) readdirSync(file).forEach((name) => makeWritable(path.join(file, name)));
}
