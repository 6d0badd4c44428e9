/** Weights of a convolutional energy model with a few channels; nothing was learned in them. */

import { conv, file, linear } from './tiny-weights.js';

export function tinyEnergy() {
  const channels = [3, 4, 5];
  const config = { family: 'energy', channels, hidden: 6, step_size: 2, noise: 0.05 };
  return file(config, [
    ...conv('conv1', 1, channels[0], 4),
    ...conv('conv2', channels[0], channels[1], 3),
    ...conv('conv3', channels[1], channels[2], 3),
    ...linear('fc1', channels[2] * 16, 6),
    ...linear('fc2', 6, 10),
  ]);
}
