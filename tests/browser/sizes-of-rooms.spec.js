/**
 * Every view of every room on a small phone that is touched and on a large screen: it fits, its words are whole, and a
 * tap on a tab or a link opens what it says. One page goes through all addresses, as a person does.
 */

import { expect, test } from './fixtures.js';
import { ready, state } from './support/room.js';

/** @import { Locator, Page } from '@playwright/test' */

/** The views of each room by their names in the address and on their tabs. @type {Record<string, Record<string, string>>} */
const ROOMS = {
  latent: { walk: 'Walk', interpolate: 'Interpolate', draw: 'Draw' },
  denoise: { watch: 'Watch', forward: 'Noise it', steer: 'Steer', quality: 'Quality' },
  duel: { walk: 'Walk', mix: 'Mix styles', judge: 'The judge', game: 'Be the judge' },
  flow: { '': '' },
  energy: { chains: 'Chains', repair: 'Repair', measure: 'Your digit', clean: 'Clean', fields: 'Inside' },
  pixels: { write: 'Write', finish: 'Finish', likelihood: 'Likelihood' },
  compare: { draw: 'Side by side', figures: 'Figures', pictures: 'Pictures', tell: 'Which digit?' },
  likely: { '': '' },
  tasks: { generate: 'Generate', complete: 'Complete', detect: 'Detect anomalies', style: 'Transfer style', augment: 'Augment data' },
};

const LATER = 400;

/** What is wrong with what is in sight, in words. @param {Page} page @param {number} width @returns {Promise<string[]>} */
function faultsOf(page, width) {
  return page.evaluate((most) => {
    const { scrollWidth, clientWidth } = document.documentElement;
    // what is too wide may make a phone's window wider
    const wrong = scrollWidth > Math.min(clientWidth, most) ? [`${scrollWidth} wide in ${clientWidth}`] : [];
    // a symbol in a button may stand out of its own box
    const clips = (/** @type {Element} */ face) => face.matches('button, .button, .choice-face') || getComputedStyle(face).overflowX !== 'visible';
    const faces = [...document.querySelectorAll('button, .button, .choice-face, button span, .choice-face span')];
    const cut = faces.filter((face) => face.checkVisibility() && clips(face) && face.scrollWidth > face.clientWidth + 1);
    return [...wrong, ...cut.map((face) => `cut: ${face.textContent || face.getAttribute('aria-label')}`)];
  }, width);
}

for (const { width, height, touched } of [
  { width: 320, height: 700, touched: true },
  { width: 1920, height: 1080, touched: false },
]) {
  test.describe(`${width} x ${height}`, () => {
    test.use({ viewport: { width, height }, hasTouch: touched, isMobile: touched });

    test('rooms fit, words are whole, and tabs open what they say @cpu', async ({ page }) => {
      test.setTimeout(120_000);
      await page.goto('./?backend=cpu');
      for (const [room, views] of Object.entries(ROOMS)) {
        const names = Object.entries(views);
        for (const [index, [view]] of names.entries()) {
          const where = `${room} ${view}`;
          await page.evaluate((hash) => (window.location.hash = hash), `room=${room}${view && `&view=${view}`}`);
          const stage = page.locator(`.${room}-stage:visible`);
          await expect(stage).toBeVisible({ timeout: 30_000 });
          if (view) await expect(stage).toHaveAttribute('data-view', view);
          await ready(page);
          await expect(page.locator('h1:visible'), where).toHaveCount(1);
          await expect(page.locator('h1:visible'), where).toBeInViewport();
          // figures and pictures come a little later than their panels
          await page.waitForTimeout(LATER);
          expect(await faultsOf(page, width), where).toEqual([]);
          const touch = (/** @type {Locator} */ control) => (touched ? control.tap() : control.click());
          if (!view) {
            await touch(page.getByRole('navigation').getByRole('link', { name: 'Compare', exact: true }));
            await expect.poll(async () => (await state(page)).get('room'), where).toBe('compare');
            continue;
          }
          const [next, label] = names[(index + 1) % names.length] ?? [view, ''];
          await touch(page.locator(`.${room}-room .tabs`).getByText(label, { exact: true }));
          await expect(stage).toHaveAttribute('data-view', next);
          // the first is what an address without a view means
          const named = next === names[0]?.[0] ? null : next;
          await expect.poll(async () => (await state(page)).get('view'), where).toBe(named);
        }
      }
    });
  });
}
