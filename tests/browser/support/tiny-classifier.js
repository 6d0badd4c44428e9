/** Weights of the classifier with a few channels; nothing was learned in them. */

import { conv, file, linear } from './tiny-weights.js';

export function tinyClassifier() {
  const [channels, features] = [[2, 3], 5];
  return file({ family: 'classifier', channels, features }, [
    ...conv('conv1', 1, 2, 3),
    ...conv('conv2', 2, 3, 3),
    ...linear('fc1', 3 * 7 * 7, features),
    ...linear('fc2', features, 10),
  ]);
}
