/** Running other programs and saying so. */

import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');

// rustup puts cargo here; a shell that was open during its installation does not know yet
const cargoBin = path.join(process.env.CARGO_HOME ?? path.join(homedir(), '.cargo'), 'bin');
process.env.PATH = `${process.env.PATH}${path.delimiter}${cargoBin}`;

/** A failure that the person at the keyboard can do something about: shown without a stack trace. */
export class UserError extends Error {}

/**
 * Prints what is being done.
 * @param {string} text
 */
export function say(text) {
  console.log(`\u25b8 ${text}`);
}

/**
 * Where a program lies on the search path.
 * @param {string} program
 * @returns {string | undefined}
 */
export function find(program) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const candidate = path.join(folder, program);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/**
 * What a program prints, or undefined where it cannot be started or fails.
 * @param {string} program
 * @param {string[]} args
 */
export function capture(program, args) {
  const result = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/**
 * Runs a program whose output goes to the terminal.
 * @param {string} program
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, cwd?: string, onLine?: (line: string) => void }} [options]
 *   `onLine` gets every line of standard output too
 * @returns {Promise<number>} its exit status
 */
export function run(program, args, { env = {}, cwd = ROOT, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', onLine ? 'pipe' : 'inherit', 'inherit'],
    });
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      process.stdout.write(text);
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach((line) => onLine?.(line));
    });
    child.once('error', (error) => reject(new UserError(`cannot start ${program}: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (rest) onLine?.(rest);
      if (signal) say(`${program} was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}

/**
 * Runs a program that has to succeed.
 * @param {string} program
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function must(program, args, options) {
  const status = await run(program, args, options);
  if (status !== 0) {
    throw new UserError(`${[path.basename(program), ...args].join(' ')} failed with status ${status}`);
  }
}

/**
 * Runs a script's main function; failures a person can mend are printed as one line.
 * @param {() => Promise<void>} main
 */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof UserError ? `\nerror: ${error.message}` : error);
    process.exitCode = 1;
  }
}

/**
 * Whether the module with this address is the script that node was asked to run.
 * @param {string} moduleUrl
 */
export function isMain(moduleUrl) {
  return process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(moduleUrl);
}
