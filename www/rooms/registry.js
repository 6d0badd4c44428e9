/** The rooms of the page, in the order of the navigation. A new room is a folder and a row here. */

import { flag, oneOf } from '../state.js';
import { TABLE as compare } from './compare/table.js';
import { TABLE as denoise } from './denoise/table.js';
import { TABLE as duel } from './duel/table.js';
import { TABLE as energy } from './energy/table.js';
import { TABLE as flow } from './flow/table.js';
import { TABLE as latent } from './latent/table.js';
import { TABLE as likely } from './likely/table.js';
import { TABLE as pixels } from './pixels/table.js';
import { TABLE as tasks } from './tasks/table.js';

/** @import { EngineClient } from '../engine.js' */
/** @import { CatalogRow } from '../protocol.js' */
/** @import { State, Table } from '../state.js' */

/**
 * What the page asks of a room. A room is made when it is first opened and kept from then on.
 * @typedef {object} Room
 * @property {HTMLElement} element
 * @property {(catalog: CatalogRow[]) => Promise<void>} enter  the room comes into sight, with the models of its families
 * @property {() => void} leave  it goes out of sight: work stops, memory is given back
 * @property {(file: File) => Promise<void>} openFile  a weights file that the person gave while in the room
 */

/**
 * What a room needs of the page around it.
 * @typedef {object} Shell
 * @property {State<typeof PAGE>} page
 * @property {(text: string) => void} say  one calm line
 * @property {(error: unknown) => void} complain
 * @property {() => void} chooseFile
 * @property {() => void} settled  a model is loaded and about to be drawn
 */

/**
 * @typedef {object} RoomRow
 * @property {string} id  as in the address; `room.name.<id>` is its name in the navigation
 * @property {string[] | null} families  of the models that it shows; null: all of them
 * @property {boolean} [guests]  they are at home in other rooms, which open their files
 * @property {Table} table  what a link into it holds; known before its code is loaded
 * @property {() => Promise<new (engine: EngineClient, state: State<any>, shell: Shell) => Room>} load
 */

/** @type {RoomRow[]} */
export const ROOMS = [
  {
    id: 'latent',
    families: ['vae'],
    table: latent,
    load: async () => (await import('./latent/index.js')).LatentRoom,
  },
  {
    id: 'denoise',
    families: ['denoiser'],
    table: denoise,
    load: async () => (await import('./denoise/index.js')).DenoiseRoom,
  },
  {
    id: 'duel',
    families: ['gan'],
    table: duel,
    load: async () => (await import('./duel/index.js')).DuelRoom,
  },
  {
    id: 'flow',
    families: ['flow'],
    table: flow,
    load: async () => (await import('./flow/index.js')).FlowRoom,
  },
  {
    id: 'energy',
    families: ['rbm', 'energy', 'markov_field'],
    table: energy,
    load: async () => (await import('./energy/index.js')).EnergyRoom,
  },
  {
    id: 'pixels',
    families: ['autoregressive'],
    table: pixels,
    load: async () => (await import('./pixels/index.js')).PixelsRoom,
  },
  {
    id: 'compare',
    families: null,
    guests: true,
    table: compare,
    load: async () => (await import('./compare/index.js')).CompareRoom,
  },
  {
    id: 'likely',
    families: ['autoregressive', 'mixture', 'naive_bayes', 'gaussian_mixture', 'vae', 'rbm', 'flow', 'denoiser', 'energy', 'gan'],
    guests: true,
    table: likely,
    load: async () => (await import('./likely/index.js')).LikelyRoom,
  },
  {
    id: 'tasks',
    families: null,
    guests: true,
    table: tasks,
    load: async () => (await import('./tasks/index.js')).TasksRoom,
  },
];

/** The room that opens files of a family; null where none does. @param {string} family */
export const homeOf = (family) => ROOMS.find(({ families, guests }) => !guests && families?.includes(family))?.id ?? null;

/** What a link holds whichever room it leads to. No room has a row of the same name. */
export const PAGE = {
  room: oneOf(ROOMS.map(({ id }) => id)),
  smooth: flag(false),
};
