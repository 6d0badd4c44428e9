/**
 * Game: two digits, one of them real; who finds it more often, the person or the discriminator? Without real digits, which
 * the page does not have, the question is which of two generators drew which.
 */

import { rich, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { StillPicture } from '../../parts/still.js';
import { scattered } from '../../parts/scattered.js';
import { freshSeed } from '../../parts/seed.js';
import { PIXELS } from '../../protocol.js';
import { shortName } from '../models.js';
import { readIdx } from './idx.js';

/** @import { DuelRoom, RoomView } from './index.js' */
/** @import { DuelModel } from './model.js' */

/** Pairs that are drawn together. */
const AHEAD = 20;
/** Who plays against the model where there are no real digits: the first of these that is another. Both are sharp then. */
const RIVALS = ['wgan', 'dcgan', 'style-gan', 'gan-deep'];

/** What is drawn by lot in a pair. */
const LOTS = { digit: 0, side: 1, real: 2 };

/** A number in [0, 1) that a link gives again. @param {number} seed @param {number} round @param {number} lot  of LOTS */
const drawnLot = (seed, round, lot) => scattered(Math.imul(seed + 1, 7919) + 4 * round + lot);

/** Judged: what the discriminator says; null where there is none. @typedef {{pair: [Float32Array, Float32Array], right: 0 | 1, judged: 0 | 1 | null}} Round */

/** @implements {RoomView} */
export class GameView {
  /** @param {DuelRoom} room */
  constructor(room) {
    this.room = room;
    /** @type {DuelModel | null} */
    this.model = null;
    /** 784 bytes for each real digit. @type {Uint8Array | null} */
    this.real = null;
    /** Pairs that were drawn together, and where they begin. @type {Round[]} */
    this.rounds = [];
    this.first = -1;
    /** @type {Round | null} */
    this.round = null;
    this.played = { rounds: 0, person: 0, judge: 0 };

    this.pictures = [new StillPicture(''), new StillPicture('')];
    this.cards = this.pictures.map(({ canvas }, side) =>
      h(
        'button',
        { type: 'button', class: 'game-card', 'aria-label': t(side === 0 ? 'duel.game.left' : 'duel.game.right'), onclick: () => this.choose(side) },
        h('span', { class: 'game-face' }, canvas),
        h('span', { class: 'game-mark' }),
      ),
    );
    this.question = h('p', { class: 'game-question' });
    this.outcome = h('p', { class: 'verdict', 'aria-live': 'polite' });
    this.next = button({ label: t('duel.game.next'), icon: ICONS.play(), onclick: () => room.state.set({ round: room.state.values.round + 1 }, 'push') });
    this.score = h('dl', { class: 'facts' });
    this.input = h('input', {
      type: 'file',
      class: 'visually-hidden',
      'aria-label': t('duel.game.file'),
      tabIndex: -1,
      onchange: () => {
        const file = this.input.files?.[0];
        if (file) this.openReal(file).catch((error) => room.shell.complain(error));
        this.input.value = '';
      },
    });
    const choose = button({ label: t('duel.game.file'), icon: ICONS.file(), onclick: () => this.input.click() });
    const again = button({ label: t('duel.game.again'), icon: ICONS.reset(), onclick: () => room.state.set({ seed: freshSeed(), round: 0 }, 'push') });
    this.source = h('p', { class: 'readout' });
    this.judgeWords = h('p', { class: 'readout' });
    const table = h('div', { class: 'game-table' }, ...this.cards);
    table.addEventListener('keydown', (event) => {
      const side = ['ArrowLeft', 'ArrowRight'].indexOf(event.key);
      if (side < 0) return;
      event.preventDefault();
      this.cards[side].focus();
    });
    this.panels = [
      panel('game', t('duel.game.title'), [this.question, table], [this.outcome, h('div', { class: 'tools' }, this.next)]),
      panel('game-score', t('duel.game.score'), [this.score], [this.judgeWords, this.source, h('div', { class: 'tools' }, choose, again, this.input)]),
    ];
    this.below = h('div', { class: 'prose' }, h('p', {}, rich('duel.game.1')), h('p', {}, rich('duel.game.2')));
  }

  /** @param {DuelModel} model */
  async enter(model) {
    this.model = model;
    await this.begin();
  }

  leave() {
    this.model = null;
    this.first = -1;
    this.round = null;
  }

  /** @param {unknown} _values @param {Set<string>} changed */
  async stateChanged(_values, changed) {
    if (changed.has('seed')) await this.begin();
    else if (changed.has('round')) await this.deal();
  }

  /** @param {File} file */
  async openReal(file) {
    this.real = await readIdx(file);
    await this.begin();
  }

  /** A new score. */
  async begin() {
    this.played = { rounds: 0, person: 0, judge: 0 };
    this.first = -1;
    this.showScore();
    await this.deal();
  }

  /** The two digits of the address. */
  async deal() {
    const { model, real } = this;
    if (!model) return;
    const { seed, round } = this.room.state.values;
    const first = round - (round % AHEAD);
    if (first !== this.first) {
      const rounds = await this.draw(model, first);
      const now = this.room.state.values;
      if (this.model !== model || this.real !== real || now.seed !== seed || now.round !== round) return;
      [this.rounds, this.first] = [rounds, first];
    }
    this.round = this.rounds[round - first];
    this.showScore();
    this.pictures.forEach((picture, side) => picture.show(this.round?.pair[side] ?? null));
    this.outcome.textContent = '';
    this.next.hidden = true;
    for (const card of this.cards) {
      card.disabled = false;
      card.dataset.is = '';
      card.querySelector('.game-mark')?.replaceChildren();
    }
  }

  /** @param {DuelModel} model @param {number} first @returns {Promise<Round[]>} */
  async draw(model, first) {
    const { seed } = this.room.state.values;
    const { real } = this;
    const lot = (/** @type {number} */ index, /** @type {number} */ which) => drawnLot(seed, first + index, which);
    const digits = Array.from({ length: AHEAD }, (_, i) => Math.floor(10 * lot(i, LOTS.digit)));
    const own = await this.digitsOf(model, (seed + first) >>> 0, digits);
    const rival = real ? null : await this.rival(model);
    const others = rival
      ? await this.digitsOf(rival, (seed + first + 1) >>> 0, digits)
      : digits.map((_, i) => someOf(real ?? new Uint8Array(PIXELS), lot(i, LOTS.real)));
    const judge = model.judges ? model : null;
    const scores = await judge?.scores([...own, ...others]);
    const best = (/** @type {number} */ index) => Math.max(...(scores?.[index] ?? [0]));
    this.explain(model, rival);
    return digits.map((_, index) => {
      // real digits are to be found, or else those of the model that is chosen
      const [sought, other] = real ? [others[index], own[index]] : [own[index], others[index]];
      const right = lot(index, LOTS.side) < 0.5 ? 0 : 1;
      // a discriminator has learned to give the digits of its own generator the lower scores
      const finds = best(index) < best(AHEAD + index);
      const judged = judge && (finds ? right : /** @type {0 | 1} */ (1 - right));
      return { pair: right === 0 ? [sought, other] : [other, sought], right, judged };
    });
  }

  /** What is asked, and what the judge goes by. @param {DuelModel} model @param {DuelModel | null} rival */
  explain(model, rival) {
    const nameOf = (/** @type {DuelModel} */ { id, row }) => (row ? shortName(row) : id.replace(/^file:/, ''));
    const [name, other] = [nameOf(model), rival ? nameOf(rival) : ''];
    this.question.textContent = rival ? t('duel.game.whose', { name }) : t('duel.game.real');
    this.source.textContent = rival ? t('duel.game.generators', { name, other }) : t('duel.game.mnist');
    const key = !model.judges ? 'none' : rival ? 'forged' : 'real';
    this.judgeWords.textContent = t(`duel.game.judge.${key}`, { name });
  }

  /** Another generator. @param {DuelModel} model */
  async rival(model) {
    const listed = RIVALS.find((id) => id !== model.id && this.room.catalog.some((row) => row.id === id));
    const id = listed ?? this.room.catalog.find((row) => row.id !== model.id)?.id;
    return (id && (await this.room.load(id))) || model;
  }

  /** @param {DuelModel} model @param {number} seed @param {number[]} digits */
  async digitsOf(model, seed, digits) {
    const codes = await model.codes(seed, digits, 1);
    const each = digits.map((_, i) => codes.subarray(i * model.width, (i + 1) * model.width));
    const images = await model.pixels(model.order(each, digits, { seed }));
    // real digits have 256 greys; nobody is to win by counting them
    return images.map((image) => image.map((ink) => Math.round(255 * ink) / 255));
  }

  /** @param {number} side */
  choose(side) {
    const { round } = this;
    if (!round || this.next.hidden === false) return;
    const isRight = side === round.right;
    this.played.rounds += 1;
    this.played.person += Number(isRight);
    this.played.judge += Number(round.judged === round.right);
    this.cards.forEach((card, index) => {
      card.disabled = true;
      card.dataset.is = index === round.right ? 'right' : 'wrong';
      const marks = [index === side ? t('duel.game.you') : '', index === round.judged ? t('duel.game.judge') : ''];
      card.querySelector('.game-mark')?.replaceChildren(marks.filter(Boolean).join(' · '));
    });
    const judge = round.judged === null ? 'alone' : round.judged === round.right ? 'judge' : 'no';
    const key = `${isRight ? 'you' : 'no'}.${judge}`;
    this.outcome.textContent = t(`duel.game.outcome.${key}`);
    this.next.hidden = false;
    this.next.focus();
    this.showScore();
  }

  showScore() {
    const { rounds, person, judge } = this.played;
    const row = (/** @type {string} */ key, /** @type {number} */ count) =>
      h('div', {}, h('dt', {}, t(`duel.game.${key}`)), h('dd', {}, t('duel.game.of', { count, rounds })));
    const isJudged = this.round?.judged !== null;
    this.score.replaceChildren(row('you', person), ...(isJudged ? [row('judge', judge)] : []));
  }
}

/** One of the images of a file. @param {Uint8Array} images @param {number} lot */
function someOf(images, lot) {
  const at = Math.floor((lot * images.length) / PIXELS) * PIXELS;
  return Float32Array.from(images.subarray(at, at + PIXELS), (grey) => grey / 255);
}
