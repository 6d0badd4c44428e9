/** Our engine on the GPU as a column of the comparison with other engines. */

import { adapter } from './kinds.js';

export const meta = { name: 'inkling-gpu', peer: 'inkling', backend: 'webgpu', limit: 'wgsl', train: true };
export const { init, matmul, decoder, denoiser, unet, vaeTrain, ganTrain } = adapter('gpu');
