/** Repair: a part of a picture is lost, and nine chains bring it back; the rest is held fast. */

import { rich, t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { MaskPad, readMask, writeMask } from '../../parts/mask-pad.js';
import { panel } from '../../parts/panel.js';
import { PIXELS } from '../../protocol.js';
import { FROM_NOISE } from './kinds.js';
import { Run } from './run.js';

/** @import { Inputs } from '../../protocol.js' */
/** @import { EnergyRoom, RoomView } from './index.js' */
/** @import { Values } from './table.js' */

const SIDE_CHAINS = 3;
const CHAINS = SIDE_CHAINS * SIDE_CHAINS;

/** @implements {RoomView} */
export class RepairView {
  /** @param {EnergyRoom} room */
  constructor(room) {
    this.room = room;
    this.pad = new MaskPad((cells, finished) => {
      if (finished) room.state.set({ mask: writeMask(cells) }, 'push');
    });
    this.run = new Run(room, 'energy-repair', {
      columns: SIDE_CHAINS,
      rows: SIDE_CHAINS,
      label: t('energy.repair.label'),
      inputs: () => this.inputs(),
      own: () => room.own,
    });
    this.maskPanel = panel('mask', t('energy.repair.mask'), [this.pad.surface], [this.pad.tools]);
    this.runPanel = panel('repairs', t('energy.repair'), [this.run.surface], [this.run.controls, this.run.foot]);
    this.tracePanel = panel('trace', t('energy.over.time'), [this.run.trace.canvas], [room.settings.element, this.run.traceTools]);
    this.below = h('div', { class: 'prose' }, ...[1, 2].map((i) => h('p', {}, rich(`energy.repair.${i}`))));
  }

  panels() {
    this.run.traceTools.before(this.room.settings.element);
    return [this.room.given.panel, this.maskPanel, this.runPanel, this.tracePanel];
  }

  enter() {
    const { room, pad } = this;
    pad.set(readMask(room.state.values.mask));
    this.run.enter();
    room.given.enter((finished) => {
      pad.picture.show(room.given.image);
      if (finished) room.tell(() => this.run.begin());
    });
  }

  leave() {
    this.run.leave();
    this.room.given.leave();
  }

  /** @param {Values} values @param {Set<keyof Values>} changed */
  stateChanged(values, changed) {
    this.run.speed.set(values.speed);
    if (changed.has('mask')) this.pad.set(readMask(values.mask));
    if (changed.has('mask') || changed.has('seed')) this.run.begin();
    else if (changed.has('temperature') || changed.has('digit')) this.run.settings();
  }

  /** @returns {Inputs | null} */
  inputs() {
    const { image } = this.room.given;
    if (!image) return null;
    const held = Float32Array.from(readMask(this.room.state.values.mask), (cell) => 1 - cell);
    const [given, mask] = [new Float32Array(CHAINS * PIXELS), new Float32Array(CHAINS * PIXELS)];
    for (let chain = 0; chain < CHAINS; chain += 1) {
      given.set(image, chain * PIXELS);
      mask.set(held, chain * PIXELS);
    }
    return { begin: new Float32Array(CHAINS).fill(FROM_NOISE), given, mask };
  }
}
