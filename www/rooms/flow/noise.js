/** Arithmetic of the noise: logistic numbers, one for each pixel. */

import { PIXELS } from '../../protocol.js';

/** A painted cell holds one of these values; level 0 is a cell that is not painted. */
export const LEVELS = 15;

/** From one level to the next. */
const STEP = 0.75;

/** The number that a painted cell has. @param {number} level  1 to 15 */
export const levelValue = (level) => STEP * (level - (LEVELS + 1) / 2);

/** Levels in a link: four bits each, in base64url; nothing where nothing is painted. @param {Uint8Array} levels @returns {string} */
export function writeLevels(levels) {
  if (levels.every((level) => level === 0)) return '';
  const bytes = new Uint8Array(PIXELS / 2);
  levels.forEach((level, i) => (bytes[i >> 1] |= level << (4 * (i & 1))));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** @param {string} text  one that is cut short leaves the rest unpainted @returns {Uint8Array} */
export function readLevels(text) {
  // a single letter beyond a group of four stands for nothing
  const whole = text.length % 4 === 1 ? text.slice(0, -1) : text;
  const bytes = atob(whole.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from({ length: PIXELS }, (_, i) => ((bytes.charCodeAt(i >> 1) || 0) >> (4 * (i & 1))) & 15);
}

/**
 * A point of the plane through three noises. The sum is scaled to the variance that noise has, so that every point of the
 * plane is as typical as its middle.
 * @param {Float32Array[]} noises  the middle, and what lies to the right and upwards
 * @param {number} a
 * @param {number} b
 * @returns {Float32Array}
 */
export function planePoint([middle, right, up], a, b) {
  const scale = 1 / Math.hypot(1, a, b);
  return middle.map((value, i) => scale * (value + a * right[i] + b * up[i]));
}

/** ln of the logistic density of all numbers together. @param {Float32Array} z */
export function logDensity(z) {
  // e^-z / (1 + e^-z)^2, which is the same for -z
  return z.reduce((sum, value) => sum - Math.abs(value) - 2 * Math.log1p(Math.exp(-Math.abs(value))), 0);
}

/**
 * Probabilities of classes that were equally frequent before.
 * @param {Float32Array} logs  log p(x | class)
 * @returns {Float32Array}
 */
export function posterior(logs) {
  const largest = logs.reduce((most, log) => Math.max(most, log), -Infinity);
  const weights = logs.map((log) => Math.exp(log - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
