/** The page's end of the line to the worker: requests with answers, canvases by name, events by type. */

import { KindError } from './protocol.js';

/** @import { Backend, CatalogRow, Inputs, Look, ModelInfo, Question, Report, Seen, Spec, ToPage, ToWorker, Trajectory, What } from './protocol.js' */

/**
 * A place on the page that a named canvas fills; see parts/picture.js.
 * @typedef {{name: string, fresh: () => {canvas: OffscreenCanvas, width: number, height: number}}} CanvasPlace
 */

export class EngineClient {
  /** @param {Worker} worker */
  constructor(worker) {
    this.worker = worker;
    /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
    this.requests = new Map();
    this.lastRequest = 0;
    /** What is in the files that were opened, by their ids. @type {Map<string, string>} */
    this.files = new Map();
    /** @type {Map<string, CanvasPlace>} */
    this.places = new Map();
    /** 0 until the worker has a session to draw with. */
    this.generation = 0;
    /** @type {Map<string, Set<(message: any) => void>>} */
    this.listeners = new Map();
    worker.onmessage = (event) => this.receive(event.data);
    worker.onerror = (event) => {
      this.emit({ type: 'failure', failure: { kind: 'internal', detail: event.message ?? '' } });
    };
  }

  /**
   * @template {ToPage['type']} T
   * @param {T} type
   * @param {(message: Extract<ToPage, {type: T}>) => void} listener
   * @returns {() => void} stops listening
   */
  on(type, listener) {
    const set = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, set);
    set.add(listener);
    return () => set.delete(listener);
  }

  /** @param {ToPage} message */
  emit(message) {
    for (const listener of this.listeners.get(message.type) ?? []) listener(message);
  }

  /** @param {ToPage} message */
  receive(message) {
    if (message.type === 'reply') {
      this.requests.get(message.request)?.resolve(message.value);
      this.requests.delete(message.request);
    } else if (message.type === 'refused') {
      this.requests.get(message.request)?.reject(new KindError(message.failure.kind, message.failure.detail));
      this.requests.delete(message.request);
    } else {
      if (message.type === 'need-canvases') this.handOver(message.generation);
      this.emit(message);
    }
  }

  /**
   * @param {ToWorker} message
   * @param {Transferable[]} [transfer]
   */
  send(message, transfer = []) {
    this.worker.postMessage(message, transfer);
  }

  /**
   * @template {ToWorker extends infer M ? M extends {request: number} ? Omit<M, 'request'> : never : never} M
   * @param {M} message
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  request(message, transfer = []) {
    const request = (this.lastRequest += 1);
    return new Promise((resolve, reject) => {
      this.requests.set(request, { resolve, reject });
      this.send(/** @type {ToWorker} */ (/** @type {unknown} */ ({ ...message, request })), transfer);
    });
  }

  /** @param {CanvasPlace} place */
  register(place) {
    this.places.set(place.name, place);
    if (this.generation > 0) this.handOver(this.generation, [place]);
  }

  /**
   * @param {number} generation
   * @param {Iterable<CanvasPlace>} places
   */
  handOver(generation, places = this.places.values()) {
    this.generation = generation;
    const canvases = Array.from(places, (place) => ({ name: place.name, ...place.fresh() }));
    this.send(
      { type: 'canvases', generation, canvases },
      canvases.map(({ canvas }) => canvas),
    );
  }

  /**
   * @param {Backend | null} backend
   * @param {Look} look
   * @param {string} base
   */
  start(backend, look, base) {
    this.send({ type: 'start', backend, look, base });
  }

  /** @param {CatalogRow} row @returns {Promise<ModelInfo>} */
  load(row) {
    return this.request({ type: 'load', row });
  }

  /**
   * An id for a file: the one that this content has, or one that no other file has; the worker keeps files by their ids.
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} bytes
   */
  async idOfFile(name, bytes) {
    // without a secure context nothing tells that two files are one
    const digest = globalThis.crypto?.subtle ? await crypto.subtle.digest('SHA-256', bytes) : crypto.getRandomValues(new Uint8Array(32)).buffer;
    const content = new Uint8Array(digest).join();
    const first = `file:${name.replace(/[^\w. -]/g, '_').slice(-66)}`;
    let id = first;
    for (let copy = 2; (this.files.get(id) ?? content) !== content; copy += 1) id = `${first} ${copy}`;
    this.files.set(id, content);
    return id;
  }

  /** @param {string} name @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<ModelInfo>} */
  loadFile(name, bytes) {
    const loading = this.request({ type: 'load-file', name, bytes }, [bytes.buffer]);
    // one that was refused leaves its name free
    loading.catch(() => this.files.delete(name));
    return loading;
  }

  /** What a file holds, or why it cannot be used; it is not kept. @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<ModelInfo>} */
  inspect(bytes) {
    return this.request({ type: 'inspect', bytes }, [bytes.buffer]);
  }

  /** @param {number} seed @param {number} count @returns {Promise<Float32Array>} */
  normal(seed, count) {
    return this.request({ type: 'normal', seed, count });
  }

  /** @param {Float32Array} z @returns {Promise<Float32Array>} */
  pixels(z) {
    return this.request({ type: 'pixels', z });
  }

  /** @param {Seen} look @returns {Promise<Report>} */
  measure(look) {
    return this.request({ type: 'measure', look });
  }

  /** @param {string} canvas @returns {Promise<Blob>} */
  png(canvas) {
    return this.request({ type: 'png', canvas });
  }

  /**
   * Starts a lane anew; its frames are told of as they come.
   * @param {string} lane
   * @param {Spec} spec
   * @param {object} [given]
   * @param {Float32Array} [given.source]  n * 784 numbers in [-1, 1]
   * @param {Float32Array} [given.mask]  784 numbers, 1 where the source is kept
   * @returns {Promise<Trajectory>}
   */
  run(lane, spec, given = {}) {
    return this.request({ type: 'run', lane, spec, ...given });
  }

  /** @param {string} lane @param {What} what @param {number} frame @returns {Promise<Float32Array>} digits * 784 numbers */
  frameValues(lane, what, frame) {
    return this.request({ type: 'frame-values', lane, what, frame });
  }

  /** @param {string} lane @param {What} what @returns {Promise<Float32Array>} frames * digits * 784 numbers */
  trajectory(lane, what) {
    return this.request({ type: 'trajectory', lane, what });
  }

  /**
   * Asks a model, and draws nothing.
   * @param {Omit<Question, 'batch' | 'inputs'> & Partial<Question>} question
   * @returns {Promise<Inputs>} the outputs that were to be read
   */
  compute(question) {
    return this.request({ type: 'compute', question: { batch: 1, inputs: {}, ...question } });
  }
}
