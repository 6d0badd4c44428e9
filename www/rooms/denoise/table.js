/** What a link into the Denoise room holds; see state.js. */

import { flag, oneOf, optional, range, text, uint32, whole } from '../../state.js';

/** Sub-views, in the order of their tabs; index.js says where their code lies. */
export const VIEWS = /** @type {const} */ (['watch', 'forward', 'steer', 'quality']);
/** @typedef {typeof VIEWS[number]} View */

export const SAMPLERS = /** @type {const} */ (['ddim', 'ddpm', 'dpm-solver', 'euler', 'midpoint', 'heun']);
/** @typedef {typeof SAMPLERS[number]} Sampler */

export const SPACINGS = /** @type {const} */ (['uniform', 'quadratic', 'log-snr']);
/** @typedef {typeof SPACINGS[number]} Spacing */

/** One digit, or many: the ten classes from the same noise, or one class from many noises. */
export const GRIDS = /** @type {const} */ (['one', 'classes', 'seeds']);
/** @typedef {typeof GRIDS[number]} Grid */

/** The label of a digit whose class is not told. */
export const NO_CLASS = 10;
export const MAX_STEPS = 1000;
export const MAX_GUIDANCE = 8;

/** Ways to steer, in the order of their tabs. */
export const TOOLS = /** @type {const} */ (['inpaint', 'sketch', 'morph', 'swap']);
/** @typedef {typeof TOOLS[number]} Tool */

export const MAX_RESAMPLE = 20;
export const MAX_JUMP = 50;

const MODEL = /^[\w.: -]{1,80}$/;

/** What two sides of a comparison may differ in. */
const SETTINGS = {
  model: text('diffusion', MODEL),
  /** 0 to 9, or [`NO_CLASS`]. */
  digit: whole(3, 0, NO_CLASS),
  guidance: range(1, 0, MAX_GUIDANCE),
  sampler: oneOf(SAMPLERS),
  steps: whole(50, 1, MAX_STEPS),
  spacing: oneOf(SPACINGS),
  /** Share of fresh noise in DDIM's steps. */
  eta: range(0, 0, 1),
};

/** @typedef {import('../../state.js').ValuesOf<typeof SETTINGS>} Settings */

/**
 * What a model was made for, where that is not what the others were made for; set when it is chosen.
 * @type {Record<string, Partial<Settings>>}
 */
export const SUGGESTED = {
  // its paths are nearly straight, and it was never asked without a class
  'few-step': { sampler: 'euler', steps: 2, guidance: 0 },
};

/** The other side of a comparison: what is null there is as on the main side. */
const OTHER = {
  model2: optional(SETTINGS.model),
  digit2: optional(SETTINGS.digit),
  guidance2: optional(SETTINGS.guidance),
  sampler2: optional(SETTINGS.sampler),
  steps2: optional(SETTINGS.steps),
  spacing2: optional(SETTINGS.spacing),
  eta2: optional(SETTINGS.eta),
};

export const TABLE = {
  view: oneOf(VIEWS),
  ...SETTINGS,
  seed: uint32(/** @type {number} */ (1)),
  grid: oneOf(GRIDS),
  compare: flag(false),
  ...OTHER,
  /** Playhead: 0 is pure noise, 1 the finished digit. */
  at: range(1, 0, 1),
  /** Of the playhead, as a multiple of the plain one. */
  speed: range(1, 0.25, 4),
  /** The digit to start from: one that the model makes, or a drawn one. */
  source: oneOf(/** @type {const} */ (['made', 'drawn'])),
  /** Class and seed of the digit that the model makes. */
  subject: whole(3, 0, 9),
  origin: uint32(/** @type {number} */ (7)),
  /** Strokes of the drawing; see parts/ink.js. */
  ink: text('', /^[\w-]{0,4000}$/),
  /** What the network is told while it denoises a given digit. */
  told: whole(NO_CLASS, 0, NO_CLASS),
  /** Time to which a given digit is noised. */
  t: range(0.6, 0, 1),
  tool: oneOf(TOOLS),
  /** One bit for each pixel, 1 where it is to be filled; see parts/mask-pad.js. Empty: the lower half. */
  mask: text('', /^([\w-]{131})?$/),
  /** How often each stretch of inpainting is done, and how many steps it has. */
  resample: whole(3, 1, MAX_RESAMPLE),
  jump: whole(10, 1, MAX_JUMP),
  /** The other end of a morph, and the place between both. */
  subject2: whole(8, 0, 9),
  origin2: uint32(/** @type {number} */ (4)),
  mix: range(0.5, 0, 1),
  /** The class that a swap shows large. */
  swap: whole(8, 0, 9),
};

/** @typedef {import('../../state.js').ValuesOf<typeof TABLE>} Values */
/** @typedef {import('../../state.js').State<typeof TABLE>} DenoiseState */
/** @typedef {'main' | 'other'} Side */

/** Keys of what two sides may differ in. */
export const SETTING_KEYS = /** @type {(keyof Settings)[]} */ (Object.keys(SETTINGS));

/**
 * The settings of one side.
 * @param {Values} values
 * @param {Side} side
 * @returns {Settings}
 */
export function settingsOf(values, side) {
  const all = /** @type {Record<string, unknown>} */ (values);
  const pick = (/** @type {string} */ key) => (side === 'other' ? (all[`${key}2`] ?? all[key]) : all[key]);
  return /** @type {Settings} */ (Object.fromEntries(SETTING_KEYS.map((key) => [key, pick(key)])));
}

/**
 * The change to the values that changes a setting of one side.
 * @param {Side} side
 * @param {Partial<Settings>} patch
 * @returns {Partial<Values>}
 */
export function patchOf(side, patch) {
  if (side === 'main') return patch;
  return Object.fromEntries(Object.entries(patch).map(([key, value]) => [`${key}2`, value]));
}
