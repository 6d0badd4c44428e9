/** What is being fetched or made ready, in bytes where there are bytes. */

import { bytes, t } from '../i18n/translate.js';
import { h } from './dom.js';

/** @import { Progress } from '../protocol.js' */

export class ProgressLine {
  constructor() {
    this.bar = h('progress', { max: 1, 'aria-label': t('progress.label') });
    this.words = h('span', {});
    this.element = h('div', { class: 'progress', hidden: true }, this.bar, this.words);
  }

  /** @param {Progress} progress */
  show({ stage, loaded, total }) {
    this.element.hidden = false;
    if (total > 0) this.bar.value = Math.min(1, loaded / total);
    else this.bar.removeAttribute('value');
    const amount = total > 0 ? t('progress.of', { loaded: bytes(loaded), total: bytes(total) }) : loaded > 0 ? bytes(loaded) : '';
    this.words.textContent = [t(`progress.${stage}`), amount].filter(Boolean).join(' \u00b7 ');
  }

  hide() {
    this.element.hidden = true;
  }
}
