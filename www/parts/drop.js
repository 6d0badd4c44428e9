/** Drop a weights file anywhere on the page, or choose one. */

import { t } from '../i18n/translate.js';
import { h } from './dom.js';

/**
 * @param {(file: File) => void} taken
 */
export function fileDrop(taken) {
  const veil = h('div', { class: 'drop-veil', hidden: true, 'aria-hidden': 'true' }, h('p', {}, t('drop.veil')));
  const input = h('input', {
    type: 'file',
    accept: '.safetensors',
    class: 'visually-hidden',
    'aria-label': t('drop.choose'),
    tabIndex: -1,
    onchange: () => {
      const file = input.files?.[0];
      if (file) taken(file);
      input.value = '';
    },
  });
  const holdsFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
  let depth = 0;
  window.addEventListener('dragenter', (event) => {
    if (!holdsFile(event)) return;
    depth += 1;
    veil.hidden = false;
  });
  window.addEventListener('dragleave', (event) => {
    if (!holdsFile(event)) return;
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  window.addEventListener('dragover', (event) => {
    if (holdsFile(event)) event.preventDefault();
  });
  window.addEventListener('drop', (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    const file = event.dataTransfer?.files[0];
    if (file) taken(file);
  });
  return { veil, input, choose: () => input.click() };
}
