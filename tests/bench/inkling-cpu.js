/** Our engine on the CPU as a column of the comparison with other engines. */

import { adapter } from './kinds.js';

export const meta = { name: 'inkling-cpu', peer: 'inkling', backend: 'wasm', limit: 'wasm1', train: true };
export const { init, matmul, decoder, denoiser, unet, vaeTrain, ganTrain } = adapter('cpu');
