/** Ways from a task into the room of a family, with what the person has made so far. */

import { t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { formatHash } from '../../state.js';
import { ROOMS } from '../registry.js';

/** The room of each family. @type {Record<string, string>} */
const HOME = {
  vae: 'latent',
  denoiser: 'denoise',
  gan: 'duel',
  flow: 'flow',
  autoregressive: 'pixels',
  rbm: 'energy',
  energy: 'energy',
  mixture: 'compare',
  naive_bayes: 'compare',
  classifier: 'compare',
};

/**
 * Points a link into a room; what its address does not know is left out.
 * @param {HTMLAnchorElement} link
 * @param {string} room
 * @param {Record<string, unknown>} values  by the names of its table
 */
export function pointInto(link, room, values) {
  const row = ROOMS.find(({ id }) => id === room);
  link.hidden = !row;
  if (!row) return;
  const all = Object.fromEntries(Object.entries(row.table).map(([key, { initial }]) => [key, values[key] ?? initial]));
  const hash = formatHash(row.table, all);
  link.href = `#room=${room}${hash ? `&${hash}` : ''}`;
  link.textContent = t('tasks.open', { room: t(`room.name.${room}`) });
}

/** @param {HTMLAnchorElement} link @param {string} family @param {Record<string, unknown>} values */
export function pointHome(link, family, values) {
  pointInto(link, HOME[family] ?? 'compare', values);
}

export const roomLink = () => h('a', { class: 'task-link', href: '#' });
