/** Jobs of models: how they are prepared and read, and questions, which are answered without drawing anything. */

import { KindError, toFailure } from '../protocol.js';
import { Budget, nextFrame } from './frame.js';

/** @import { Chain, Inputs, Question, Session } from '../protocol.js' */

/** @typedef {{model: string, job: string, batch: number, inputs: Inputs, chain?: Chain}} Given */

/** Inputs that a chain writes itself. */
const OF_THE_CHAIN = ['key', 'step'];

/** Those of `inputs` that go by the names in `named`. @param {Inputs} inputs @param {Inputs} named @returns {Inputs} */
export function picked(inputs, named) {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => name in named));
}

/** The inputs that a chain has for one of its runs alone. @param {Chain} chain @param {number} run @returns {[string, Float32Array][]} */
export function ofRun({ each = {}, steps }, run) {
  return Object.entries(each).map(([name, values]) => {
    const size = values.length / (steps ?? 1);
    return [name, values.subarray(run * size, (run + 1) * size)];
  });
}

export class Jobs {
  /**
   * @param {(model: string) => boolean} has  whether a model is loaded
   * @param {<T>(values: Promise<T>) => Promise<T>} reading  follows a reading from the session
   */
  constructor(has, reading) {
    this.has = has;
    this.reading = reading;
    /** @type {Session | null} */
    this.session = null;
    /** Who waits for a session. @type {(() => void)[]} */
    this.waiting = [];
    /** Questions are answered one after the other. @type {Promise<unknown>} */
    this.asking = Promise.resolve();
  }

  /** @param {Session | null} session */
  use(session) {
    this.session = session;
    if (session) for (const resume of this.waiting.splice(0)) resume();
  }

  /**
   * Opens a job under a name and writes what it is given.
   * @param {Session} session
   * @param {string} name
   * @param {Given} given
   */
  prepare(session, name, { model, job, batch, inputs, chain }) {
    if (!this.has(model)) throw new KindError('no-model', model);
    /** @type {string[]} */
    const needed = JSON.parse(session.job_open(name, model, job, batch));
    for (const [input, values] of Object.entries({ ...inputs, ...chain?.first })) session.job_write(name, input, values);
    const given = { ...inputs, ...chain?.each };
    const missing = needed.filter((input) => !(input in given || (chain && OF_THE_CHAIN.includes(input))));
    if (missing.length > 0) throw new KindError('shape', `the job ${job} of ${model} needs ${missing.join(', ')}`);
    if (!chain) return;
    session.job_reset(name);
    for (const [slab, values] of Object.entries(chain.state ?? {})) session.job_set_state(name, slab, values);
  }

  /**
   * The outputs of the job under a name, as they are after the runs so far.
   * @param {Session} session
   * @param {string} name
   * @param {string[]} outputs
   * @returns {Promise<Inputs>}
   */
  async outputs(session, name, outputs) {
    const values = await this.reading(Promise.all(outputs.map((output) => session.job_read(name, output))));
    return Object.fromEntries(outputs.map((output, i) => [output, values[i]]));
  }

  /** @param {Question} question @returns {Promise<Inputs>} */
  ask(question) {
    const answer = this.asking.then(() => this.answer(question));
    this.asking = answer.catch(() => {});
    return answer;
  }

  /** @param {Question} question @returns {Promise<Inputs>} */
  async answer(question) {
    for (let attempt = 0; ; attempt += 1) {
      while (!this.session) await new Promise((resolve) => this.waiting.push(() => resolve(undefined)));
      const { session } = this;
      try {
        return await this.attempt(question, session);
      } catch (error) {
        if (toFailure(error).kind !== 'device-lost' || attempt > 0) throw error;
        // the device's own report leads to another session
        if (session === this.session) this.use(null);
      }
    }
  }

  /** @param {Question} question @param {Session} session @returns {Promise<Inputs>} */
  async attempt(question, session) {
    const { model, chain, inputs, read } = question;
    // no scene has a name like this
    const name = `?${model}`;
    this.prepare(session, name, question);
    let budget = new Budget(session);
    for (let run = 0; run < (chain?.steps ?? 1); run += 1) {
      while (chain && !budget.fits(session.job_ms(name))) {
        await new Promise((resolve) => nextFrame(() => resolve(undefined)));
        if (this.session !== session) throw new KindError('device-lost', '');
        budget = new Budget(session);
      }
      if (run === 1 && chain?.first) {
        for (const [input, values] of Object.entries(picked(inputs, chain.first))) session.job_write(name, input, values);
      }
      for (const [input, values] of chain ? ofRun(chain, run) : []) session.job_write(name, input, values);
      if (chain) session.job_step(name, chain.seed, run);
      else session.job_run(name);
    }
    return this.outputs(session, name, read);
  }
}
