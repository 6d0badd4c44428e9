/** `npm test [-- --only=STEP,STEP]`: sets up, then runs every check; the last line adds them up. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildSite } from './build.mjs';
import { ROOT, UserError, run, runMain, say } from './lib/process.mjs';
import { ensureChromium, ensurePackages, ensureRust, ensureVulkan, findMnist } from './lib/setup.mjs';

/**
 * @typedef {object} Count
 * @property {number} passed
 * @property {number} failed
 */

/** @type {Count} */
const PASSED = { passed: 1, failed: 0 };
/** @type {Count} */
const FAILED = { passed: 0, failed: 1 };

/** @type {{ name: string, title: string, run: () => Promise<Count> }[]} */
const STEPS = [
  { name: 'fmt', title: 'Rust formatting', run: () => check('cargo', ['fmt', '--all', '--check']) },
  {
    name: 'clippy',
    title: 'Rust lints, native',
    run: () => check('cargo', ['clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings']),
  },
  { name: 'clippy-wasm', title: 'Rust lints, WebAssembly', run: clippyWasm },
  { name: 'cargo', title: 'Rust tests', run: cargoTests },
  { name: 'build', title: 'WebAssembly and site', run: () => buildSite().then(() => PASSED) },
  { name: 'sizes', title: 'download sizes', run: async () => (await import('./sizes.mjs')).checkSizes() },
  { name: 'types', title: 'JavaScript types', run: () => checkAll(['tsc', ['-p', '.']], ['tsc', ['-p', 'www/tsconfig.worker.json']]) },
  { name: 'lint', title: 'JavaScript lints', run: () => check(tool('eslint'), ['--max-warnings=0', '.']) },
  { name: 'scripts', title: 'tests of the scripts', run: scriptTests },
  { name: 'browser', title: 'browser tests', run: browserTests },
];

/** @param {string} name of a program that an npm package brings */
const tool = (name) => path.join(ROOT, 'node_modules', '.bin', name);

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<Count>}
 */
async function check(program, args) {
  return (await run(program, args)) === 0 ? PASSED : FAILED;
}

/**
 * Runs several npm tools as one check, all of them even where one fails.
 * @param {...[name: string, args: string[]]} commands
 */
async function checkAll(...commands) {
  let count = PASSED;
  for (const [name, args] of commands) if ((await check(tool(name), args)).failed > 0) count = FAILED;
  return count;
}

/** The code for the browser is other code, and the SIMD kernels are there only with their features. */
function clippyWasm() {
  const target = 'wasm32-unknown-unknown';
  const features = `target.${target}.rustflags = ["-C", "target-feature=+simd128,+relaxed-simd"]`;
  return check('cargo', [
    ...['clippy', '--package', 'inkling', '--lib', '--no-default-features', '--features', 'page,measures', '--locked'],
    ...['--target', target, '--config', features, '--', '-D', 'warnings'],
  ]);
}

/** Every Rust test; one that is ignored counts as failed, for nobody would notice it otherwise. */
async function cargoTests() {
  await ensureVulkan();
  const mnist = findMnist();
  say(`MNIST: ${mnist}`);
  const count = { passed: 0, failed: 0 };
  let ignored = 0;
  const status = await run('cargo', ['test', '--workspace', '--locked', '--no-fail-fast'], {
    env: { INKLING_DATA: mnist },
    onLine(line) {
      const result = line.match(/^test result: .* (\d+) passed; (\d+) failed; (\d+) ignored/);
      if (!result) return;
      count.passed += Number(result[1]);
      count.failed += Number(result[2]);
      ignored += Number(result[3]);
    },
  });
  if (ignored > 0) {
    console.error(`${ignored} ignored Rust tests: run them or delete them`);
    count.failed += ignored;
  }
  if (status !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

async function scriptTests() {
  const count = { passed: 0, failed: 0 };
  const status = await run(process.execPath, ['--test', '--test-reporter=tap', 'tests/scripts/'], {
    onLine(line) {
      const [, key, number] = line.match(/^# (pass|fail|cancelled|skipped|todo) (\d+)$/) ?? [];
      if (key) count[key === 'pass' ? 'passed' : 'failed'] += Number(number);
    },
  });
  if (status !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

/** The Playwright tests of dist/; a skipped test counts as failed. */
async function browserTests() {
  await ensureChromium();
  const folder = mkdtempSync(path.join(tmpdir(), 'inkling-browser-'));
  const report = path.join(folder, 'report.json');
  try {
    const status = await run(tool('playwright'), ['test', '--config=tests/browser/playwright.config.js'], {
      env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
    });
    const { stats } = JSON.parse(readFileSync(report, 'utf8'));
    const count = { passed: stats.expected, failed: stats.unexpected + stats.flaky + stats.skipped };
    if (stats.skipped > 0) console.error(`${stats.skipped} browser tests were skipped or not reached`);
    if (status !== 0 && count.failed === 0) count.failed = 1;
    return count;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns {typeof STEPS} the steps asked for, all by default */
function chosenSteps() {
  const names = STEPS.map((step) => step.name);
  const usage = `Usage: npm test -- [--only=STEP,STEP]; the steps are ${names.join(', ')}`;
  let only;
  try {
    only = parseArgs({ options: { only: { type: 'string' } } }).values.only?.split(',');
  } catch (error) {
    throw new UserError(`${/** @type {Error} */ (error).message}. ${usage}`);
  }
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UserError(`there is no step ${unknown}. ${usage}`);
  return STEPS.filter((step) => only?.includes(step.name) ?? true);
}

await runMain(async () => {
  const steps = chosenSteps();
  await ensurePackages();
  await ensureRust({ forTests: true });

  const total = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const lines = [];
  for (const step of steps) {
    say(`${step.title} (${step.name})`);
    const start = performance.now();
    const count = await step.run().catch((error) => {
      console.error(error instanceof UserError ? `error: ${error.message}` : error);
      return FAILED;
    });
    const seconds = Math.round((performance.now() - start) / 1000);
    lines.push(`${count.failed > 0 ? 'FAILED' : 'ok    '} ${step.name}: ${count.passed} passed, ${count.failed} failed, ${seconds} s`);
    total.passed += count.passed;
    total.failed += count.failed;
  }
  console.log(`\n${lines.join('\n')}\n\n${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0) process.exitCode = 1;
});
