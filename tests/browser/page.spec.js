import { expect, seriousFindings, test } from './fixtures.js';
import { address, changed, drawThree, drawn, levels, look, openRoom, settled, state } from './support/room.js';

test.describe('while it loads', () => {
  test('the shell is there before the engine and the weights', async ({ page }, info) => {
    /** @type {() => void} */
    let release = () => {};
    const held = new Promise((resolve) => {
      release = () => resolve(undefined);
    });
    await page.route(/\.(wasm|safetensors)$/, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(address(info));
    await expect(page.getByRole('heading', { name: 'The latent room' })).toBeVisible();
    await expect(page.locator('.models label').first()).toBeVisible();
    await expect(page.locator('.progress')).toContainText('Loading the engine');
    release();
    await drawn(page, 'digit');
  });

  test('over a slow line the bytes are counted', async ({ page, site }) => {
    const slow = await site.throttled(400_000);
    await page.goto(slow);
    const words = page.locator('.progress span');
    await expect(words).toHaveText(/Loading the model · [\d.]+ (kB|MB) of [\d.]+ MB/, { timeout: 30_000 });
    const amount = async () => Number(await page.locator('.progress progress').getAttribute('value'));
    const first = await amount();
    await expect.poll(amount, { timeout: 20_000 }).toBeGreaterThan(first);
    await drawn(page, 'digit');
    await expect(page.locator('.progress')).toBeHidden();
  });

  test('weights that do not arrive are said to be missing, and can be tried again', async ({ page }, info) => {
    await page.route(/vae-map\.safetensors$/, (route) => route.abort());
    await page.goto(address(info));
    await expect(page.getByRole('alert')).toContainText('could not be fetched');
    await page.unroute(/vae-map\.safetensors$/);
    await page.getByRole('button', { name: 'Try again' }).click();
    await drawn(page, 'digit');
  });

  test('weights that arrive cut short are not run', async ({ page }, info) => {
    await page.route(/vae-map\.safetensors$/, async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      await route.fulfill({ response, body: body.subarray(0, body.length - 100) });
    });
    await page.goto(address(info));
    await expect(page.getByRole('alert')).toContainText('did not arrive whole');
  });
});

