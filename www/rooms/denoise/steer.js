/** Steer: four ways to tell the sampler where to go. Each is a file of its own; this one shows one of them at a time. */

import { t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { InpaintTool } from './inpaint.js';
import { MorphTool } from './morph.js';
import { SketchTool } from './sketch.js';
import { SwapTool } from './swap.js';
import { TOOLS } from './table.js';

/** @import { DenoiseRoom, RoomView } from './index.js' */
/** @import { Tool, Values } from './table.js' */

/**
 * What each tool gives the view.
 * @typedef {object} SteerTool
 * @property {HTMLElement[]} panels
 * @property {HTMLElement} below
 * @property {() => void} enter  reads everything from the state, and starts its lanes
 * @property {() => void} leave  stops what moves, and gives its lanes back
 * @property {(values: Values, changed: Set<keyof Values>, fromAddress: boolean) => void} stateChanged  only while open
 */

/** @type {Record<Tool, new (room: DenoiseRoom) => SteerTool>} */
const MAKE = { inpaint: InpaintTool, sketch: SketchTool, morph: MorphTool, swap: SwapTool };

/** @implements {RoomView} */
export class SteerView {
  /** @param {DenoiseRoom} room */
  constructor(room) {
    this.room = room;
    /** Those that have been opened before. @type {Map<Tool, SteerTool>} */
    this.tools = new Map();
    /** @type {SteerTool | null} */
    this.tool = null;
    this.choice = choice({
      label: t('steer.label'),
      look: 'choice pills',
      options: TOOLS.map((value) => ({ value, label: t(`steer.${value}`), title: t(`steer.title.${value}`) })),
      chosen: (tool) => room.state.set({ tool, at: 1 }, 'push'),
    });
    this.bar = h('section', { class: 'panel panel-steer', 'aria-label': t('steer.label') }, this.choice.element);
    this.place = h('div', { class: 'steer-stage' });
    this.below = h('div', {});
    this.panels = [this.bar, this.place];
  }

  enter() {
    this.open(this.room.state.values.tool);
  }

  leave() {
    this.tool?.leave();
    this.tool = null;
  }

  /** @param {Tool} name */
  open(name) {
    this.tool?.leave();
    const tool = this.tools.get(name) ?? new MAKE[name](this.room);
    this.tools.set(name, tool);
    this.tool = tool;
    this.choice.set(name);
    this.place.dataset.tool = name;
    // a picture that is taken out keeps its canvas
    this.place.replaceChildren(...tool.panels);
    // those that are shared may have been put out of sight elsewhere
    for (const element of tool.panels) element.hidden = false;
    this.below.replaceChildren(tool.below);
    tool.enter();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  stateChanged(values, changed, fromAddress) {
    if (changed.has('tool')) this.open(values.tool);
    else this.tool?.stateChanged(values, changed, fromAddress);
  }
}
