/**
 * Game: two digits, one of them real; who finds it more often, the person or the discriminator? Without real digits, which
 * the page does not have, the question is which of two generators drew which.
 */

import { rich, t } from '../../i18n/translate.js';
import { ICONS, button, h } from '../../parts/dom.js';
import { panel } from '../../parts/panel.js';
import { StillPicture } from '../../parts/still.js';
import { PIXELS } from '../../protocol.js';
import { readIdx } from './idx.js';

/** @import { DuelRoom, RoomView } from './index.js' */
/** @import { DuelModel } from './model.js' */

/** Digits that are drawn ahead. */
const AHEAD = 20;
/** Who plays against the model where there are no real digits: the first of these that is another. */
const OTHERS = ['gan-textbook', 'gan-deep', 'dcgan'];

/** @typedef {{pair: [Float32Array, Float32Array], right: 0 | 1, judged: 0 | 1}} Round */

/** @implements {RoomView} */
export class GameView {
  /** @param {DuelRoom} room */
  constructor(room) {
    this.room = room;
    /** @type {DuelModel | null} */
    this.model = null;
    /** 784 bytes for each real digit. @type {Uint8Array | null} */
    this.real = null;
    /** @type {Round[]} */
    this.rounds = [];
    /** @type {Round | null} */
    this.round = null;
    this.played = { rounds: 0, person: 0, judge: 0 };

    this.pictures = [new StillPicture(''), new StillPicture('')];
    this.cards = this.pictures.map(({ canvas }, side) =>
      h(
        'button',
        { type: 'button', class: 'game-card', 'aria-label': t(side === 0 ? 'duel.game.left' : 'duel.game.right'), onclick: () => this.choose(side) },
        canvas,
        h('span', { class: 'game-mark' }),
      ),
    );
    this.question = h('p', { class: 'game-question' });
    this.outcome = h('p', { class: 'verdict', 'aria-live': 'polite' });
    this.next = button({ label: t('duel.game.next'), icon: ICONS.play(), onclick: () => this.deal() });
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
    const again = button({ label: t('duel.game.again'), icon: ICONS.reset(), onclick: () => this.begin() });
    this.source = h('p', { class: 'readout' });
    const table = h('div', { class: 'game-table' }, ...this.cards);
    table.addEventListener('keydown', (event) => {
      const side = ['ArrowLeft', 'ArrowRight'].indexOf(event.key);
      if (side < 0) return;
      event.preventDefault();
      this.cards[side].focus();
    });
    this.panels = [
      panel('game', t('duel.game.title'), [this.question, table], [this.outcome, h('div', { class: 'tools' }, this.next)]),
      panel('game-score', t('duel.game.score'), [this.score], [this.source, h('div', { class: 'tools' }, choose, again, this.input)]),
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
    this.rounds = [];
    this.round = null;
  }

  /** @param {unknown} _values @param {Set<string>} changed */
  async stateChanged(_values, changed) {
    if (changed.has('seed') || changed.has('truncation')) await this.begin();
  }

  /** @param {File} file */
  async openReal(file) {
    this.real = await readIdx(file);
    await this.begin();
  }

  /** From the first round. */
  async begin() {
    this.played = { rounds: 0, person: 0, judge: 0 };
    this.rounds = [];
    this.showScore();
    await this.deal();
  }

  /** The next two digits. */
  async deal() {
    const { model } = this;
    if (!model) return;
    if (this.rounds.length === 0) this.rounds = await this.draw(model);
    if (this.model !== model) return;
    this.round = this.rounds.pop() ?? null;
    this.pictures.forEach((picture, side) => picture.show(this.round?.pair[side] ?? null));
    this.outcome.textContent = '';
    this.next.hidden = true;
    for (const card of this.cards) {
      card.disabled = false;
      card.dataset.is = '';
      card.querySelector('.game-mark')?.replaceChildren();
    }
  }

  /** @param {DuelModel} model @returns {Promise<Round[]>} */
  async draw(model) {
    const { seed, truncation } = this.room.state.values;
    const digits = Array.from({ length: AHEAD }, () => Math.floor(Math.random() * 10));
    const own = await this.digitsOf(model, seed + this.played.rounds, digits, truncation);
    const rival = this.real ? null : await this.rival(model);
    const others = this.real
      ? digits.map(() => this.someReal())
      : await this.digitsOf(/** @type {DuelModel} */ (rival), seed + this.played.rounds + 1, digits, 1);
    const judge = model.judges ? model : (rival ?? model);
    const scores = judge.judges ? await judge.scores([...own, ...others]) : null;
    const best = (/** @type {number} */ index) => Math.max(...(scores?.[index] ?? [Math.random()]));
    // real digits are to be found, or else those of the model that is chosen
    this.ask(model, rival);
    return digits.map((_, index) => {
      const [sought, other] = this.real ? [others[index], own[index]] : [own[index], others[index]];
      const isOwnBest = best(index) > best(AHEAD + index);
      const finds = this.real ? !isOwnBest : isOwnBest;
      const right = /** @type {0 | 1} */ (Math.random() < 0.5 ? 0 : 1);
      const judged = /** @type {0 | 1} */ (finds ? right : 1 - right);
      return { pair: right === 0 ? [sought, other] : [other, sought], right, judged };
    });
  }

  /** @param {DuelModel} model @param {DuelModel | null} rival */
  ask(model, rival) {
    const name = (/** @type {DuelModel} */ { id, row }) => row?.title ?? id.replace(/^file:/, '');
    this.question.textContent = this.real ? t('duel.game.real') : t('duel.game.whose', { name: name(model) });
    this.source.textContent = rival ? t('duel.game.generators', { name: name(model), other: name(rival) }) : t('duel.game.mnist');
  }

  /** Another generator. @param {DuelModel} model */
  async rival(model) {
    const listed = OTHERS.find((id) => id !== model.id && this.room.catalog.some((row) => row.id === id));
    const id = listed ?? this.room.catalog.find((row) => row.id !== model.id)?.id;
    return (id && (await this.room.load(id))) || model;
  }

  /** @param {DuelModel} model @param {number} seed @param {number[]} digits @param {number} truncation */
  async digitsOf(model, seed, digits, truncation) {
    const codes = await model.codes(seed, digits, truncation);
    const each = digits.map((_, i) => codes.subarray(i * model.width, (i + 1) * model.width));
    const images = await model.pixels(model.order(each, digits, { seed }));
    // real digits have 256 greys; nobody is to win by counting them
    return images.map((image) => image.map((ink) => Math.round(255 * ink) / 255));
  }

  someReal() {
    const { real } = this;
    if (!real) return new Float32Array(PIXELS);
    const at = Math.floor((Math.random() * real.length) / PIXELS) * PIXELS;
    return Float32Array.from(real.subarray(at, at + PIXELS), (grey) => grey / 255);
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
    const key = `${isRight ? 'you' : 'no'}.${round.judged === round.right ? 'judge' : 'no'}`;
    this.outcome.textContent = t(`duel.game.outcome.${key}`);
    this.next.hidden = false;
    this.next.focus();
    this.showScore();
  }

  showScore() {
    const { rounds, person, judge } = this.played;
    const row = (/** @type {string} */ key, /** @type {number} */ count) =>
      h('div', {}, h('dt', {}, t(`duel.game.${key}`)), h('dd', {}, t('duel.game.of', { count, rounds })));
    this.score.replaceChildren(row('you', person), row('judge', judge));
  }
}
