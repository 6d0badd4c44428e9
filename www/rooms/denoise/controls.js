/** What is to be denoised, and how: the panel of settings that the views share. Every change starts anew at once. */

import { number, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { button, h, setPressed } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { scrubber } from '../../parts/scrubber.js';
import { seedField } from '../../parts/seed.js';
import { GRIDS, MAX_GUIDANCE, MAX_STEPS, NO_CLASS, SAMPLERS, SETTING_KEYS, SPACINGS, SUGGESTED, patchOf, settingsOf } from './table.js';

/** @import { DenoiseRoom } from './index.js' */
/** @import { Settings, Side, Values } from './table.js' */

/** Numbers of steps that are worth knowing. */
const STEPS = [1, 2, 4, 10, 20, 50, 100, 250, 1000];

/** What the slider for the number of steps can be set to: evenly on a logarithmic scale, as far as whole numbers go. */
const STOPS = [...new Set(Array.from({ length: 121 }, (_, i) => Math.round(MAX_STEPS ** (i / 120))))];

/** The other side starts with far fewer steps, so that there is something to compare. */
const FEWER = 5;

/** The nearest stop. @param {number} steps */
function toStop(steps) {
  const after = STOPS.findIndex((stop) => stop >= steps);
  return after > 0 && STOPS[after] - steps > steps - STOPS[after - 1] ? after - 1 : after;
}

export class Controls {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    this.room = room;
    /** Whose settings are shown. @type {Side} */
    this.side = 'main';
    const { state } = room;

    this.sides = choice({
      label: t('denoise.side.label'),
      look: 'choice pills',
      options: [
        { value: /** @type {Side} */ ('main'), label: t('denoise.side.main') },
        { value: /** @type {Side} */ ('other'), label: t('denoise.side.other') },
      ],
      chosen: (side) => {
        this.side = side;
        this.show();
      },
    });
    this.compare = button({ label: t('denoise.compare'), pressed: false, onclick: () => this.toggleCompare() });
    this.digits = Array.from({ length: NO_CLASS + 1 }, (_, digit) =>
      h(
        'button',
        {
          type: 'button',
          class: 'digit-button',
          'aria-label': digit === NO_CLASS ? t('denoise.digit.none') : t('denoise.digit', { digit }),
          'aria-pressed': 'false',
          onclick: () => this.set({ digit }, 'push'),
        },
        digit === NO_CLASS ? t('denoise.digit.none.short') : String(digit),
      ),
    );
    this.grid = choice({
      label: t('denoise.grid.label'),
      look: 'choice pills',
      options: GRIDS.map((value) => ({ value, label: t(`denoise.grid.${value}`), title: t(`denoise.grid.title.${value}`) })),
      chosen: (grid) => state.set({ grid }, 'push'),
    });
    this.guidance = scrubber({
      label: t('denoise.guidance'),
      min: 0,
      max: MAX_GUIDANCE,
      step: 0.1,
      decimals: 1,
      input: (guidance) => this.set({ guidance }, 'later'),
    });
    this.sampler = choice({
      label: t('denoise.sampler'),
      look: 'choice pills',
      options: SAMPLERS.map((value) => ({ value, label: t(`denoise.sampler.${value}`), title: t(`denoise.sampler.title.${value}`) })),
      chosen: (sampler) => this.set({ sampler }, 'push'),
    });
    this.steps = scrubber({
      label: t('denoise.steps'),
      min: 0,
      max: STOPS.length - 1,
      step: 1,
      input: (stop) => this.set({ steps: STOPS[stop] }, 'later'),
      words: (stop) => number(STOPS[stop]),
    });
    this.presets = STEPS.map((steps) =>
      h(
        'button',
        { type: 'button', class: 'preset', 'aria-label': t('denoise.steps.preset', { steps: number(steps) }), 'aria-pressed': 'false', onclick: () => this.set({ steps }, 'push') },
        number(steps),
      ),
    );
    this.spacing = choice({
      label: t('denoise.spacing'),
      look: 'choice pills',
      options: SPACINGS.map((value) => ({ value, label: t(`denoise.spacing.${value}`), title: t(`denoise.spacing.title.${value}`) })),
      chosen: (spacing) => this.set({ spacing }, 'push'),
    });
    this.eta = scrubber({ label: t('denoise.eta'), min: 0, max: 1, input: (eta) => this.set({ eta }, 'later') });
    this.seed = seedField({ label: t('denoise.seed'), again: t('denoise.dice'), chosen: (seed) => state.set({ seed }, 'push') });

    const row = (/** @type {string} */ name, /** @type {string} */ label, /** @type {Node[]} */ ...children) =>
      h('div', { class: `control control-${name}` }, h('span', { class: 'control-name', 'aria-hidden': 'true' }, label), ...children);
    this.etaRow = row('eta', t('denoise.eta'), this.eta.element);
    this.otherModel = h('select', {
      class: 'select',
      'aria-label': t('denoise.side.model'),
      onchange: () => this.set({ model: this.otherModel.value, ...SUGGESTED[this.otherModel.value] }, 'push'),
    });
    this.otherModelRow = row('model', t('model.label'), this.otherModel);
    this.panel = panel('controls', t('denoise.controls'), [
      h(
        'div',
        { class: 'controls' },
        h('div', { class: 'control-sides' }, this.sides.element, this.compare),
        this.otherModelRow,
        row('digit', t('denoise.digit.label'), h('div', { class: 'digit-buttons', role: 'group', 'aria-label': t('denoise.digit.label') }, ...this.digits)),
        row('grid', t('denoise.grid.label'), this.grid.element),
        row('guidance', t('denoise.guidance'), this.guidance.element),
        row('sampler', t('denoise.sampler'), this.sampler.element),
        row('steps', t('denoise.steps'), this.steps.element, h('div', { class: 'presets' }, ...this.presets)),
        row('spacing', t('denoise.spacing'), this.spacing.element),
        this.etaRow,
        row('seed', t('denoise.seed'), this.seed.element),
      ),
    ]);
  }

  /** @param {Partial<Settings>} patch @param {'push' | 'later'} history */
  set(patch, history) {
    this.room.state.set(patchOf(this.side, patch), history);
  }

  toggleCompare() {
    const { values } = this.room.state;
    const compare = !values.compare;
    const same = SETTING_KEYS.every((key) => settingsOf(values, 'main')[key] === settingsOf(values, 'other')[key]);
    this.side = compare ? 'other' : 'main';
    this.room.state.set({ compare, ...(compare && same ? { steps2: FEWER } : {}) }, 'push');
  }

  /** Brings the panel up to date. */
  show() {
    const { values } = this.room.state;
    const comparing = values.compare && values.view === 'watch';
    if (!comparing) this.side = 'main';
    const settings = settingsOf(values, this.side);
    const info = this.room.known(settings.model);
    const told = info?.config.conditional !== false;
    setPressed(this.compare, values.compare);
    this.panel.dataset.side = comparing ? this.side : '';
    this.sides.element.hidden = !comparing;
    this.sides.set(this.side);
    this.showOtherModel(values, settings.model);
    this.digits.forEach((element, digit) => {
      const all = values.grid === 'classes';
      setPressed(element, !all && digit === (told ? settings.digit : NO_CLASS));
      element.disabled = !told || all;
    });
    this.grid.set(values.grid);
    this.guidance.set(settings.guidance);
    this.guidance.enable(told && (settings.digit !== NO_CLASS || values.grid === 'classes'));
    this.sampler.set(settings.sampler);
    this.steps.set(toStop(settings.steps), number(settings.steps));
    this.presets.forEach((element, i) => setPressed(element, STEPS[i] === settings.steps));
    this.spacing.set(settings.spacing);
    this.etaRow.hidden = settings.sampler !== 'ddim';
    this.eta.set(settings.eta);
    this.seed.set(values.seed);
  }

  /** The main side's model is chosen in the bar above. @param {Values} values @param {string} model */
  showOtherModel(values, model) {
    this.otherModelRow.hidden = !values.compare || this.side !== 'other';
    this.otherModel.replaceChildren(...this.room.models.options().map(({ value, label }) => h('option', { value }, label)));
    this.otherModel.value = model;
  }
}