test.describe('the backend', () => {
  test('without an adapter the CPU runs, said in one calm line @cpu', async ({ page }, info) => {
    await openRoom(page, info, { query: '' });
    await expect(page.locator('.chip')).toHaveText('CPU · WebAssembly');
    const notice = page.locator('.notice');
    await expect(notice).toHaveAttribute('role', 'status');
    await expect(notice).toContainText('so the models run on the CPU');
    expect(await notice.evaluate((element) => element.getBoundingClientRect().height)).toBeLessThan(60);
  });

  test('without WebGPU the CPU runs', async ({ page }, info) => {
    // the worker asks for it, so it is taken away there
    await page.route(/worker[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      const without = "Object.defineProperty(navigator, 'gpu', { value: undefined });";
      await route.fulfill({ response, body: `${without}\n${await response.text()}` });
    });
    await openRoom(page, info, { query: '' });
    await expect(page.locator('.notice')).toContainText('This browser has no WebGPU');
    await expect(page.locator('.chip')).toHaveText('CPU · WebAssembly');
  });

  test('a software adapter gives way to the CPU @webgpu', async ({ page }, info) => {
    await openRoom(page, info, { query: '' });
    await expect(page.locator('.chip')).toHaveText('CPU · WebAssembly');
    await expect(page.locator('.notice')).toContainText('emulated in software');
  });

  test('it is switched without a reload, and the picture stays @webgpu', async ({ page }, info) => {
    await openRoom(page, info, { hash: 'z=0.75,-0.5', query: '?backend=cpu' });
    await page.evaluate(() => Object.assign(window, { stillTheSame: true }));
    const onCpu = await settled(page, 'digit');
    await page.locator('.chip').click();
    await expect(page.locator('.popover')).toContainText('as you asked');
    await page.getByRole('button', { name: 'Run on the GPU' }).click();
    await expect(page.locator('.chip')).toHaveText('GPU · WebGPU');
    await drawn(page, 'digit');
    const onGpu = await settled(page, 'digit');
    expect(levels(onGpu)).toBeGreaterThan(8);
    expect(difference(onCpu, onGpu), 'mean difference in grey levels').toBeLessThan(1);
    expect(new URL(page.url()).searchParams.get('backend')).toBe('gpu');
    expect(await page.evaluate(() => 'stillTheSame' in window)).toBe(true);
  });

  test('a lost device is built again and the picture returns @webgpu', async ({ page }, info) => {
    await page.route(/worker[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      const keep = `
        const request = GPUAdapter.prototype.requestDevice;
        self.devices = [];
        GPUAdapter.prototype.requestDevice = async function (...given) {
          const device = await request.apply(this, given);
          self.devices.push(device);
          return device;
        };`;
      await route.fulfill({ response, body: keep + (await response.text()) });
    });
    await openRoom(page, info, { hash: 'z=0.75,-0.5' });
    await page.evaluate(() => Object.assign(window, { stillTheSame: true }));
    const before = await settled(page, 'digit');
    await page.workers()[0]?.evaluate(() => {
      /** @type {{devices: {destroy: () => void}[]}} */ (/** @type {unknown} */ (self)).devices.at(-1)?.destroy();
    });
    await expect(page.locator('.notice')).toContainText('has been built again', { timeout: 20_000 });
    await drawn(page, 'digit');
    await expect(async () => expect(await look(page, 'digit')).toBe(before)).toPass({ timeout: 10_000 });
    expect(await page.evaluate(() => 'stillTheSame' in window)).toBe(true);
    await page.getByRole('slider', { name: 'Latent point' }).press('ArrowLeft');
    await changed(page, 'digit', before);
  });
});

/** Mean difference of two pictures in grey levels. @param {string} a @param {string} b */
function difference(a, b) {
  const [left, right] = [atob(a), atob(b)];
  let sum = 0;
  for (let i = 0; i < left.length; i += 1) sum += Math.abs(left.charCodeAt(i) - right.charCodeAt(i));
  return sum / left.length;
}

test.describe('a file of weights', () => {
  /** @param {import('@playwright/test').Page} page @param {string} name @param {Uint8Array} bytes */
  async function drop(page, name, bytes) {
    await page.evaluate(
      ({ file, base64 }) => {
        const content = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([content], file));
        for (const type of ['dragenter', 'dragover', 'drop']) {
          document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
        }
      },
      { file: name, base64: Buffer.from(bytes).toString('base64') },
    );
  }

  /** A safetensors file. @param {Record<string, number[]>} tensors names and shapes; all zeros, f32 */
  function safetensors(tensors) {
    let offset = 0;
    const header = Object.fromEntries(
      Object.entries(tensors).map(([name, shape]) => {
        const size = 4 * shape.reduce((a, b) => a * b, 1);
        offset += size;
        return [name, { dtype: 'F32', shape, data_offsets: [offset - size, offset] }];
      }),
    );
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text, Buffer.alloc(offset)]);
  }

  const textbook = {
    'fc1.weight': [400, 784],
    'fc1.bias': [400],
    'fc21.weight': [3, 400],
    'fc21.bias': [3],
    'fc22.weight': [3, 400],
    'fc22.bias': [3],
    'fc3.weight': [400, 3],
    'fc3.bias': [400],
    'fc4.weight': [784, 400],
    'fc4.bias': [784],
  };

  test('of a VAE that we know runs', async ({ page }, info) => {
    await openRoom(page, info);
    await drop(page, 'mine.safetensors', safetensors(textbook));
    await expect(page.locator('.about h2')).toHaveText('mine.safetensors');
    await expect(page.locator('.panel-sliders').getByRole('slider')).toHaveCount(3);
    expect((await state(page)).get('model')).toBe('file:mine.safetensors');
    await page.goBack();
    await expect(page.locator('.panel-pad')).toBeVisible();
    await page.goForward();
    await expect(page.locator('.panel-sliders')).toBeVisible();
  });

  const wrong = safetensors({ ...textbook, 'fc3.weight': [400, 5] });
  for (const [what, name, bytes, words] of /** @type {const} */ ([
    ['no safetensors file', 'holiday.jpg', Buffer.from('\xff\xd8\xff\xe0 not weights', 'latin1'), /./],
    ['a truncated file', 'half.safetensors', safetensors(textbook).subarray(0, 5000), /./],
    ['another network', 'classifier.safetensors', safetensors({ 'conv1.weight': [32, 1, 3, 3], 'conv1.bias': [32] }), /conv1/],
    ['layers that do not fit', 'odd.safetensors', wrong, /fc3/],
    ['an empty file', 'empty.safetensors', Buffer.alloc(0), /./],
  ])) {
    test(`${what} is refused in words, and the picture stays`, async ({ page }, info) => {
      await openRoom(page, info);
      const before = await settled(page, 'digit');
      await drop(page, name, bytes);
      const alert = page.getByRole('alert');
      await expect(alert).toContainText('This file does not fit');
      await expect(alert).toContainText(words);
      expect(await settled(page, 'digit')).toBe(before);
      await page.getByRole('slider', { name: 'Latent point' }).press('ArrowLeft');
      await changed(page, 'digit', before);
    });
  }
});

