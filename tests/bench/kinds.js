/**
 * The six kinds of work of the comparison with other engines, as graphs of our engine's public API (crate/src/web/
 * engine.rs). Each function returns `{step, dispose, params?}`, as the comparison's README asks.
 */

/**
 * A WebAssembly module with one relaxed-SIMD instruction: tells which of the two builds this browser runs.
 */
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253,
  128, 2, 11,
]);

/** Adam's constants and the slope of the discriminator, as the comparison's specification has them. */
const ADAM = { rate: 1e-3, beta1: 0.9, beta2: 0.999 };
const SLOPE = 0.2;
/** Group normalisation of the U-Net. */
const GROUPS = 8;
const EPS = 1e-5;
/** The U-Net's layers: stride, upsampling in front, whether normalisation and SiLU follow. */
const UNET = [
  [1, 1, true],
  [2, 1, true],
  [2, 1, true],
  [1, 1, true],
  [1, 2, true],
  [1, 1, false],
  [1, 1, true],
  [1, 1, false],
];

/**
 * The adapter for one backend.
 * @param {'gpu' | 'cpu'} backend
 * @param {string} [base]  address of the folder that holds the two wasm builds
 */
export function adapter(backend, base = '/ext') {
  /** @type {any} */
  let api;
  /** @type {any} */
  let engine;

  async function init() {
    const variant = WebAssembly.validate(RELAXED_SIMD) ? 'relaxed' : 'plain';
    const address = `${base}/${variant}/inkling.js`;
    api = await import(address);
    await api.default({ module_or_path: `${base}/${variant}/inkling_bg.wasm` });
    if (backend === 'gpu') api.provide_shaders((await import(`${base}/shaders.js`)).default);
    engine = await api.Engine.create(backend);
    return { version: variant, threads: 1 };
  }

  /**
   * Parameters as a layout and an uploaded slab.
   * @param {Record<string, {shape: number[], data: Float32Array}>} params
   */
  function upload(params) {
    const layout = new api.Layout();
    for (const [name, { shape }] of Object.entries(params)) layout.add(name, Uint32Array.from(shape));
    const values = new Float32Array(layout.length);
    for (const [name, { data }] of Object.entries(params)) values.set(data, layout.offset(name));
    const buffer = engine.upload(values);
    return {
      layout,
      buffer,
      async read() {
        const slab = await buffer.read();
        return Object.fromEntries(
          Object.entries(params).map(([name, { data }]) => {
            const start = layout.offset(name);
            return [name, slab.subarray(start, start + data.length)];
          }),
        );
      },
    };
  }

  /**
   * Compiles, and finds the inputs once.
   * @param {any} graph
   * @param {Record<string, any>} outputs
   * @param {Record<string, any>} slabs
   * @param {string[]} inputs
   */
  function compile(graph, outputs, slabs, inputs) {
    const request = new api.Request();
    for (const [name, tensor] of Object.entries(outputs)) request.output(name, tensor);
    for (const [name, slab] of Object.entries(slabs)) request.buffer(name, slab.buffer);
    const executable = engine.compile(graph, request);
    const ids = inputs.map((/** @type {string} */ name) => executable.input(name));
    return {
      executable,
      /** @param {Float32Array[]} values */
      run(values) {
        for (let i = 0; i < ids.length; i++) executable.write(ids[i], values[i]);
        return backend === 'cpu' ? executable.run_now() : executable.run();
      },
    };
  }

  /**
   * A network without training: one input, one output.
   * @param {string} name
   * @param {(spec: any) => number[]} shape
   * @param {(x: any, p: (name: string) => any, spec: any) => any} network
   */
  const inference = (name, shape, network) => async (/** @type {any} */ spec) => {
    const slab = upload(spec.params);
    const graph = new api.Graph();
    const params = graph.slab('params', slab.layout);
    const x = graph.input(name, Uint32Array.from(shape(spec)));
    const y = network(x, (/** @type {string} */ key) => params.get(key), spec);
    const { executable, run } = compile(graph, { y }, { params: slab }, [name]);
    return {
      step: async (/** @type {Record<string, Float32Array>} */ inputs) => run([inputs[name]]),
      dispose: () => executable.free(),
    };
  };

  const dense = (/** @type {any} */ x, /** @type {any} */ p, /** @type {string} */ w, /** @type {string} */ b) =>
    x.matmul(p(w)).add(p(b));

  const matmul = inference('A', ({ n }) => [n, n], (x, p) => x.matmul(p('B')));

  const decoder = inference('z', ({ batch }) => [batch, 20], (x, p) =>
    dense(dense(x, p, 'W1', 'b1').relu(), p, 'W2', 'b2').sigmoid(),
  );

  const denoiser = inference('x', ({ batch }) => [batch, 785], (x, p) =>
    dense(dense(dense(x, p, 'W1', 'b1').relu(), p, 'W2', 'b2').relu(), p, 'W3', 'b3'),
  );

  const unet = inference('x', ({ batch }) => [batch, 1, 28, 28], (x, p) => {
    const layer = (/** @type {number} */ i, /** @type {any} */ input) => {
      const [stride, factor, normalised] = UNET[i];
      const y = input.conv2d(p(`c${i}w`), factor, stride, 1).add_channels(p(`c${i}b`));
      return normalised ? y.group_norm(GROUPS, p(`g${i}g`), p(`g${i}b`), EPS).silu() : y;
    };
    const h0 = layer(0, x);
    const h1 = layer(1, h0);
    const middle = layer(3, layer(2, h1));
    const up = layer(5, layer(4, middle).concat(h1, 1));
    return layer(7, layer(6, up.upsample(2).concat(h0, 1)));
  });

  /** The values of Adam's `hyper` input at step t. */
  const hyper = (/** @type {number} */ t) =>
    Float32Array.of(ADAM.rate, 1 / (1 - ADAM.beta1 ** t), 1 / (1 - ADAM.beta2 ** t), 0);

  async function vaeTrain(/** @type {any} */ { batch, params: initial }) {
    const slab = upload(initial);
    const graph = new api.Graph();
    const params = graph.slab('params', slab.layout);
    const p = (/** @type {string} */ key) => params.get(key);
    const x = graph.input('x', Uint32Array.of(batch, 784));
    const eps = graph.input('eps', Uint32Array.of(batch, 20));
    const rates = graph.input('hyper', Uint32Array.of(4));
    const h = dense(x, p, 'W1', 'b1').relu();
    const mu = dense(h, p, 'Wm', 'bm');
    const logvar = dense(h, p, 'Wv', 'bv');
    const z = mu.add(logvar.scale(0.5).exp().mul(eps));
    const logits = dense(dense(z, p, 'W3', 'b3').relu(), p, 'W4', 'b4');
    const bce = logits.softplus().sub(logits.mul(x)).sum();
    const kl = mu.square().add(logvar.exp()).sub(logvar).offset(-1).sum().scale(0.5);
    const loss = bce.add(kl).scale(1 / batch);
    graph.minimise(loss, params, rates, 'adam');
    const { executable, run } = compile(graph, { loss }, { params: slab }, ['x', 'eps', 'hyper']);
    let t = 0;
    return {
      step: async (/** @type {Record<string, Float32Array>} */ inputs) => run([inputs.x, inputs.eps, hyper(++t)]),
      params: slab.read,
      dispose: () => executable.free(),
    };
  }

  async function ganTrain(/** @type {any} */ { batch, params: initial }) {
    const part = (/** @type {string} */ letter) =>
      upload(Object.fromEntries(Object.entries(initial).filter(([name]) => name.startsWith(letter))));
    const generatorSlab = part('G');
    const discriminatorSlab = part('D');
    const graph = new api.Graph();
    const g = graph.slab('generator', generatorSlab.layout);
    const d = graph.slab('discriminator', discriminatorSlab.layout);
    const x = graph.input('x', Uint32Array.of(batch, 784));
    const z1 = graph.input('z1', Uint32Array.of(batch, 100));
    const z2 = graph.input('z2', Uint32Array.of(batch, 100));
    const rates = graph.input('hyper', Uint32Array.of(4));
    const pg = (/** @type {string} */ key) => g.get(key);
    const pd = (/** @type {string} */ key) => d.get(key);
    const generate = (/** @type {any} */ z) =>
      dense(dense(dense(z, pg, 'GW1', 'Gb1').relu(), pg, 'GW2', 'Gb2').relu(), pg, 'GW3', 'Gb3').sigmoid();
    const judge = (/** @type {any} */ y) =>
      dense(
        dense(dense(y, pd, 'DW1', 'Db1').leaky_relu(SLOPE), pd, 'DW2', 'Db2').leaky_relu(SLOPE),
        pd,
        'DW3',
        'Db3',
      );
    // real and generated images go through the discriminator as one batch
    const verdict = judge(x.concat(generate(z1).detach(), 0));
    // -log sigmoid(l) = softplus(l) - l for real images, softplus(l) for generated ones
    const real = verdict.slice(0, 0, batch);
    const lossD = verdict.softplus().sum().sub(real.sum()).scale(1 / batch);
    graph.minimise(lossD, d, rates, 'adam-d');
    const fooled = judge(generate(z2));
    const lossG = fooled.softplus().sub(fooled).sum().scale(1 / batch);
    graph.minimise(lossG, g, rates, 'adam-g');
    const slabs = { generator: generatorSlab, discriminator: discriminatorSlab };
    const { executable, run } = compile(graph, { lossD, lossG }, slabs, ['x', 'z1', 'z2', 'hyper']);
    let t = 0;
    return {
      step: async (/** @type {Record<string, Float32Array>} */ inputs) =>
        run([inputs.x, inputs.z1, inputs.z2, hyper(++t)]),
      params: async () => ({ ...(await generatorSlab.read()), ...(await discriminatorSlab.read()) }),
      dispose: () => executable.free(),
    };
  }

  /** The module's exports, once loaded. */
  const exports = () => api;

  return { api: exports, init, matmul, decoder, denoiser, unet, vaeTrain, ganTrain };
}
