/**
 * The Energy room: every picture has an energy, digits lie where it is low, and chains wander down to them. This file
 * holds what the views share: the model, the picture to begin with, the settings.
 */

import { number, t } from '../../i18n/translate.js';
import { RoomFrame } from '../room.js';
import { Given } from './given.js';
import { CLEANER, MOST_OF_RBM, kindOf } from './kinds.js';
import { Settings } from './settings.js';
import { NO_CLASS } from './table.js';

/** @import { EngineClient } from '../../engine.js' */
/** @import { Fact } from '../about.js' */
/** @import { Known } from '../models.js' */
/** @import { Shell } from '../registry.js' */
/** @import { EnergyModel, Kind, Measures } from './kinds.js' */
/** @import { EnergyState, Values, View } from './table.js' */

/** @typedef {import('../room.js').RoomView<EnergyModel>} RoomView */

/** @extends {RoomFrame<EnergyState, EnergyModel>} */
export class EnergyRoom extends RoomFrame {
  /**
   * @param {EngineClient} engine
   * @param {EnergyState} state
   * @param {Shell} shell
   */
  constructor(engine, state, shell) {
    super(engine, state, shell, {
      id: 'energy',
      families: ['rbm', 'energy', CLEANER],
      beside: 'measures',
      views: {
        chains: async (room) => new (await import('./chains.js')).ChainsView(room),
        repair: async (room) => new (await import('./repair.js')).RepairView(room),
        measure: async (room) => new (await import('./measure.js')).MeasureView(room),
        clean: async (room) => new (await import('./clean.js')).CleanView(room),
        fields: async (room) => new (await import('./fields.js')).FieldsView(room),
      },
    });
    this.given = new Given(this);
    this.settings = new Settings(this);
    /** The digit of the picture to begin with, where it is known. */
    this.own = NO_CLASS;
    /** The last model that was no cleaner, which views for such models come back to. */
    this.walker = '';
  }

  /** A cleaner has a view of its own. @override @param {string} family */
  offers(family) {
    return (family === CLEANER) === (this.state.values.view === 'clean');
  }

  /** The family of a model, as far as it is known. @param {string} id */
  familyOf(id) {
    return this.catalog.find((row) => row.id === id)?.family ?? this.models.known.get(id)?.info.config.family;
  }

  /** A link may name a view and a model that do not go together. @override @param {boolean} fromAddress */
  async show(fromAddress) {
    const { view, model } = this.state.values;
    const family = this.familyOf(model);
    if (family && !this.offers(family)) {
      // what changes here comes back to `show`
      const cleaner = this.catalog.find((row) => row.family === CLEANER);
      this.state.set(view !== 'clean' ? { view: 'clean' } : cleaner ? { model: cleaner.id } : { view: 'chains' }, 'replace');
      return;
    }
    await super.show(fromAddress);
  }

  /** @override @param {Known} known @param {Measures | null} measures @returns {EnergyModel} */
  prepare(known, measures) {
    const kind = /** @type {Kind} */ (kindOf(known.info.config));
    return { ...known, kind, measures, logZ: measures?.extra['log Z'] };
  }

  /** @override @param {EnergyModel} model */
  opened({ id, kind }) {
    this.settings.show();
    if (kind.family !== CLEANER) this.walker = id;
    if (this.state.values.view === 'fields' && kind.family !== 'rbm') this.state.set({ view: 'chains' }, 'replace');
  }

  /** Only an RBM has hidden units with a field each, and only a cleaner cleans. @override @param {View} view @returns {Partial<Values>} */
  viewPatch(view) {
    const fits = (/** @type {string} */ id) => {
      const family = this.familyOf(id);
      if (view === 'clean' || family === CLEANER) return view === 'clean' && family === CLEANER;
      return view !== 'fields' || family === 'rbm';
    };
    const model = [this.state.values.model, this.walker, ...this.catalog.map(({ id }) => id)].find((id) => this.familyOf(id) && fits(id));
    return model ? { model } : {};
  }

  /** What only the slider of the other kind reaches, and the view where the open one is not for it. @override @param {string} id @returns {Partial<Values>} */
  modelPatch(id) {
    const { temperature, view } = this.state.values;
    const family = this.familyOf(id);
    return {
      ...(temperature > MOST_OF_RBM && { temperature: 1 }),
      ...(family && !this.offers(family) && { view: view === 'clean' ? 'chains' : 'clean' }),
    };
  }

  /** The view goes back with the model. @override @param {unknown} error @param {string} id */
  refused(error, id) {
    const { model } = this;
    if (model && model.id !== id) this.state.set({ model: model.id, ...this.modelPatch(model.id) }, 'replace');
    super.refused(error, id);
  }

  /**
   * Finds out which digit the picture is that chains begin with: a generated one was made as a digit, a drawn one is read
   * by the model itself, which has an energy for each.
   * @param {() => void} found
   */
  async tell(found) {
    const { given, model, engine, shell } = this;
    const { image } = given;
    try {
      let digit = NO_CLASS;
      if (model?.kind.family === 'energy' && image) digit = given.digit ?? (await readBy(engine, model.id, image));
      if (given.image !== image || this.model !== model) return;
      this.own = digit;
      this.settings.show();
      found();
    } catch (error) {
      shell.complain(error);
    }
  }

  /** @override @param {Values} _values @param {Set<keyof Values>} changed @param {boolean} fromAddress */
  noted(_values, changed, fromAddress) {
    this.settings.show();
    // what is drawn here and now is known already
    if (changed.has('source') || changed.has('example') || (fromAddress && changed.has('ink'))) this.given.refresh();
  }

  /** @override @param {EnergyModel} model @returns {Fact[]} */
  about({ info, kind, measures }) {
    const { likelihood, samples } = measures ?? {};
    const spread = number(likelihood?.spread ?? 0, 1);
    return [
      kind.family === CLEANER && [t('energy.about.neighbours'), number((2 * Number(info.config.size) + 1) ** 2 - 1)],
      kind.family === 'rbm' && [t('energy.about.hidden'), number(Number(info.config.hidden))],
      likelihood && [t('energy.about.nats'), t('energy.about.nats.value', { nats: number(likelihood.nats, 1), spread })],
      samples && [t('energy.about.fid'), number(samples.fid, 1)],
    ];
  }
}

/** The digit as which a picture has the lowest energy. @param {EngineClient} engine @param {string} model @param {Float32Array} image */
async function readBy(engine, model, image) {
  const inputs = { x: image, label: Float32Array.of(NO_CLASS) };
  const { logits } = await engine.compute({ model, job: 'energy', inputs, read: ['logits'] });
  return logits.indexOf(Math.max(...logits));
}
