/** The measures of drawn digits: a module of WebAssembly and the test set as the classifier saw it, when they are asked for. */

import { fetchBytes } from './loader.js';

/** @import { Report, Seen } from '../protocol.js' */
/** @import { Measures } from '../wasm/measures/inkling.js' */

/** By the classifier whose eyes they are. @type {Map<string, Promise<Measures>>} */
const kept = new Map();

/** @param {string} classifier @param {string} base  address of the folder `models/` */
async function open(classifier, base) {
  const quietly = () => {};
  const [glue, module, reference] = await Promise.all([
    import('../wasm/measures/inkling.js'),
    fetchBytes(new URL('../wasm/measures/inkling_bg.wasm', import.meta.url).href, 'engine', 0, quietly),
    fetchBytes(new URL('classifier.reference.safetensors', base).href, 'model', 0, quietly, 'no-cache'),
  ]);
  await glue.default({ module_or_path: module });
  return new glue.Measures(reference, classifier);
}

/** @param {Seen} look @param {string} base @returns {Promise<Report>} */
export async function measure({ classifier, features, probabilities, seed }, base) {
  const opening = kept.get(classifier) ?? open(classifier, base);
  kept.set(classifier, opening);
  try {
    const measures = await opening;
    const report = JSON.parse(measures.measure(features, probabilities, seed));
    return { ...report, floor: measures.floor(report.n) ?? null };
  } catch (error) {
    // a line that was down may be up again
    kept.delete(classifier);
    throw error;
  }
}
