/** One family that completes a picture: its members, what was measured of them, and what the chosen one makes here. */

import { number, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { download } from '../../parts/save.js';
import { StillPicture } from '../../parts/still.js';
import { duration } from '../compare/figures.js';
import { COMPLETERS } from './completers.js';
import { percent } from './figures.js';
import { roomLink } from './links.js';
import { mostLikely, read } from './reader.js';

/** @import { CatalogRow } from '../../protocol.js' */
/** @import { Complete } from './figures.js' */
/** @import { TasksRoom } from './index.js' */

const WAYS = 6;

/** Two figures differ where they lie further apart than so many standard errors of the difference. */
const CLEARLY = 2;

/** A model and what was measured of it. @typedef {{row: CatalogRow, measured: Complete | null}} Member */

export class Repair {
  /**
   * @param {TasksRoom} room
   * @param {Member[]} members  the best first
   * @param {Complete | null} nothing  what is read where nothing is drawn in
   */
  constructor(room, members, nothing) {
    this.room = room;
    this.members = members;
    this.nothing = nothing;
    this.member = members[0];
    const { family } = this.member.row;
    /** What was done last; the same is not done again. */
    this.done = '';
    this.picture = new StillPicture('', { columns: WAYS, gap: 2 });
    this.veil = new StillPicture('', { columns: WAYS, gap: 2 });
    this.veil.canvas.classList.add('task-veil');
    this.select = h(
      'select',
      {
        class: 'select',
        'aria-label': t('tasks.member', { family: t(`compare.family.${family}`) }),
        onchange: () => room.state.set({ with: this.asked(this.select.value) }, 'push'),
      },
      ...members.map(({ row, measured }) => h('option', { value: row.id }, this.words(row, measured))),
    );
    this.name = h('span', { class: 'task-way-name' });
    this.figure = h('span', { class: 'task-figure' });
    this.setting = h('p', { class: 'task-setting' });
    this.status = h('p', { class: 'readout' });
    /** What a classifier reads, under each way. */
    this.reads = h('p', { class: 'task-reads readout' });
    this.link = roomLink();
    this.save = button({ label: '', icon: ICONS.save(), bare: true, onclick: () => this.keep() });
    this.element = h(
      'section',
      { class: `task-way family-${family}` },
      h(
        'header',
        {},
        h('h3', {}, members.length > 1 ? this.select : this.name),
        this.figure,
        h('p', {}, t(`tasks.complete.${family}`)),
        this.setting,
      ),
      h('div', { class: 'frame-face task-face' }, this.picture.canvas, this.veil.canvas),
      this.reads,
      h('footer', {}, this.status, this.link, this.save),
    );
    this.choose();
  }

  get row() {
    return this.member.row;
  }

  /** @param {CatalogRow} row @param {Complete | null} measured */
  words(row, measured) {
    const model = this.room.name(row);
    return measured ? t('tasks.member.option', { model, share: number(100 * measured.read) }) : model;
  }

  /** What the address says of all families, once this member is chosen. @param {string} id */
  asked(id) {
    const others = this.room.state.values.with.split('.').filter((one) => one && !this.members.some(({ row }) => row.id === one));
    return [...others, ...(id === this.members[0].row.id ? [] : [id])].join('.');
  }

  /** Takes the member that the address asks for, or the best. */
  choose() {
    const asked = this.room.state.values.with.split('.');
    this.member = this.members.find(({ row }) => asked.includes(row.id)) ?? this.members[0];
    const { row, measured } = this.member;
    const name = this.room.name(row);
    this.select.value = row.id;
    this.name.textContent = name;
    this.element.dataset.model = row.id;
    this.element.setAttribute('aria-label', name);
    this.picture.setLabel(t('tasks.ways', { model: name }));
    const save = t('tasks.save', { model: name });
    this.save.title = save;
    this.save.setAttribute('aria-label', save);
    this.figure.textContent = measured ? t('tasks.read.share', { share: percent(measured.read, measured.read_error) }) : t('tasks.unmeasured');
    this.setting.textContent = measured ? [t('tasks.complete.setting', { setting: measured.setting }), this.verdict(measured)].filter(Boolean).join(' ') : '';
  }

  /** A figure that nothing drawn in reaches as well is no success. @param {Complete} measured */
  verdict({ read: share, read_error: error }) {
    const { nothing } = this;
    if (!nothing) return '';
    const [more, doubt] = [share - nothing.read, CLEARLY * Math.hypot(error, nothing.read_error)];
    if (more > doubt) return '';
    return t(more < -doubt ? 'tasks.complete.worse' : 'tasks.complete.alike');
  }

  /** @param {Float32Array} mask  1 where the picture is lost */
  prepare(mask) {
    const all = new Float32Array(WAYS * mask.length);
    for (let way = 0; way < WAYS; way += 1) all.set(mask, way * mask.length);
    this.veil.show(all);
    this.picture.show(null);
    this.reads.replaceChildren();
    this.status.textContent = t('tasks.waiting');
  }

  /** @param {Float32Array} image @param {Float32Array} held @param {number} seed @param {AbortSignal} signal */
  async run(image, held, seed, signal) {
    const { room, row, picture, status } = this;
    const info = await room.info(row);
    if (signal.aborted) return;
    status.textContent = t('tasks.working');
    let [made, spent] = [image, 0];
    await COMPLETERS[row.family]({
      ...{ engine: room.engine, row, info, image, held, ways: WAYS, seed, signal },
      show(pixels, ms) {
        if (signal.aborted) return;
        [made, spent] = [pixels, ms];
        picture.show(pixels);
      },
    });
    if (signal.aborted) return;
    status.textContent = duration(spent);
    const answers = await read(room, made);
    if (signal.aborted) return;
    this.reads.replaceChildren(...answers.map((answer) => h('span', {}, String(mostLikely(answer)))));
    status.textContent = t('tasks.read.as', { time: duration(spent) });
  }

  async keep() {
    try {
      download(await this.picture.png(), `completed-${this.row.id}-${this.room.state.values.seed}.png`);
    } catch (error) {
      this.room.shell.complain(error);
    }
  }
}
