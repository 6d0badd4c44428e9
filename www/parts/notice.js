/** One calm line: what is the matter and what to do. At most one is seen at a time. */

import { has, t } from '../i18n/translate.js';
import { ICONS, button, h } from './dom.js';

/** @import { Failure } from '../protocol.js' */

export class Notice {
  constructor() {
    this.words = h('span', {});
    this.action = h('button', { type: 'button', class: 'button', hidden: true });
    this.element = h(
      'div',
      { class: 'notice', role: 'status', hidden: true },
      this.words,
      this.action,
      button({ label: t('notice.close'), icon: ICONS.clear(), bare: true, onclick: () => this.hide() }),
    );
  }

  /**
   * @param {string} text
   * @param {object} [options]
   * @param {'calm' | 'error'} [options.tone]
   * @param {{label: string, run: () => void}} [options.action]
   */
  show(text, { tone = 'calm', action } = {}) {
    this.words.textContent = text;
    this.element.dataset.tone = tone;
    this.element.setAttribute('role', tone === 'error' ? 'alert' : 'status');
    this.action.hidden = !action;
    if (action) {
      this.action.textContent = action.label;
      this.action.onclick = () => {
        this.hide();
        action.run();
      };
    }
    this.element.hidden = false;
  }

  hide() {
    this.element.hidden = true;
  }
}

/** The sentence for a kind of failure. @param {Failure} failure */
export function explain({ kind, detail }) {
  return t(has(`error.${kind}`) ? `error.${kind}` : 'error.internal', { detail: detail || kind });
}
