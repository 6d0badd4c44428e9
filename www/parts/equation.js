/** Equations, set by KaTeX, which is fetched when the first of them comes near the view. */

import { h } from './dom.js';

/** @type {Promise<typeof import('katex').default> | null} */
let loading = null;

function loadKatex() {
  loading ??= (async () => {
    const [{ default: katex }, { default: address }] = await Promise.all([
      import('katex'),
      import('katex/dist/katex.min.css?url'),
    ]);
    const link = h('link', { rel: 'stylesheet', href: address });
    document.head.append(link);
    return katex;
  })();
  return loading;
}

/** Between two settings of the same equation with new numbers, in ms. */
const REST_MS = 80;

export class Equation {
  /** @param {string} label  read out in place of the formula */
  constructor(label) {
    /** @type {string[]} */
    this.formulas = [];
    /** What is on the page now. */
    this.set = '';
    this.inSight = false;
    this.waiting = false;
    this.element = h('div', { class: 'equation', role: 'math', 'aria-label': label });
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) {
          observer.disconnect();
          this.inSight = true;
          this.render();
        }
      },
      { rootMargin: '300px' },
    );
    observer.observe(this.element);
  }

  /**
   * @param {...string} formulas  TeX; they stand side by side where there is room
   */
  show(...formulas) {
    this.formulas = formulas;
    if (this.inSight) this.render();
  }

  async render() {
    if (this.waiting || this.formulas.join() === this.set) return;
    this.waiting = true;
    try {
      const katex = await loadKatex();
      const places = this.formulas.map((formula) => {
        const place = h('div', {});
        // building nodes instead of markup keeps within a policy without inline styles
        katex.render(formula, place, { displayMode: true, throwOnError: false, output: 'html' });
        return place;
      });
      this.element.replaceChildren(...places);
    } catch {
      // without KaTeX the formula is still readable as TeX
      this.element.textContent = this.formulas.join('  ');
    }
    this.set = this.formulas.join();
    setTimeout(() => {
      this.waiting = false;
      this.render();
    }, REST_MS);
  }
}
