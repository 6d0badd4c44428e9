/** Chains: sixteen of them wander over the landscape of energies, from noise, from digits or from a drawing. */

import { rich, t } from '../../i18n/translate.js';
import { choice } from '../../parts/choice.js';
import { h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { PIXELS } from '../../protocol.js';
import { examples } from './given.js';
import { FROM_GIVEN, FROM_NOISE } from './kinds.js';
import { Run } from './run.js';
import { NO_CLASS, STARTS } from './table.js';

/** @import { Inputs } from '../../protocol.js' */
/** @import { EnergyRoom, RoomView } from './index.js' */
/** @import { Values } from './table.js' */

const SIDE_CHAINS = 4;
const CHAINS = SIDE_CHAINS * SIDE_CHAINS;

/** @implements {RoomView} */
export class ChainsView {
  /** @param {EnergyRoom} room */
  constructor(room) {
    this.room = room;
    /** @type {Float32Array[]} */
    this.digits = [];
    this.run = new Run(room, 'energy-chains', {
      columns: SIDE_CHAINS,
      rows: SIDE_CHAINS,
      label: t('energy.chains.label'),
      inputs: () => this.inputs(),
      own: (chain) => (room.state.values.start === 'given' ? room.own : chain % NO_CLASS),
    });
    this.start = choice({
      label: t('energy.start'),
      look: 'choice pills',
      options: STARTS.map((value) => ({ value, label: t(`energy.start.${value}`) })),
      chosen: (start) => room.state.set({ start }, 'push'),
    });
    this.chainsPanel = panel('chains', t('energy.chains'), [this.run.surface], [this.run.controls, this.run.foot]);
    this.tracePanel = panel(
      'trace',
      t('energy.over.time'),
      [this.run.trace.canvas],
      [h('div', { class: 'control' }, h('span', { class: 'control-name' }, t('energy.start')), this.start.element), room.settings.element, this.run.traceTools],
    );
    this.below = h('div', { class: 'prose' }, ...[1, 2, 3].map((i) => h('p', {}, rich(`energy.chains.${i}`))));
  }

  panels() {
    const given = this.room.state.values.start === 'given';
    this.run.traceTools.before(this.room.settings.element);
    return [this.chainsPanel, this.tracePanel, ...(given ? [this.room.given.panel] : [])];
  }

  async enter() {
    const { room } = this;
    this.start.set(room.state.values.start);
    room.given.enter((finished) => {
      if (finished && room.state.values.start === 'given') room.tell(() => this.run.begin());
    });
    if (this.digits.length === 0) await this.fetch();
    if (room.view === this) this.run.enter();
  }

  async fetch() {
    try {
      this.digits = await examples();
    } catch (error) {
      this.room.shell.complain(error);
    }
  }

  leave() {
    this.run.leave();
    this.room.given.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  stateChanged(values, changed) {
    this.start.set(values.start);
    this.run.speed.set(values.speed);
    if (changed.has('start')) this.room.layPanels();
    if (changed.has('start') && values.start === 'given') this.room.tell(() => this.run.begin());
    else if (changed.has('start') || changed.has('seed')) this.run.begin();
    else if (changed.has('temperature') || changed.has('digit')) this.run.settings();
  }

  /** @returns {Inputs | null} */
  inputs() {
    const { start } = this.room.state.values;
    const image = this.room.given.image;
    if (start === 'given' && !image) return null;
    const given = new Float32Array(CHAINS * PIXELS);
    for (let chain = 0; chain < CHAINS; chain += 1) {
      const picture = start === 'given' ? image : start === 'digits' ? this.digits[chain % this.digits.length] : null;
      if (picture) given.set(picture, chain * PIXELS);
    }
    const from = start === 'noise' ? FROM_NOISE : FROM_GIVEN;
    return { begin: new Float32Array(CHAINS).fill(from), given, mask: new Float32Array(CHAINS * PIXELS) };
  }
}
