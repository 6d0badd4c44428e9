/** Which backend runs and why, and the switch. */

import { has, t } from '../i18n/translate.js';
import { h } from './dom.js';

/** @import { Backend, BackendInfo } from '../protocol.js' */

export class BackendMenu {
  /** @param {(backend: Backend) => void} chosen */
  constructor(chosen) {
    this.face = h('summary', { class: 'chip' }, h('span', { class: 'lamp' }), t('backend.starting'));
    this.why = h('p', {});
    this.buttons = {
      gpu: h('button', { type: 'button', class: 'button', onclick: () => this.choose('gpu', chosen) }, t('backend.use.gpu')),
      cpu: h('button', { type: 'button', class: 'button', onclick: () => this.choose('cpu', chosen) }, t('backend.use.cpu')),
    };
    this.element = h(
      'details',
      { class: 'backend-menu' },
      this.face,
      h('div', { class: 'popover' }, this.why, this.buttons.gpu, this.buttons.cpu),
    );
    this.element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close(true);
    });
    document.addEventListener('pointerdown', (event) => {
      if (event.target instanceof Node && !this.element.contains(event.target)) this.close(false);
    });
  }

  /** @param {boolean} focus */
  close(focus) {
    if (!this.element.open) return;
    this.element.open = false;
    if (focus) this.face.focus();
  }

  /** @param {Backend} backend @param {(backend: Backend) => void} chosen */
  choose(backend, chosen) {
    this.close(true);
    chosen(backend);
  }

  /** @param {BackendInfo} info */
  show(info) {
    const lamp = h('span', { class: `lamp on ${info.backend}` });
    this.face.replaceChildren(
      lamp,
      h('span', {}, t(`backend.${info.backend}`)),
      h('span', { class: 'chip-how' }, ` ${t(`backend.${info.backend}.how`)}`),
    );
    this.why.replaceChildren(sentence(info));
    this.buttons.gpu.hidden = info.backend === 'gpu';
    this.buttons.gpu.disabled = info.reason === 'no-webgpu';
    this.buttons.cpu.hidden = info.backend === 'cpu';
  }
}

/** @param {BackendInfo} info */
export function sentence(info) {
  const key = `backend.reason.${info.backend}.${info.reason}`;
  const adapter = info.adapter || t('backend.adapter.unnamed');
  return t(has(key) ? key : `backend.reason.${info.reason}`, { adapter, detail: info.detail });
}
