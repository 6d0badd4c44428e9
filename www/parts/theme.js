/** Light or dark: the system's choice until the person makes one. */

import { t } from '../i18n/translate.js';
import { ICONS, button } from './dom.js';

/** @import { Look } from '../protocol.js' */

const KEY = 'inkling.theme';

/** A browser that keeps nothing still works. @returns {string | null} */
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {() => void} changed */
export function themeButton(changed) {
  const root = document.documentElement;
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = (/** @type {string | null} */ theme) => {
    root.dataset.theme = theme ?? (system.matches ? 'dark' : 'light');
    changed();
  };
  system.addEventListener('change', () => apply(remembered()));
  apply(remembered());
  return button({
    label: t('theme.switch'),
    icon: ICONS.theme(),
    bare: true,
    onclick: () => {
      const next = root.dataset.theme === 'dark' ? 'light' : 'dark';
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // the choice then lasts until the page is closed
      }
      apply(next);
    },
  });
}

/** The theme's colours as the worker needs them. @param {boolean} smooth @returns {Look} */
export function readLook(smooth) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => parseHex(style.getPropertyValue(name).trim());
  return {
    ink: colour('--digit-ink'),
    paper: colour('--digit-paper'),
    above: colour('--above'),
    below: colour('--below'),
    smooth,
  };
}

/** @param {string} hex #rrggbb @returns {[number, number, number]} */
function parseHex(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}
