/** One end of a path: a random point, a class mean, or what was drawn. */

import { t } from '../i18n/translate.js';
import { ICONS, button, h, setPressed } from './dom.js';
import { Picture } from './picture.js';

/** @import { EngineClient } from '../engine.js' */

export class EndPicker {
  /**
   * @param {EngineClient} engine
   * @param {'from' | 'to'} kind
   * @param {object} hooks
   * @param {(spec: string) => void} hooks.chosen  as in the link: class:3, seed:17, or `drawn` for what is on the pad
   */
  constructor(engine, kind, hooks) {
    const letter = t(`end.${kind}.letter`);
    this.picture = new Picture(engine, { name: `end-${kind}`, label: t('end.picture', { letter }) });
    this.classes = Array.from({ length: 10 }, (_, digit) =>
      h(
        'button',
        {
          type: 'button',
          class: 'digit-button',
          'aria-label': t('end.class', { digit }),
          'aria-pressed': 'false',
          onclick: () => hooks.chosen(`class:${digit}`),
        },
        String(digit),
      ),
    );
    this.random = button({
      label: t('end.random'),
      icon: ICONS.dice(),
      pressed: false,
      onclick: () => hooks.chosen(`seed:${Math.floor(Math.random() * 1e6)}`),
    });
    this.drawn = button({ label: t('end.drawn'), pressed: false, onclick: () => hooks.chosen('drawn') });
    this.element = h(
      'div',
      { class: `end end-${kind}`, role: 'group', 'aria-label': t('end.label', { letter }) },
      h('div', { class: 'end-face' }, this.picture.element, h('b', { 'aria-hidden': 'true' }, letter)),
      h(
        'div',
        { class: 'end-choices' },
        h('div', { class: 'digit-buttons' }, ...this.classes),
        h('div', { class: 'end-others' }, this.random, this.drawn),
      ),
    );
  }

  /**
   * @param {string} spec
   * @param {{means: boolean, drawing: boolean}} possible
   */
  set(spec, possible) {
    this.classes.forEach((element, digit) => {
      setPressed(element, spec === `class:${digit}`);
      element.disabled = !possible.means;
    });
    setPressed(this.random, spec.startsWith('seed:'));
    setPressed(this.drawn, false);
    this.drawn.disabled = !possible.drawing;
    this.drawn.title = possible.drawing ? '' : t('end.drawn.none');
  }
}
