/**
 * The messages between the page and its one worker, and the surface of the wasm `Session` that the worker drives.
 *
 * The page describes pictures (which latent vectors, in which grid, on which canvas); the worker keeps the newest
 * description of each canvas, decodes it once per animation frame and draws it there. Because descriptions are kept,
 * a lost device, a switch of backend, a new theme or a resize repaints everything without asking the page again.
 */

/** @typedef {'gpu' | 'cpu'} Backend */

/**
 * Why this backend runs; `i18n/en.json` has a sentence for each (`backend.reason.*`).
 * @typedef {'hardware' | 'chosen' | 'no-webgpu' | 'no-adapter' | 'software' | 'gpu-failed'} BackendReason
 */

/**
 * @typedef {object} BackendInfo
 * @property {Backend} backend
 * @property {BackendReason} reason
 * @property {string} adapter  what the driver calls itself; the instruction set on the CPU
 * @property {boolean} software  true when a GPU adapter is emulated on the CPU
 * @property {string} detail  the engine's own words when the GPU failed, else empty
 */

/**
 * A grid of decoded images on one canvas. `z` holds columns * rows latent vectors, row by row from the top left.
 * @typedef {object} Picture
 * @property {string} canvas  the name under which the page sent the canvas
 * @property {Float32Array} z
 * @property {number} columns
 * @property {number} rows
 * @property {number} gap  space between images, in image pixels
 * @property {boolean} urgent  drawn before any other: what the person holds right now
 * @property {number} [input]  when the input event happened, in ms since the epoch, for the latency shown
 */

/**
 * What is to be computed in a lane, which is one trajectory by name: pure data, also the argument of the command line's
 * sampler. Images are in [-1, 1]; t is 0 for data and 1 for noise.
 * @typedef {object} Spec
 * @property {string} model
 * @property {'ddim' | 'ddpm' | 'dpm-solver' | 'euler' | 'midpoint' | 'heun'} sampler
 * @property {number} steps
 * @property {'uniform' | 'quadratic' | 'log-snr'} spacing
 * @property {number} eta
 * @property {number} guidance_scale
 * @property {number[]} classes  one per digit; 10 where the class is not told
 * @property {number} seed  digits have it, it + 1, ...
 * @property {boolean} shared_noise  all digits begin in the same noise
 * @property {{kind: 'noise' | 'data'} | {kind: 'source' | 'exact', t: number}} start
 * @property {'denoise' | 'encode'} direction
 * @property {{resample: number, jump: number}} [inpaint]
 */

/** @typedef {'x_t' | 'x_0' | 'eps' | 'x_0_previous' | 'x_0_second' | 'eps_second' | 'noise'} Term */

/**
 * One step, from the time `from` to the time `to`: the next x is the sum of value * term.
 * @typedef {object} Move
 * @property {'denoise' | 'renoise'} kind
 * @property {number} from
 * @property {number} to
 * @property {number} alpha  of the path at `from`
 * @property {number} sigma
 * @property {number | null} log_snr  null where it is not finite
 * @property {number} alpha_to
 * @property {number} sigma_to
 * @property {number} evaluations
 * @property {number[]} network_time
 * @property {{term: Term, value: number}[]} coefficients
 */

/**
 * What a lane will hold: frame k is the state before move k with the predictions made there, the last one the result.
 * @typedef {object} Trajectory
 * @property {number} frames  one more than there are moves
 * @property {Move[]} moves
 * @property {number} batch
 * @property {[alpha: number, sigma: number][]} curve  the path that the sampler walks, at t = 0, 1/100, ... 1
 */

/** The state, the predicted digit, the predicted noise. @typedef {'x_t' | 'x_0' | 'eps'} What */

/**
 * A grid of digits of one frame of a lane; the newest frame there is where it is not computed yet.
 * @typedef {object} FramePicture
 * @property {string} canvas
 * @property {string} lane
 * @property {What} what
 * @property {number} frame
 * @property {number} columns
 * @property {number} rows
 * @property {number} gap
 * @property {number} [first]  index of the first digit
 * @property {boolean} urgent
 */

/** Numbers by the name of an input or output of a job. @typedef {Record<string, Float32Array>} Inputs */

