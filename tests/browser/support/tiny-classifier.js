/** Weights of the classifier with a few channels; nothing was learned in them. */

import { file, linear } from './tiny-weights.js';

export function tinyClassifier() {
  const [first, second, features] = [2, 3, 5];
  return file({ family: 'classifier', channels: [first, second], features }, [
    // above 0 on the whole, so that no layer is cut off
    ['conv1.weight', [first, 1, 3, 3], 0.5, 0.2],
    ['conv1.bias', [first], 0.1],
    ['conv2.weight', [second, first, 3, 3], 0.4, 0.1],
    ['conv2.bias', [second], 0.1],
    ...linear('fc1', second * 7 * 7, features),
    ...linear('fc2', features, 10),
  ]);
}