test.describe('for everybody', () => {
  for (const theme of /** @type {const} */ (['light', 'dark'])) {
    test(`axe finds nothing serious in any view, ${theme}`, async ({ page }, info) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      for (const model of ['vae-map', 'vae-dense']) {
        for (const view of ['walk', 'interpolate', 'draw']) {
          await page.goto('about:blank');
          await openRoom(page, info, { hash: `model=${model}&view=${view}` });
          if (view === 'draw') {
            await drawThree(page);
            await drawn(page, 'reconstruction');
          }
          await page.getByRole('button', { name: 'Show the inspector' }).click();
          await page.locator('.chip').click();
          expect(await seriousFindings(page), `${model}, ${view}`).toEqual([]);
        }
      }
    });
  }

  test('the theme follows the system until one is chosen, and the digit follows the theme', async ({ page }, info) => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await openRoom(page, info);
    const dark = await settled(page, 'digit');
    await page.getByRole('button', { name: 'Light or dark' }).click();
    const light = await changed(page, 'digit', dark);
    expect(Math.max(...bytes(light))).toBeGreaterThan(240);
    await page.reload();
    await drawn(page, 'digit');
    expect(Math.max(...bytes(await settled(page, 'digit')))).toBeGreaterThan(240);
  });

  for (const width of [320, 390, 820, 1440, 1920]) {
    test(`nothing is cut off at a width of ${width}`, async ({ page }, info) => {
      await page.setViewportSize({ width, height: width < 500 ? 844 : 1000 });
      for (const hash of ['', 'model=vae-dense', 'view=interpolate', 'view=draw&model=vae-dense', 'view=draw']) {
        await page.goto('about:blank');
        await openRoom(page, info, { hash });
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(excess, hash).toBeLessThanOrEqual(0);
      }
    });
  }

  test('the keyboard reaches everything, and shows where it is', async ({ page }, info) => {
    await openRoom(page, info);
    /** @type {string[]} */
    const reached = [];
    for (let i = 0; i < 40; i += 1) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const element = /** @type {HTMLElement} */ (document.activeElement);
        const face = element.matches('.choice input') ? /** @type {HTMLElement} */ (element.nextElementSibling) : element;
        // past the last stop the focus leaves the page
        if (element === document.body) return { name: '', outlined: false };
        const name = element.getAttribute('aria-label') ?? element.closest('label')?.textContent ?? element.textContent;
        return { name: name?.trim() ?? '', outlined: getComputedStyle(face).outlineStyle !== 'none' };
      });
      if (stop.name) expect(stop.outlined, stop.name).toBe(true);
      reached.push(stop.name);
    }
    for (const name of ['Skip to the room', 'Latent point', 'Randomise', 'Reset', 'PNG', '.npy', 'JSON', 'Copy link', 'Unit 1']) {
      expect(reached).toContain(name);
    }
  });
});