/**
 * A job run again and again: run k has the key of (`seed`, k) in its input `key` and k in its input `step`, if it has
 * these; what the job keeps from run to run begins as zeros, or as `state` says.
 * @typedef {object} Chain
 * @property {number} seed  0 to 2^32 - 1
 * @property {number | null} steps  runs; null goes on for ever
 * @property {number} [until]  runs after which a scene's chain waits for `scene-resume` with the next such number; its
 *   outputs are read there, and not in every animation frame
 * @property {number} [per_frame]  most runs in one animation frame; below 1 a run takes several
 * @property {Inputs} [state]  by the name of the slab
 * @property {Inputs} [first]  inputs of the first run, in place of those of the same names
 * @property {Inputs} [each]  inputs that every one of the `steps` runs has values of its own of, run by run
 */

/**
 * A question to a model by one of its jobs; what jobs there are stands with the family (crate/src/models).
 * @typedef {object} Question
 * @property {string} model  which is loaded
 * @property {string} job
 * @property {number} batch
 * @property {Inputs} inputs  all that the job has, but those that the chain writes
 * @property {Chain & {steps: number}} [chain]
 * @property {string[]} read  the outputs that are the answer
 */

/**
 * A grid of images of one output: `grey` ones in [0, 1], where 1 is ink, or those in [-1, 1], `signed` from paper to ink or
 * `diverging`, in two colours with paper between.
 * @typedef {object} View
 * @property {string} canvas
 * @property {string} output
 * @property {number} columns
 * @property {number} rows
 * @property {number} gap  space between images, in image pixels
 * @property {number} [first]  index of the first image
 * @property {'grey' | 'signed' | 'diverging'} [tone]
 */

/**
 * What a scene computes and shows. A new description of a scene replaces the one before; with a chain it begins anew.
 * @typedef {object} Scene
 * @property {string} scene  its name, unique on the page
 * @property {number} serial  comes back with all that belongs to this description
 * @property {string} model  which is loaded
 * @property {string} job
 * @property {number} batch
 * @property {Inputs} inputs
 * @property {Chain} [chain]
 * @property {boolean} [halted]  the chain waits to be resumed
 * @property {View[]} views
 * @property {string[]} [read]  outputs that are sent to the page, the newest that there are
 * @property {boolean} [urgent]  computed and drawn before any other: what the person holds right now
 * @property {number} [input]  when the input event happened, in ms since the epoch, for the latency shown
 */

/** What a canvas shows of a scene. @typedef {View & {scene: string, urgent: boolean, input?: number}} ScenePicture */

/**
 * How pictures are inked. Colours are sRGB, 0 to 1.
 * @typedef {object} Look
 * @property {[number, number, number]} ink
 * @property {[number, number, number]} paper
 * @property {[number, number, number]} above  1 of what is signed
 * @property {[number, number, number]} below  -1 of it
 * @property {boolean} smooth  cubic interpolation between pixels instead of crisp squares
 */

/**
 * A canvas handed over, with the size of its box on the screen in device pixels.
 * @typedef {object} CanvasHandover
 * @property {string} name
 * @property {OffscreenCanvas} canvas
 * @property {number} width
 * @property {number} height
 */

/**
 * One row of `models/catalog.json`.
 * @typedef {object} CatalogRow
 * @property {string} id
 * @property {string} family
 * @property {string} title
 * @property {string} file  relative to `models/`
 * @property {number} bytes
 * @property {string} sha256
 * @property {string} [card]  relative to `models/`
 */

/**
 * What `Session.load` tells about a model.
 * @typedef {object} ModelInfo
 * @property {{family: string, z_dim: number} & Record<string, unknown>} config  z_dim is a VAE's
 * @property {number} parameters
 * @property {{unit: number, kl: number}[]} [active_units]  most active first; kl in nats, averaged over the test set
 * @property {string[]} [assumptions]  what had to be assumed about a file of another origin, in sentences
 * @property {number[][]} [class_means]  10 mean encodings of z_dim numbers
 */

/**
 * `heap`: bytes of the WebAssembly memory, which only grows.
 * @typedef {{decode_ms: number, dispatches: number, buffers: number, bytes: number, heap: number}} SessionStats
 */

