/**
 * Everything a fresh machine lacks: checked first, installed only where missing, and said aloud.
 * No packages are imported here, for this runs before there are any.
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT, UserError, capture, find, must, say } from './process.mjs';

const WASM_TARGET = 'wasm32-unknown-unknown';

/** The files of MNIST, as its authors named them. */
const MNIST_FILES = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'];

/** Throws where Node is too old for the tools. */
function ensureNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new UserError(`Node ${process.versions.node} is too old: install Node 20.19 or later from https://nodejs.org`);
  }
}

/** Installs the npm packages where node_modules does not match package-lock.json. */
export async function ensurePackages() {
  ensureNode();
  const lock = createHash('sha256').update(readFileSync(path.join(ROOT, 'package-lock.json'))).digest('hex');
  const stamp = path.join(ROOT, 'node_modules', '.inkling-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('installing the npm packages (npm ci)');
  // the tests use the system's browser
  await must('npm', ['ci', '--no-audit', '--no-fund'], { env: { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' } });
  writeFileSync(stamp, lock);
}

/** Checks the Rust toolchain and adds the wasm target; with `forTests` also rustfmt and clippy. */
export async function ensureRust({ forTests = false } = {}) {
  if (!find('cargo')) {
    throw new UserError('cargo was not found: install Rust from https://rustup.rs, then run this again');
  }
  const version = capture('rustc', ['--version'])?.match(/(\d+)\.(\d+)/);
  if (!version) throw new UserError('rustc does not run: try `rustup default stable`, then run this again');
  const wanted = readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8').match(/^rust-version = "(\d+)\.(\d+)/m);
  if (wanted && Number(version[1]) * 1e4 + Number(version[2]) < Number(wanted[1]) * 1e4 + Number(wanted[2])) {
    throw new UserError(
      `Rust ${version[1]}.${version[2]} is too old, ${wanted[1]}.${wanted[2]} or later is needed: run \`rustup update stable\`, then this again`,
    );
  }
  if (!find('cc')) await aptInstall(['build-essential'], 'a C linker (cc), which Rust needs');

  const libraries = capture('rustc', ['--print', 'target-libdir', '--target', WASM_TARGET]);
  if (!libraries || !existsSync(libraries)) {
    say(`adding Rust's ${WASM_TARGET} target`);
    requireRustup(`the target ${WASM_TARGET}`);
    await must('rustup', ['target', 'add', WASM_TARGET]);
  }
  if (forTests) {
    const components = /** @type {const} */ ([['rustfmt', 'cargo-fmt'], ['clippy', 'cargo-clippy']]);
    for (const [component, program] of components) {
      if (capture(program, ['--version']) !== undefined) continue;
      say(`adding Rust's ${component}`);
      requireRustup(component);
      await must('rustup', ['component', 'add', component]);
    }
  }
}

/** @param {string} what is missing */
function requireRustup(what) {
  if (!find('rustup')) throw new UserError(`${what} is missing and there is no rustup to add it: see https://rustup.rs`);
}

/** The browser the tests drive: INKLING_CHROMIUM, or the system's Chromium or Chrome. */
export function findChromium() {
  const chosen = process.env.INKLING_CHROMIUM;
  if (chosen) {
    if (!existsSync(chosen)) throw new UserError(`INKLING_CHROMIUM names ${chosen}, which does not exist`);
    return chosen;
  }
  return ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
    .map(find)
    .concat('/Applications/Google Chrome.app/Contents/MacOS/Google Chrome')
    .find((file) => file !== undefined && existsSync(file));
}

/** Makes sure of a browser, and returns its path. */
export async function ensureChromium() {
  if (!findChromium()) await aptInstall(['chromium'], 'Chromium, which the browser tests drive');
  const browser = findChromium();
  if (!browser) throw new UserError('Chromium was not found: install it, or set INKLING_CHROMIUM to a Chromium or Chrome');
  return browser;
}

/** Makes sure that there is a Vulkan driver for the native GPU tests; the software one of Mesa will do. */
export async function ensureVulkan() {
  if (process.platform !== 'linux') return;
  const missing = [];
  if (!process.env.VK_ICD_FILENAMES && !process.env.VK_DRIVER_FILES) {
    const drivers = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].filter(existsSync).flatMap((folder) => readdirSync(folder));
    if (drivers.length === 0) missing.push('mesa-vulkan-drivers');
  }
  const caches = capture('sh', ['-c', 'PATH=$PATH:/sbin:/usr/sbin ldconfig -p']) ?? '';
  if (!caches.includes('libvulkan.so.1')) missing.push('libvulkan1');
  if (missing.length > 0) await aptInstall(missing, 'a Vulkan driver, which the GPU tests need (a software one will do)');
}

/**
 * The folder with MNIST: INKLING_DATA, data/mnist, or a folder shared between checkouts.
 * @returns {string} throws where there is none
 */
export function findMnist() {
  const chosen = process.env.INKLING_DATA;
  const candidates = chosen ? [chosen] : [path.join(ROOT, 'data/mnist'), path.join(ROOT, '../shared/data/mnist')];
  const complete = (/** @type {string} */ folder) =>
    MNIST_FILES.every((file) => existsSync(path.join(folder, file)) || existsSync(path.join(folder, `${file}.gz`)));
  const found = candidates.find(complete);
  if (!found) {
    throw new UserError(
      `MNIST was not found in ${candidates.join(' or ')}: put ${MNIST_FILES.map((file) => `${file}.gz`).join(', ')} into data/mnist, ` +
        'or set INKLING_DATA to the folder that holds them',
    );
  }
  return path.resolve(found);
}

/**
 * Installs Debian packages, as root or through sudo.
 * @param {string[]} packages
 * @param {string} purpose what they are for, said aloud
 */
async function aptInstall(packages, purpose) {
  const byHand = `sudo apt-get install ${packages.join(' ')}`;
  if (!find('apt-get')) throw new UserError(`missing: ${purpose}. Install it with your system's package manager`);
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && capture('sudo', ['-n', 'true']) === undefined) {
    throw new UserError(`missing: ${purpose}, and there is no right to install it. Run: ${byHand}`);
  }
  say(`installing ${purpose}: ${packages.join(' ')}`);
  const apt = isRoot ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  const [program = 'apt-get', ...rest] = apt;
  await must(program, [...rest, 'update', '-q']);
  await must(program, [...rest, 'install', '-q', '-y', '--no-install-recommends', ...packages]);
}
