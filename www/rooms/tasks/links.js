/** Ways from a task into the room of a family: with the person's picture where that room takes it, else without. */

import { t } from '../../i18n/translate.js';
import { h } from '../../parts/dom.js';
import { formatHash } from '../../state.js';
import { ROOMS, homeOf } from '../registry.js';

/** Where models are shown whose family has no room. */
const ELSEWHERE = 'compare';

/**
 * Points a link into a room; what its address does not know is left out.
 * @param {HTMLAnchorElement} link
 * @param {string} room
 * @param {Record<string, unknown>} values  by the names of its table
 * @param {string} words
 */
function point(link, room, values, words) {
  const row = ROOMS.find(({ id }) => id === room);
  link.hidden = !row;
  if (!row) return;
  const all = Object.fromEntries(Object.entries(row.table).map(([key, { initial }]) => [key, values[key] ?? initial]));
  const hash = formatHash(row.table, all);
  link.href = `#room=${room}${hash ? `&${hash}` : ''}`;
  link.textContent = t(words, { room: t(`room.name.${room}`) });
}

/** The room begins with what is in sight here. @param {HTMLAnchorElement} link @param {string} room @param {Record<string, unknown>} values */
export const carryInto = (link, room, values) => point(link, room, values, 'tasks.carry');

/** The room begins with a picture of its own. @param {HTMLAnchorElement} link @param {string} room @param {Record<string, unknown>} values */
export const showIn = (link, room, values) => point(link, room, values, 'tasks.visit');

/** @param {HTMLAnchorElement} link @param {string} family @param {Record<string, unknown>} values */
export const carryHome = (link, family, values) => carryInto(link, homeOf(family) ?? ELSEWHERE, values);

/** @param {HTMLAnchorElement} link @param {string} family @param {Record<string, unknown>} values */
export const showHome = (link, family, values) => showIn(link, homeOf(family) ?? ELSEWHERE, values);

export const roomLink = () => h('a', { class: 'task-link', href: '#' });
