/** Building elements without markup in strings. */

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [properties]  `on*`: listeners; functions and objects aside, what the element has as
 *   a property is set as one, the rest as an attribute; false and null leave an attribute out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on') && typeof value === 'function') {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (name === 'class') {
      element.className = String(value);
    } else if (name in element && typeof value !== 'object' && name !== 'list') {
      /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (element))[name] = value;
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : String(child));
    }
  }
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...Node} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * A line icon of 20 x 20, drawn in the current text colour.
 * @param {...string} paths
 */
export function icon(...paths) {
  return svg(
    'svg',
    { viewBox: '0 0 20 20', class: 'icon', 'aria-hidden': 'true', focusable: 'false' },
    ...paths.map((d) => svg('path', { d })),
  );
}

export const ICONS = {
  play: () => icon('M6 4.5v11l9-5.5z'),
  pause: () => icon('M7 4.5v11', 'M13 4.5v11'),
  stepBack: () => icon('M14 4.5v11l-7-5.5z', 'M5.5 4.5v11'),
  stepForth: () => icon('M6 4.5v11l7-5.5z', 'M14.5 4.5v11'),
  dice: () => icon('M4 4h12v12H4z', 'M7.2 7.2h.1', 'M12.8 7.2h.1', 'M10 10h.1', 'M7.2 12.8h.1', 'M12.8 12.8h.1'),
  reset: () => icon('M4.5 10a5.5 5.5 0 1 0 1.8-4.1', 'M4.5 3.8v3h3'),
  frozen: () => icon('M5 9h10v7H5z', 'M7 9V6.5a3 3 0 0 1 6 0V9'),
  thawed: () => icon('M5 9h10v7H5z', 'M7 9V6.5a3 3 0 0 1 5.8-1'),
  undo: () => icon('M7.5 4.5 4 8l3.5 3.5', 'M4 8h7.5a4 4 0 0 1 0 8H8'),
  clear: () => icon('M5.5 5.5l9 9', 'M14.5 5.5l-9 9'),
  theme: () => icon('M10 3.5a6.5 6.5 0 1 0 0 13z', 'M10 3.5a6.5 6.5 0 0 1 0 13'),
  gauge: () => icon('M3 12h3l2-6 3.5 9 2-5H17'),
  save: () => icon('M10 3.5v8.5', 'M6.5 8.8 10 12.2l3.5-3.4', 'M4 16h12'),
  link: () => icon('M8.5 11.5a3 3 0 0 0 4.2 0l2.6-2.6a3 3 0 0 0-4.2-4.2l-.9.9', 'M11.5 8.5a3 3 0 0 0-4.2 0l-2.6 2.6a3 3 0 0 0 4.2 4.2l.9-.9'),
  file: () => icon('M5.5 3h6l3.5 3.5V17h-9.5z', 'M11.5 3v3.5H15'),
};

/**
 * A button with an icon and words; the words may be for assistive technology only.
 * @param {object} options
 * @param {string} options.label
 * @param {SVGElement} [options.icon]
 * @param {boolean} [options.bare]  no words to be seen
 * @param {boolean} [options.pressed]  makes it a toggle
 * @param {(event: Event) => void} options.onclick
 */
export function button({ label, icon: picture, bare = false, pressed, onclick }) {
  return h(
    'button',
    {
      type: 'button',
      class: bare ? 'button bare' : 'button',
      title: bare ? label : '',
      'aria-label': bare ? label : null,
      'aria-pressed': pressed === undefined ? null : String(pressed),
      onclick,
    },
    picture,
    bare ? null : h('span', {}, label),
  );
}

/** @param {HTMLElement} element @param {boolean} pressed */
export function setPressed(element, pressed) {
  element.setAttribute('aria-pressed', String(pressed));
}

let serial = 0;

/** @param {string} prefix an id that nothing else on the page has */
export function uniqueId(prefix) {
  serial += 1;
  return `${prefix}-${serial}`;
}

/** True where the person asked the system for less motion. */
export function prefersStillness() {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches;
}
