/**
 * The one worker: owns the wasm module, the device, the models and the canvases. See protocol.js for what it is told
 * and what it answers.
 */

import { Jobs } from './worker/jobs.js';
import { Lanes } from './worker/lanes.js';
import { fetchModel, inspect, loadEngine, surveyGpu } from './worker/loader.js';
import { measure } from './worker/measure.js';
import { Meter } from './worker/meter.js';
import { Scenes } from './worker/scenes.js';
import { Stage } from './worker/stage.js';
import { KindError, roundZ, toFailure } from './protocol.js';

/** @import { Backend, BackendInfo, BackendReason, CatalogRow, ModelInfo, Session, ToPage, ToWorker } from './protocol.js' */
/** @import { Engine } from './worker/loader.js' */

const scope = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (globalThis));

/** Two lost devices within this time mean that the GPU is of no use now. */
const LOSS_WINDOW_MS = 10_000;

/** @param {ToPage} message @param {Transferable[]} [transfer] */
function post(message, transfer = []) {
  scope.postMessage(message, transfer);
}

const meter = new Meter((stats) => post({ type: 'stats', stats }));

const stage = new Stage(
  { ink: [0, 0, 0], paper: [1, 1, 1], above: [0, 0, 1], below: [1, 0, 0], smooth: false },
  {
    work: () => [lanes.work(), scenes.work()].includes(true),
    drawn(canvas, picture) {
      post({ type: 'drawn', canvas });
      if (session) meter.tick(session, 'input' in picture ? picture.input : undefined);
      // drawn again it answers no input
      if ('input' in picture) delete picture.input;
    },
    frame: () => meter.frame(),
    failed(error, picture) {
      if ('scene' in picture) scenes.failed(picture.scene, error);
      else fail(error);
    },
  },
);

const lanes = new Lanes({
  post,
  restarted: (lane) => stage.laneRestarted(lane),
  grown: (lane) => stage.laneGrown(lane),
  schedule: () => stage.schedule(),
  reading,
  failed: fail,
});

const jobs = new Jobs((model) => models.has(model), reading);

const scenes = new Scenes({
  post,
  prepare: (open, name, given) => jobs.prepare(open, name, given),
  outputs: (open, name, names) => jobs.outputs(open, name, names),
  show: (picture) => stage.show(picture),
  erase: (canvas) => stage.erase(canvas),
  schedule: () => stage.schedule(),
});

/** @type {Engine | null} */
let engine = null;
/** @type {Session | null} */
let session = null;
/** @type {Map<string, Uint8Array>} Kept to load the models again into the next session. */
const models = new Map();
let selected = '';
let base = '';
let generation = 0;
let lastLoss = -Infinity;
/** @type {BackendReason} */
let gpuReason = 'hardware';
/** Sessions are made and replaced one after the other. */
let building = Promise.resolve();
/** @type {Extract<ToWorker, {type: 'observe'}> | null} */
let observing = null;
let observeBusy = false;
/** Readings from a session that are on their way. */
let readings = 0;

/**
 * Builds a session and asks the page for new canvases.
 * @param {Backend} backend
 * @param {BackendReason} reason
 * @param {string} detail
 */
async function build(backend, reason, detail = '') {
  if (!engine) throw new KindError('internal', 'no engine');
  stage.use(null);
  lanes.use(null);
  scenes.use(null);
  jobs.use(null);
  // one that is still being read from cannot be freed, and is left to the garbage collector
  if (readings === 0) session?.free();
  session = null;
  post({ type: 'progress', progress: { stage: 'pipelines', loaded: 0, total: 0 } });
  let next;
  try {
    if (backend === 'gpu') await engine.prepareGpu();
    next = await engine.Session.create(backend);
  } catch (error) {
    if (backend === 'cpu') throw error;
    await build('cpu', 'gpu-failed', toFailure(error).detail);
    return;
  }
  const serial = (generation += 1);
  next.on_failure((kind, words) => {
    if (serial !== generation) return;
    if (kind === 'device-lost') rebuild(words);
    else post({ type: 'failure', failure: { kind, detail: words } });
  });
  session = next;
  if (backend === 'gpu') gpuReason = reason;
  const { adapter, software } = next.info();
  /** @type {BackendInfo} */
  const info = { backend, reason, adapter: backend === 'cpu' ? engine.instructions : adapter, software, detail };
  post({ type: 'backend', info });
  stage.use(next);
  for (const [id, bytes] of models) next.load(id, bytes);
  if (selected) stage.modelChanged(parseInfo(next.select(selected)).config.z_dim);
  lanes.use(next);
  scenes.use(next);
  jobs.use(next);
  post({ type: 'need-canvases', generation });
}