/** @param {string} picture */
function bytes(picture) {
  return Array.from(atob(picture), (character) => character.charCodeAt(0));
}

test.describe('at rest and at work', () => {
  test('the policy is strict and nothing leaves the origin', async ({ page }, info) => {
    /** @type {string[]} */
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await openRoom(page, info, { hash: 'view=draw' });
    await drawThree(page);
    await page.locator('.equation').first().scrollIntoViewIfNeeded();
    await expect(page.locator('.katex').first()).toBeVisible();
    await page.waitForTimeout(300);
    const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe-inline');
    expect(policy).not.toContain("'unsafe-eval'");
    const origin = new URL(page.url()).origin;
    expect(asked.filter((url) => !url.startsWith(origin) && !url.startsWith('blob:'))).toEqual([]);
    expect(await page.evaluate(() => document.querySelectorAll('script:not([src]), style, [onclick]').length)).toBe(0);
  });

  test('it works from any folder', async ({ page, site }, info) => {
    await page.goto(site.underFolder + address(info).slice(2));
    await drawn(page, 'digit');
    expect(levels(await settled(page, 'digit'))).toBeGreaterThan(8);
  });

  test('buffers and memory stay flat over thousands of drags', async ({ page }, info) => {
    test.setTimeout(180_000);
    await openRoom(page, info, { hash: 'z=0,0' });
    await page.getByRole('button', { name: 'Show the inspector' }).click();
    const box = await page.locator('.pad-surface').boundingBox();
    if (!box) throw new Error('no pad');
    const figure = (/** @type {string} */ name) => page.locator('.inspector div', { hasText: name }).locator('dd').innerText();
    const drags = (/** @type {number} */ count) =>
      page.evaluate(async (events) => {
        const pad = /** @type {HTMLElement} */ (document.querySelector('.pad-surface'));
        const area = pad.getBoundingClientRect();
        const fire = (/** @type {string} */ type, /** @type {number} */ i) =>
          pad.dispatchEvent(
            new PointerEvent(type, {
              pointerId: 1,
              bubbles: true,
              clientX: area.left + area.width * (0.5 + 0.4 * Math.cos(i / 9)),
              clientY: area.top + area.height * (0.5 + 0.4 * Math.sin(i / 13)),
            }),
          );
        pad.setPointerCapture = () => {};
        fire('pointerdown', 0);
        for (let i = 0; i < events; i += 1) {
          fire('pointermove', i);
          if (i % 10 === 9) await new Promise((resolve) => requestAnimationFrame(() => resolve(undefined)));
        }
        fire('pointerup', 0);
      }, count);
    await drags(500);
    await page.waitForTimeout(1200);
    const before = [await figure('Buffers'), await figure('Engine memory')];
    await drags(10_000);
    await page.waitForTimeout(1200);
    expect([await figure('Buffers'), await figure('Engine memory')]).toEqual(before);
  });

  test('every model together takes little memory', async ({ page }, info) => {
    await openRoom(page, info);
    await page.getByRole('button', { name: 'Show the inspector' }).click();
    const labels = page.locator('.models label');
    for (let i = (await labels.count()) - 1; i >= 0; i -= 1) {
      await labels.nth(i).click();
      await expect(page.locator('.about h2')).toHaveText((await labels.nth(i).getAttribute('title')) ?? '');
      await settled(page, 'digit');
    }
    await page.getByRole('button', { name: 'Randomise' }).click();
    await page.waitForTimeout(1200);
    const heap = await page.locator('.inspector div', { hasText: 'Engine memory' }).locator('dd').innerText();
    expect(heap).toMatch(/^[\d.]+ MB$/);
    expect(Number.parseFloat(heap)).toBeLessThan(200);
  });
});