/**
 * The wasm `Session` (crate/src/web/session.rs). Failures are `Error`s with a stable `kind` (see crate/src/error.rs).
 * @typedef {object} Session
 * @property {() => {backend: Backend, adapter: string, software: boolean}} info
 * @property {(report: (kind: string, detail: string) => void) => void} on_failure  a lost device, an uncaptured GPU error
 * @property {(id: string, bytes: Uint8Array) => string} load  a safetensors file; JSON of `ModelInfo`; selects the model; a file that does not fit changes nothing
 * @property {(id: string) => string} select  a model loaded before; JSON of `ModelInfo`
 * @property {(name: string, canvas: OffscreenCanvas) => void} attach
 * @property {(name: string) => void} detach
 * @property {(z: Float32Array) => void} decode  n * z_dim numbers; the n images stay on the device
 * @property {(name: string, columns: number, rows: number, gap: number, smooth: boolean, ink: Float32Array, paper: Float32Array) => void} present  draws what was decoded last, over the whole canvas
 * @property {() => Promise<Float32Array>} read  what was decoded last, n * 784 numbers in [0, 1]
 * @property {(x: Float32Array) => Promise<{mu: Float32Array, logvar: Float32Array}>} encode  x: 784 numbers in [0, 1]
 * @property {(x: Float32Array, z: Float32Array) => Promise<{bce: number, kl: number}>} reconstruct  nats
 * @property {(lane: string, spec: string, source?: Float32Array, mask?: Float32Array) => string} run  JSON of a `Spec`; starts the lane anew; JSON of its `Trajectory`
 * @property {(lane: string) => number} step  takes the next step, if there is one; the newest frame whose x_t is there
 * @property {(lane: string) => number} step_ms  mean time of a step of a lane on the device, 0 before one was timed
 * @property {() => number} pending  steps that the device has not done yet
 * @property {(canvas: string, lane: string, what: What, frame: number, first: number, columns: number, rows: number, gap: number, smooth: boolean, ink: Float32Array, paper: Float32Array) => number | undefined} present_frame  draws a frame or the newest before it; which one it was, nothing where there is none
 * @property {(lane: string, what: What, frame: number) => Promise<Float32Array>} read_frame
 * @property {(lane: string, what: What) => Promise<Float32Array>} read_lane  all frames there are
 * @property {(lane: string) => void} release
 * @property {(scene: string, model: string, job: string, batch: number) => string} job_open  gives a scene its job, compiled for it alone; JSON of the names of the inputs
 * @property {(scene: string, input: string, values: Float32Array) => void} job_write
 * @property {(scene: string) => void} job_run
 * @property {(scene: string, seed: number, index: number) => void} job_step  the run `index` of a chain
 * @property {(scene: string) => number} job_ms  mean time of a run on the device, 0 before one was timed
 * @property {(scene: string, output: string) => Promise<Float32Array>} job_read
 * @property {(scene: string, slab: string) => Promise<Float32Array>} job_state  what the job keeps from run to run
 * @property {(scene: string, slab: string, values: Float32Array) => void} job_set_state
 * @property {(scene: string) => void} job_reset  all that the job keeps becomes 0
 * @property {(canvas: string, scene: string, output: string, first: number, columns: number, rows: number, gap: number, smooth: boolean, tone: string, ink: Float32Array, paper: Float32Array, below: Float32Array) => boolean} job_present  whether there was anything to draw
 * @property {(scene: string) => void} job_close
 * @property {(seed: number, n: number) => Float32Array} normal  Philox: the same numbers on every backend
 * @property {() => SessionStats} stats
 * @property {() => void} free
 */

