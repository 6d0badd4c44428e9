import { defineConfig } from '@playwright/test';
import { findChromium } from '../../scripts/lib/setup.mjs';

export const COMMON_FLAGS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** WebGPU on SwiftShader, canvases included: with --use-webgpu-adapter alone they stay black. */
export const WEBGPU_FLAGS = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
];

const executablePath = findChromium();

/** @param {string[]} flags */
const browser = (flags) => ({ launchOptions: { executablePath, args: [...COMMON_FLAGS, ...flags] } });

/*
 * A test runs in both projects. Where it makes sense in one only, its title says so: `@webgpu` or `@cpu`.
 */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.js',
  outputDir: '../../test-results',
  // `npm test` asks for the report as a file
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME ? [['list'], ['json']] : 'list',
  // software rendering takes every core there is
  workers: 1,
  timeout: 60_000,
  forbidOnly: Boolean(process.env.CI),
  use: { screenshot: 'only-on-failure' },
  projects: [
    { name: 'webgpu', grepInvert: /@cpu\b/, use: browser(WEBGPU_FLAGS) },
    // without those flags navigator.gpu gives no adapter
    { name: 'cpu', grepInvert: /@webgpu\b/, use: browser([]) },
  ],
});
