/** The page: its frame, the worker, and the place for the rooms. */

import { fetchCatalog, modelsFolder } from './catalog.js';
import { EngineClient } from './engine.js';
import { chooseLanguage, rich, t } from './i18n/translate.js';
import { BackendMenu, sentence } from './parts/backend-menu.js';
import { ICONS, button, h, setPressed, svg } from './parts/dom.js';
import { fileDrop } from './parts/drop.js';
import { Inspector } from './parts/inspector.js';
import { Notice, explain } from './parts/notice.js';
import { ProgressLine } from './parts/progress.js';
import { readLook, themeButton } from './parts/theme.js';
import { KindError, toFailure } from './protocol.js';
import { RoomHost } from './rooms/host.js';

/** @import { Backend } from './protocol.js' */

/** @returns {Backend | null} */
function wantedBackend() {
  const wanted = new URLSearchParams(window.location.search).get('backend');
  return wanted === 'gpu' || wanted === 'cpu' ? wanted : null;
}

function wordmark() {
  // a drop of ink
  const drop = svg(
    'svg',
    { viewBox: '0 0 20 24', class: 'drop', 'aria-hidden': 'true' },
    svg('path', { d: 'M10 1C10 1 2 10.5 2 15.5a8 8 0 0 0 16 0C18 10.5 10 1 10 1z' }),
  );
  return h('p', { class: 'wordmark' }, drop, t('app.name'));
}

async function main() {
  const languages = new URLSearchParams(window.location.search).getAll('lang');
  await chooseLanguage([...languages, ...navigator.languages]);

  const engine = new EngineClient(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }));
  const catalog = fetchCatalog();
  // looked at below; until then a failure must not count as nobody's
  catalog.catch(() => {});
  const host = new RoomHost(engine, catalog);
  const { page } = host;
  const notice = new Notice();
  const progress = new ProgressLine();
  const inspector = new Inspector();

  const complain = (/** @type {unknown} */ error) => {
    const failure = toFailure(error);
    const broken = ['network', 'incomplete-download', 'internal'].includes(failure.kind);
    notice.show(explain(failure), {
      tone: 'error',
      action: broken ? { label: t('notice.reload'), run: () => window.location.reload() } : undefined,
    });
    progress.hide();
  };

  const relook = () => engine.send({ type: 'look', look: readLook(page.values.smooth) });
  const applySmooth = () => {
    document.documentElement.dataset.smooth = String(page.values.smooth);
  };
  applySmooth();
  const theme = themeButton(relook);
  const backendMenu = new BackendMenu((backend) => {
    const address = new URL(window.location.href);
    address.searchParams.set('backend', backend);
    window.history.replaceState(null, '', address);
    notice.hide();
    engine.send({ type: 'switch', backend });
  });
  const gauge = button({
    label: t('inspector.show'),
    icon: ICONS.gauge(),
    bare: true,
    pressed: false,
    onclick: () => {
      inspector.element.hidden = !inspector.element.hidden;
      setPressed(gauge, !inspector.element.hidden);
    },
  });
  gauge.setAttribute('aria-controls', inspector.element.id);

  const files = fileDrop((file) => {
    // what was wrong with the file before is over
    notice.hide();
    return host.openFile(file);
  });
  engine.start(wantedBackend(), readLook(page.values.smooth), modelsFolder());

  document.body.replaceChildren(
    h('a', { class: 'skip', href: '#room', onclick: (/** @type {Event} */ event) => skip(event) }, t('app.skip')),
    h(
      'header',
      { class: 'page-head' },
      wordmark(),
      host.navigation,
      h('div', { class: 'page-tools' }, backendMenu.element, gauge, theme),
    ),
    inspector.element,
    progress.element,
    notice.element,
    host.place,
    h('footer', { class: 'page-foot' }, h('p', {}, rich('app.foot'))),
    files.input,
    files.veil,
  );

  engine.on('progress', ({ progress: step }) => progress.show(step));
  engine.on('drawn', () => progress.hide());
  engine.on('stats', ({ stats }) => inspector.show(stats));
  engine.on('failure', ({ failure }) => complain(new KindError(failure.kind, failure.detail)));
  engine.on('rebuilt', () => notice.show(t('backend.rebuilt')));
  engine.on('backend', ({ info }) => {
    document.documentElement.dataset.backend = info.backend;
    backendMenu.show(info);
    // the head of the page says it too, so it does not push aside what somebody has not yet read
    const remarkable = info.reason !== 'hardware' && info.reason !== 'chosen';
    if (remarkable && notice.element.hidden) notice.show(sentence(info));
  });
  // nobody watches a hidden tab compute
  document.addEventListener('visibilitychange', () => engine.send({ type: 'hidden', hidden: document.hidden }));
  page.subscribe((_, changed) => {
    if (!changed.has('smooth')) return;
    applySmooth();
    relook();
  });

  await host.start({
    page,
    say: (text) => notice.show(text),
    complain,
    chooseFile: files.choose,
    settled: () => progress.hide(),
  });
}

/** The hash holds the state, so the way to the content is not a link to it. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById('room')?.focus();
}

main();
