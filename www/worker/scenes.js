/**
 * The scenes of the worker: each a job of a model with its inputs and the canvases that show its outputs. A scene is
 * computed once per animation frame when its description changed; a chain runs its job again and again, as many times
 * per frame as leave the page its frame rate, and after a lost device once more from its first state to where it was.
 */

import { toFailure } from '../protocol.js';
import { Budget } from './frame.js';
import { ofRun, picked } from './jobs.js';

/** @import { Inputs, Scene, ScenePicture, Session, ToPage } from '../protocol.js' */
/** @import { Given } from './jobs.js' */

/** An endless chain that has come further begins anew after a lost device, for the way back would take too long. */
const REPLAYED = 5000;

/** Changes of inputs that are remembered, so that a chain can be run again as it was. */
const REMEMBERED = 1000;

/**
 * @typedef {object} Kept
 * @property {Scene} scene  the newest description
 * @property {Scene | null} shown  the description that the session computed last
 * @property {boolean} stale  to be computed, a chain to be begun
 * @property {number} done  runs of the chain in this session
 * @property {number} told  runs that the page knows of; a new session computes up to there even when halted
 * @property {number} goal
 * @property {number} credit  runs that `per_frame` allows now
 * @property {boolean} halted
 * @property {{at: number, inputs: Inputs}[]} log  inputs changed before the run `at`
 * @property {number} written  entries of the log that this session has
 * @property {boolean} reading
 * @property {boolean} again  computed since the reading on its way began
 */

export class Scenes {
  /**
   * @param {object} hooks
   * @param {(message: ToPage, transfer?: Transferable[]) => void} hooks.post
   * @param {(session: Session, name: string, given: Given) => void} hooks.prepare  opens a job with its inputs
   * @param {(session: Session, name: string, outputs: string[]) => Promise<Inputs>} hooks.outputs
   * @param {(picture: ScenePicture) => void} hooks.show
   * @param {(canvas: string) => void} hooks.erase
   * @param {() => void} hooks.schedule  asks for a call of `work` in the next animation frame
   */
  constructor(hooks) {
    this.hooks = hooks;
    /** @type {Session | null} */
    this.session = null;
    /** In the order in which chains are served. @type {Map<string, Kept>} */
    this.scenes = new Map();
    this.hidden = false;
  }

  /**
   * Computes all scenes again in another session.
   * @param {Session | null} session
   */
  use(session) {
    this.session = session;
    for (const kept of this.scenes.values()) {
      if (kept.goal === Infinity && kept.told > REPLAYED) forgetTheWay(kept);
      kept.stale = true;
    }
    if (session) this.hooks.schedule();
  }

  /** Takes a new description, in place of the one before. @param {Scene} scene */
  describe(scene) {
    const { scene: name, chain, halted = false } = scene;
    const known = this.scenes.get(name);
    /** @type {Kept} */
    const kept = known ?? { scene, shown: null, reading: false, again: false, ...fresh() };
    Object.assign(kept, { ...fresh(), scene, halted, goal: chain?.until ?? chain?.steps ?? Infinity });
    // the second run has them as they are described
    if (chain?.first) kept.log.push({ at: 1, inputs: picked(scene.inputs, chain.first) });
    this.scenes.set(name, kept);
    this.hooks.schedule();
  }

  /**
   * Changes inputs of a scene; a chain goes on with them.
   * @param {string} name
   * @param {Inputs} inputs
   * @param {boolean} [once]  for the chain's next run only
   * @param {number} [input]  when the input event happened
   */
  change(name, inputs, once, input) {
    const kept = this.scenes.get(name);
    if (!kept) return;
    if (kept.scene.chain) {
      const at = Math.max(kept.done, kept.told);
      const before = once ? picked(inputsAt(kept, at), inputs) : {};
      remember(kept, at, inputs);
      if (once) remember(kept, at + 1, before);
    } else {
      kept.scene = { ...kept.scene, inputs: { ...kept.scene.inputs, ...inputs }, input };
      kept.stale = true;
    }
    this.hooks.schedule();
  }