/** @param {string} detail */
function rebuild(detail) {
  const now = performance.now();
  const again = now - lastLoss < LOSS_WINDOW_MS;
  lastLoss = now;
  enqueue(async () => {
    if (again) await build('cpu', 'gpu-failed', detail);
    else await build('gpu', gpuReason, detail);
    post({ type: 'rebuilt', detail });
  });
}

/** @param {() => Promise<void>} job */
function enqueue(job) {
  building = building.then(job).catch(fail);
}

/** Behind the messages that wait for a session. @param {() => void} job */
function inTurn(job) {
  building.then(job).catch(fail);
}

/** @param {unknown} error */
function fail(error) {
  const failure = toFailure(error);
  // the device's own report starts the rebuild; a step that failed because of it has nothing to add
  if (failure.kind !== 'device-lost') post({ type: 'failure', failure });
}

/** @param {string} json @returns {ModelInfo} */
function parseInfo(json) {
  return JSON.parse(json);
}

/** @template T @param {Promise<T>} promise @returns {Promise<T>} */
async function reading(promise) {
  readings += 1;
  try {
    return await promise;
  } finally {
    readings -= 1;
  }
}

/** @returns {Session} */
function need() {
  if (!session) throw new KindError('device-lost', '');
  return session;
}

/**
 * @param {string} id
 * @param {() => Promise<Uint8Array>} bytesOf
 * @returns {Promise<ModelInfo>}
 */
async function loadModel(id, bytesOf) {
  const known = models.get(id);
  const bytes = known ?? (await bytesOf());
  await building;
  const info = parseInfo(known ? need().select(id) : need().load(id, bytes));
  models.set(id, bytes);
  // what is decoded comes from one VAE; a trajectory names its model
  if (info.config.family === 'vae') {
    selected = id;
    stage.modelChanged(info.config.z_dim);
  }
  return info;
}

/** @param {Extract<ToWorker, {type: 'run'}>} message */
async function run({ lane, spec, source, mask }) {
  await building;
  if (!models.has(spec.model)) throw new KindError('no-model', spec.model);
  return lanes.run(lane, spec, source, mask);
}

/** Encodes the newest drawing; drawings that came in meanwhile and were replaced by newer ones are never looked at. */
async function observe() {
  if (observeBusy) return;
  observeBusy = true;
  try {
    while (observing) {
      const { x, z: given, seed } = observing;
      observing = null;
      const current = need();
      const { mu, logvar } = await reading(current.encode(x));
      let z = given;
      if (!z || z.length !== mu.length) {
        const noise = seed === null ? new Float32Array(mu.length) : current.normal(seed, mu.length);
        z = roundZ(mu.map((mean, unit) => mean + Math.exp(logvar[unit] / 2) * noise[unit]));
      }
      const { bce, kl } = await reading(current.reconstruct(x, z));
      post({ type: 'observed', observation: { mu, logvar, z, bce, kl } });
    }
  } catch (error) {
    fail(error);
  } finally {
    observeBusy = false;
  }
}

/** @param {string} name @returns {Promise<Blob>} */
async function png(name) {
  const surface = stage.surfaces.get(name);
  if (!surface) throw new KindError('internal', name);
  // drawn and read in one turn: the picture of a GPU canvas is gone after the frame
  stage.paintOne(name);
  const copy = new OffscreenCanvas(surface.width, surface.height);
  const context = copy.getContext('2d');
  if (!context) throw new KindError('internal', '2d');
  context.imageSmoothingEnabled = stage.look.smooth;
  context.drawImage(surface.canvas, 0, 0, surface.width, surface.height);
  return copy.convertToBlob({ type: 'image/png' });
}

