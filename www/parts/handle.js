/** A point on a pad that is moved with the keyboard; the pad itself takes pointers. */

import { number, t } from '../i18n/translate.js';
import { h } from './dom.js';

/** Key presses across half a pad. */
const STEPS = 40;

/**
 * @param {object} options
 * @param {string} options.kind  class of the mark: z, from, to
 * @param {string} options.label
 * @param {string} [options.letter]  seen on the mark
 * @param {(a: number, b: number) => void} options.moved
 */
export function handle({ kind, label, letter = '', moved }) {
  let extent = 3;
  let at = [0, 0];
  const element = h(
    'div',
    {
      class: `handle handle-${kind}`,
      role: 'slider',
      tabIndex: 0,
      'aria-label': label,
      'aria-roledescription': t('pad.role'),
      'aria-valuemin': '-100',
      'aria-valuemax': '100',
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        const step = (extent / STEPS) * (event.shiftKey ? 5 : 1);
        /** @type {Record<string, number[]>} */
        const moves = {
          ArrowLeft: [at[0] - step, at[1]],
          ArrowRight: [at[0] + step, at[1]],
          ArrowDown: [at[0], at[1] - step],
          ArrowUp: [at[0], at[1] + step],
          PageDown: [at[0], at[1] - 5 * step],
          PageUp: [at[0], at[1] + 5 * step],
          Home: [0, 0],
        };
        const move = moves[event.key];
        if (!move) return;
        event.preventDefault();
        moved(move[0], move[1]);
      },
    },
    letter,
  );

  return {
    element,
    get at() {
      return at;
    },
    /**
     * @param {number} a
     * @param {number} b
     * @param {number} reach  extent of the pad
     */
    place(a, b, reach) {
      extent = reach;
      at = [a, b];
      // what hangs on the mark hangs where there is room
      element.classList.toggle('on-the-right', a > 0);
      element.style.left = `${((a / reach + 1) / 2) * 100}%`;
      element.style.top = `${((1 - b / reach) / 2) * 100}%`;
      element.setAttribute('aria-valuenow', String(Math.round((a / reach) * 100)));
      element.setAttribute('aria-valuetext', t('pad.value', { a: number(a, 2), b: number(b, 2) }));
    },
  };
}