  /**
   * @param {string} name
   * @param {boolean} halted
   * @param {number} [until]  runs after which the chain stops from now on
   */
  halt(name, halted, until) {
    const kept = this.scenes.get(name);
    if (!kept) return;
    kept.halted = halted;
    if (until !== undefined) kept.goal = until;
    this.hooks.schedule();
  }

  /** Frees a scene. @param {string} name */
  release(name) {
    for (const { canvas } of this.scenes.get(name)?.shown?.views ?? []) this.hooks.erase(canvas);
    this.scenes.delete(name);
    this.session?.job_close(name);
  }

  /** A page that nobody sees computes nothing. @param {boolean} hidden */
  hide(hidden) {
    this.hidden = hidden;
    this.hooks.schedule();
  }

  /**
   * What one animation frame computes.
   * @returns {boolean} whether there is more to do
   */
  work() {
    const { session } = this;
    if (!session || this.hidden || this.scenes.size === 0) return false;
    const budget = new Budget(session);
    const stale = [...this.scenes].filter(([, kept]) => kept.stale);
    stale.sort(([, a], [, b]) => Number(Boolean(b.scene.urgent)) - Number(Boolean(a.scene.urgent)));
    for (const [name, kept] of stale) {
      if (kept.scene.urgent || kept.scene.chain || budget.fits(session.job_ms(name))) this.compute(name, kept, session);
    }
    for (const kept of this.scenes.values()) {
      const rate = kept.scene.chain?.per_frame ?? Infinity;
      kept.credit = Math.min(kept.credit + rate, Math.max(1, rate));
    }
    /** @type {Set<string>} */
    const grown = new Set();
    for (;;) {
      const name = this.next();
      if (name === null || !budget.fits(session.job_ms(name))) break;
      if (!this.step(name, session)) break;
      grown.add(name);
    }
    for (const name of grown) this.report(name, session);
    return this.session !== null && [...this.scenes.values()].some((kept) => kept.stale || isGrowing(kept));
  }

  /** The chain whose turn it is. */
  next() {
    for (const [name, kept] of this.scenes) {
      if (!kept.stale && isGrowing(kept) && (kept.credit >= 1 || kept.done < kept.told)) return name;
    }
    return null;
  }

  /**
   * Computes a scene, or begins its chain.
   * @param {string} name
   * @param {Kept} kept
   * @param {Session} session
   */
  compute(name, kept, session) {
    kept.stale = false;
    try {
      this.hooks.prepare(session, name, kept.scene);
      kept.done = 0;
      kept.written = 0;
      if (kept.scene.chain) return;
      session.job_run(name);
    } catch (error) {
      // nothing to be resumed
      kept.goal = 0;
      this.failed(name, error);
      return;
    }
    this.computed(name, kept);
  }

  /**
   * One run of a chain.
   * @param {string} name
   * @param {Session} session
   * @returns {boolean} whether it went well
   */
  step(name, session) {
    const kept = this.scenes.get(name);
    const chain = kept?.scene.chain;
    if (!kept || !chain) return false;
    try {
      for (; kept.written < kept.log.length && kept.log[kept.written].at <= kept.done; ) {
        const { inputs } = kept.log[kept.written];
        // one that is refused is not tried again
        kept.written += 1;
        for (const [input, values] of Object.entries(inputs)) session.job_write(name, input, values);
      }
      for (const [input, values] of ofRun(chain, kept.done)) session.job_write(name, input, values);
      session.job_step(name, chain.seed, kept.done);
    } catch (error) {
      this.failed(name, error);
      return false;
    }
    if (kept.done >= kept.told) kept.credit -= 1;
    kept.done += 1;
    // to the end of the queue
    this.scenes.delete(name);
    this.scenes.set(name, kept);
    return true;
  }

  /** @param {string} name @param {Session} session */
  report(name, session) {
    const kept = this.scenes.get(name);
    if (!kept) return;
    this.computed(name, kept);
    // runs that are repeated are no news
    if (kept.done <= kept.told) return;
    kept.told = kept.done;
    const { serial } = kept.scene;
    this.hooks.post({ type: 'scene-steps', scene: name, serial, done: kept.done, ms: session.job_ms(name) });
  }