/**
 * @param {number} request
 * @param {() => Promise<unknown>} work
 */
async function answer(request, work) {
  try {
    const value = await work();
    // nobody here keeps an array that was asked for: it is handed over, as a whole trajectory is large
    post({ type: 'reply', request, value }, transfer(value));
  } catch (error) {
    post({ type: 'refused', request, failure: toFailure(error) });
  }
}

/** The buffers of a reply. @param {unknown} value @returns {Transferable[]} */
function transfer(value) {
  if (value instanceof Float32Array) return [value.buffer];
  const parts = value instanceof Object ? Object.values(value) : [];
  return parts.filter((part) => part instanceof Float32Array).map(({ buffer }) => buffer);
}

/** @param {Extract<ToWorker, {type: 'start'}>} message */
async function start(message) {
  base = message.base;
  stage.look = message.look;
  const survey = message.backend === 'cpu' ? null : await surveyGpu();
  engine = await loadEngine((progress) => post({ type: 'progress', progress }));
  if (message.backend) {
    const missing = survey && !survey.usable && survey.reason !== 'software';
    await build(missing ? 'cpu' : message.backend, missing ? survey.reason : 'chosen');
  } else if (survey?.usable) {
    await build('gpu', 'hardware');
  } else {
    await build('cpu', survey?.usable === false ? survey.reason : 'no-webgpu');
  }
}

scope.onmessage = ({ data }) => {
  const message = /** @type {ToWorker} */ (data);
  switch (message.type) {
    case 'start':
      enqueue(() => start(message));
      break;
    case 'switch':
      lastLoss = -Infinity;
      enqueue(() => build(message.backend, 'chosen'));
      break;
    case 'canvases':
      if (message.generation === generation) for (const handover of message.canvases) stage.attach(handover);
      break;
    case 'resize':
      stage.resize(message.canvas, message.width, message.height);
      break;
    case 'look':
      stage.relook(message.look);
      break;
    case 'draw':
      stage.show(message.picture);
      break;
    case 'erase':
      stage.erase(message.canvas);
      break;
    case 'run':
      answer(message.request, () => run(message));
      break;
    case 'halt':
    case 'resume':
      inTurn(() => lanes.halt(message.lane, message.type === 'halt'));
      break;
    case 'release':
      inTurn(() => lanes.release(message.lane));
      break;
    case 'hidden':
      lanes.hide(message.hidden);
      scenes.hide(message.hidden);
      break;
    case 'scene':
      scenes.describe(message.scene);
      break;
    case 'scene-inputs':
      scenes.change(message.scene, message.inputs, message.once, message.input);
      break;
    case 'scene-halt':
      scenes.halt(message.scene, true);
      break;
    case 'scene-resume':
      scenes.halt(message.scene, false, message.until);
      break;
    case 'scene-release':
      scenes.release(message.scene);
      break;
    case 'compute':
      answer(message.request, () => jobs.ask(message.question));
      break;
    case 'frame-values':
      answer(message.request, async () => {
        await building;
        return lanes.frameValues(message.lane, message.what, message.frame);
      });
      break;
    case 'trajectory':
      answer(message.request, async () => {
        await building;
        return lanes.trajectory(message.lane, message.what);
      });
      break;
    case 'observe':
      observing = message;
      observe();
      break;
    case 'load':
      answer(message.request, () =>
        loadModel(message.row.id, () => fetchModel(message.row, base, (progress) => post({ type: 'progress', progress }))),
      );
      break;
    case 'load-file':
      answer(message.request, () => loadModel(message.name, async () => message.bytes));
      break;
    case 'inspect':
      answer(message.request, async () => {
        await building;
        return inspect(need(), message.bytes, selected);
      });
      break;
    case 'normal':
      answer(message.request, async () => {
        await building;
        return need().normal(message.seed, message.count);
      });
      break;
    case 'pixels':
      answer(message.request, async () => {
        need().decode(message.z);
        return reading(need().read());
      });
      break;
    case 'measure':
      answer(message.request, () => measure(message.look, base));
      break;
    case 'png':
      answer(message.request, () => png(message.canvas));
      break;
    default:
      fail(new KindError('internal', JSON.stringify(message)));
  }
};