/**
 * Page to worker.
 * @typedef {(
 *   | {type: 'start', backend: Backend | null, look: Look, base: string}
 *   | {type: 'switch', backend: Backend}
 *   | {type: 'canvases', generation: number, canvases: CanvasHandover[]}
 *   | {type: 'resize', canvas: string, width: number, height: number}
 *   | {type: 'look', look: Look}
 *   | {type: 'draw', picture: Picture}
 *   | {type: 'draw', picture: FramePicture}
 *   | {type: 'erase', canvas: string}
 *   | {type: 'run', request: number, lane: string, spec: Spec, source?: Float32Array, mask?: Float32Array}
 *   | {type: 'halt', lane: string}
 *   | {type: 'resume', lane: string}
 *   | {type: 'release', lane: string}
 *   | {type: 'hidden', hidden: boolean}
 *   | {type: 'scene', scene: Scene}
 *   | {type: 'scene-inputs', scene: string, inputs: Inputs, once?: boolean, input?: number}
 *   | {type: 'scene-halt', scene: string}
 *   | {type: 'scene-resume', scene: string, until?: number}
 *   | {type: 'scene-release', scene: string}
 *   | {type: 'compute', request: number, question: Question}
 *   | {type: 'frame-values', request: number, lane: string, what: What, frame: number}
 *   | {type: 'trajectory', request: number, lane: string, what: What}
 *   | {type: 'observe', x: Float32Array, z: Float32Array | null, seed: number | null}
 *   | {type: 'load', request: number, row: CatalogRow}
 *   | {type: 'load-file', request: number, name: string, bytes: Uint8Array}
 *   | {type: 'inspect', request: number, bytes: Uint8Array}
 *   | {type: 'normal', request: number, seed: number, count: number}
 *   | {type: 'pixels', request: number, z: Float32Array}
 *   | {type: 'png', request: number, canvas: string}
 *   | {type: 'measure', request: number, look: Seen}
 * )} ToWorker
 */

/**
 * What the classifier with this SHA-256 saw in drawn digits: `features` n * width numbers, `probabilities` n * 10.
 * @typedef {{classifier: string, features: Float32Array, probabilities: Float32Array, seed: number}} Seen
 */

/**
 * Measures of drawn digits (crate/src/metrics/sample_report.rs), and the Frechet distance that as many real ones have,
 * where it is known.
 * @typedef {{n: number, fid: number, fid_error: number, kid: number, inception: number, precision: number, recall: number,
 *   density: number, coverage: number, errors: Record<string, number | null>, floor: number | null}} Report
 */

/**
 * What the encoder makes of a drawing: q(z | x) = N(mu, exp(logvar)), the z that was decoded, and both terms of the
 * negative ELBO in nats.
 * @typedef {{mu: Float32Array, logvar: Float32Array, z: Float32Array, bce: number, kl: number}} Observation
 */

/** @typedef {{stage: 'engine' | 'model' | 'pipelines', loaded: number, total: number}} Progress */

/** @typedef {SessionStats & {fps: number, latency_ms: number | null}} Stats */

/** @typedef {{kind: string, detail: string}} Failure */

/**
 * Worker to page.
 * @typedef {(
 *   | {type: 'need-canvases', generation: number}
 *   | {type: 'backend', info: BackendInfo}
 *   | {type: 'progress', progress: Progress}
 *   | {type: 'drawn', canvas: string}
 *   | {type: 'frames', lane: string, ready: number, total: number, ms: number}
 *   | {type: 'scene-steps', scene: string, serial: number, done: number, ms: number}
 *   | {type: 'scene-values', scene: string, serial: number, done: number, values: Inputs}
 *   | {type: 'scene-failed', scene: string, serial: number, failure: Failure}
 *   | {type: 'observed', observation: Observation}
 *   | {type: 'stats', stats: Stats}
 *   | {type: 'rebuilt', detail: string}
 *   | {type: 'failure', failure: Failure}
 *   | {type: 'reply', request: number, value: unknown}
 *   | {type: 'refused', request: number, failure: Failure}
 * )} ToPage
 */

/** Side of an image in pixels, and its number of pixels. */
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;

/** Decimals that a latent coordinate keeps. Every z is rounded before it is used, so that a link holds it exactly. */
export const Z_DECIMALS = 3;

/**
 * @param {Iterable<number>} values
 * @returns {Float32Array}
 */
export function roundZ(values) {
  const scale = 10 ** Z_DECIMALS;
  return Float32Array.from(values, (value) => Math.round(value * scale) / scale);
}

/**
 * @param {unknown} error
 * @returns {Failure}
 */
export function toFailure(error) {
  if (error instanceof Error) {
    const kind = /** @type {{kind?: unknown}} */ (error).kind;
    return { kind: typeof kind === 'string' ? kind : 'internal', detail: error.message };
  }
  return { kind: 'internal', detail: String(error) };
}

/** An error with one of the stable kinds. */
export class KindError extends Error {
  /**
   * @param {string} kind
   * @param {string} detail
   */
  constructor(kind, detail) {
    super(detail);
    this.kind = kind;
  }
}