  /** Has the canvases drawn and the outputs read. @param {string} name @param {Kept} kept */
  computed(name, kept) {
    const { scene, shown } = kept;
    if (shown !== scene) {
      const canvases = scene.views.map(({ canvas }) => canvas);
      for (const { canvas } of shown?.views ?? []) if (!canvases.includes(canvas)) this.hooks.erase(canvas);
      kept.shown = scene;
    }
    const { urgent = false } = scene;
    for (const view of scene.views) this.hooks.show({ ...view, scene: name, urgent, input: shown === scene ? undefined : scene.input });
    // one that somebody waits for between its stops is read there alone
    if (scene.chain?.until === undefined || kept.done >= kept.goal) this.read(name, kept);
  }

  /** At most one reading is on its way; what was computed meanwhile is read next. @param {string} name @param {Kept} kept */
  async read(name, kept) {
    kept.again = true;
    if (kept.reading) return;
    kept.reading = true;
    while (kept.again) {
      kept.again = false;
      const { session } = this;
      const { serial = 0, read = [] } = kept.shown ?? {};
      if (!session || read.length === 0 || this.scenes.get(name) !== kept) break;
      const { done } = kept;
      try {
        const values = await this.hooks.outputs(session, name, read);
        this.hooks.post({ type: 'scene-values', scene: name, serial, done, values }, buffers(values));
      } catch (error) {
        this.failed(name, error, session);
      }
    }
    kept.reading = false;
  }

  /** @param {string} name @param {unknown} error @param {Session | null} [session] */
  failed(name, error, session = this.session) {
    const failure = toFailure(error);
    const kept = this.scenes.get(name);
    // the device's own report leads to another session
    if (failure.kind === 'device-lost') {
      if (session === this.session) this.use(null);
    } else if (kept) {
      kept.halted = true;
      this.hooks.post({ type: 'scene-failed', scene: name, serial: kept.scene.serial, failure });
    }
  }
}

/** What begins anew with each description. */
function fresh() {
  return { stale: true, done: 0, told: 0, goal: Infinity, credit: 0, halted: false, log: [], written: 0 };
}

/** @param {Kept} kept */
function isGrowing({ scene, done, told, goal, halted }) {
  return scene.chain !== undefined && done < (halted ? told : Math.max(goal, told));
}

/** What the inputs are for a run. @param {Kept} kept @param {number} run @returns {Inputs} */
function inputsAt({ scene, log }, run) {
  return Object.assign({}, scene.inputs, ...log.filter(({ at }) => at <= run).map(({ inputs }) => inputs));
}

/** Inputs for the runs from `at` on. @param {Kept} kept @param {number} at  not done yet @param {Inputs} inputs */
function remember(kept, at, inputs) {
  const { log } = kept;
  // what is to be set back later stands behind
  const place = log.findLastIndex((entry) => entry.at <= at) + 1;
  if (place > kept.written && log[place - 1].at === at) Object.assign(log[place - 1].inputs, inputs);
  else log.splice(place, 0, { at, inputs: { ...inputs } });
  if (log.length > REMEMBERED) {
    const [first, second] = log.splice(0, 2);
    log.unshift({ at: first.at, inputs: { ...first.inputs, ...second.inputs } });
    kept.written = Math.max(0, kept.written - 1);
  }
}

/** The chain will begin anew, with the inputs as they are now. @param {Kept} kept */
function forgetTheWay(kept) {
  const inputs = inputsAt(kept, kept.done);
  const log = kept.scene.chain?.first ? [{ at: 1, inputs: picked(inputs, kept.scene.chain.first) }] : [];
  Object.assign(kept, { scene: { ...kept.scene, inputs }, log, written: 0, told: 0 });
}

/** @param {Inputs} values */
function buffers(values) {
  return Object.values(values).map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer));
}
