/** What is being fetched or made ready, in bytes where there are bytes. */

import { bytes, t } from '../i18n/translate.js';
import { h } from './dom.js';

/** @import { Progress } from '../protocol.js' */

/** What is under way at the same time is told in this order. */
const STAGES = /** @type {const} */ (['engine', 'model', 'pipelines']);

export class ProgressLine {
  constructor() {
    this.bar = h('progress', { max: 1, 'aria-label': t('progress.label') });
    this.words = h('span', {});
    this.element = h('div', { class: 'progress', hidden: true }, this.bar, this.words);
    /** @type {Map<Progress['stage'], Progress>} */
    this.underWay = new Map();
  }

  /** @param {Progress} progress */
  show(progress) {
    const { loaded, total } = progress;
    if (total > 0 && loaded >= total) this.underWay.delete(progress.stage);
    else this.underWay.set(progress.stage, progress);
    const stage = STAGES.find((name) => this.underWay.has(name));
    const told = stage && this.underWay.get(stage);
    // what came last stays until the picture is there
    this.tell(told ?? progress);
  }

  /** @param {Progress} progress */
  tell({ stage, loaded, total }) {
    this.element.hidden = false;
    if (total > 0) this.bar.value = Math.min(1, loaded / total);
    else this.bar.removeAttribute('value');
    const amount = total > 0 ? t('progress.of', { loaded: bytes(loaded), total: bytes(total) }) : loaded > 0 ? bytes(loaded) : '';
    this.words.textContent = [t(`progress.${stage}`), amount].filter(Boolean).join(' \u00b7 ');
  }

  hide() {
    this.underWay.clear();
    this.element.hidden = true;
  }
}
