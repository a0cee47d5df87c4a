// The frame of the page: which view the address names, the search, light and dark, looking again.

import { ask, Failure, takeKey } from './api.js';
import { h, hashOf, plain, shown } from './dom.js';
import evidence from './evidence.js';
import feed from './feed.js';
import groups from './groups.js';
import overview from './overview.js';
import search from './search.js';
import stream from './stream.js';
import streams from './streams.js';
import trace from './trace.js';

// Where an answer takes long, the server is asked less often.
const LOOK_AGAIN = 3000;
const IDLE_SHARE = 10;
const VIEWS = { '': overview, streams, stream, trace, feed, groups, evidence, search };
const NAVIGATION = { '': '#/', streams: '#/streams', stream: '#/streams', feed: '#/feed', groups: '#/groups', evidence: '#/evidence' };

const main = document.getElementById('main');
const notice = document.getElementById('notice');
const foot = document.getElementById('foot');
let shownView = null;
let turn = 0;
let timer;
let info = null;

function readHash() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  const parameters = Object.fromEntries(new URLSearchParams(query));
  let names;
  try {
    names = path.split('/').map(decodeURIComponent);
  } catch {
    names = ['?'];
  }
  return { name: names[0], path: names.slice(1), parameters };
}

/** Shows the view that the address names. `again` keeps the place, the focus and what has not changed. */
async function show({ again = false } = {}) {
  const mine = ++turn;
  const { name, path, parameters } = readHash();
  const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : null;
  const place = { path, parameters, goTo, replace };

  clearTimeout(timer);
  for (const link of document.querySelectorAll('.bar nav a')) {
    if (link.getAttribute('href') === NAVIGATION[name]) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  // a view may keep itself, when only its parameters have changed
  if (!again && shownView?.view === view && shownView.keep?.(place)) return;
  if (!again) main.setAttribute('aria-busy', 'true');
  try {
    if (!view) throw new Failure('There is no such view.', { hint: 'The address names none.' });
    const began = performance.now();
    const result = await view(place);
    const pause = Math.max(LOOK_AGAIN, IDLE_SHARE * (performance.now() - began));
    if (mine !== turn) {
      result.end?.();
      return;
    }
    const focused = document.activeElement?.id;
    shownView?.end?.();
    shownView = { view, ...result };
    main.replaceChildren(...[result.body].flat(Infinity).filter(Boolean));
    result.mounted?.();
    document.title = `${plain(result.title)} · angzarr`;
    if (again && focused) document.getElementById(focused)?.focus({ preventScroll: true });
    if (!again) arrived();
    if (result.live) timer = setTimeout(lookAgain, pause);
    if (foot.dataset.failed) {
      delete foot.dataset.failed;
      showInfo();
    }
  } catch (error) {
    if (mine !== turn) return;
    if (again) {
      // what is shown is still worth reading
      foot.dataset.failed = 'true';
      foot.replaceChildren(`Not up to date: ${plain(error.message)}`);
      timer = setTimeout(lookAgain, LOOK_AGAIN);
    } else {
      shownView?.end?.();
      shownView = null;
      document.title = 'angzarr';
      main.replaceChildren(h('section.card.failure', { role: 'alert' }, h('h1', 'This cannot be shown'),
        h('p', shown(error.message)), error.hint && h('p.hint', shown(error.hint))));
      if (!(error instanceof Failure)) console.error(error);
    }
  } finally {
    if (mine === turn) main.removeAttribute('aria-busy');
  }
}

let first = true;
function arrived() {
  window.scrollTo(0, 0);
  // so that a screen reader and the tabulator go on from the new view
  if (!first) main.focus({ preventScroll: true });
  first = false;
}

function lookAgain() {
  if (document.hidden) timer = setTimeout(lookAgain, LOOK_AGAIN);
  else show({ again: true });
}

function goTo(hash) {
  location.hash = hash;
}

/** Changes the address without a new entry in the browser's history. */
function replace(hash) {
  history.replaceState(null, '', hash);
}

async function showInfo() {
  try {
    info ??= await ask('info');
  } catch {
    return; // the view says why
  }
  document.getElementById('database').replaceChildren(shown(info.database));
  foot.replaceChildren(
    `angzarr ${info.version} on PostgreSQL ${info.server_version.split(' ')[0]}${info.standby ? ', a standby' : ''} · read as `, shown(info.user), ' · times in UTC');
  const more = info.superuser ? 'is a superuser' : info.more.length > 0 ? `may do more than read (${info.more.join(', ')})` : null;
  if (more !== null && sessionStorage.getItem('angzarr-notice') !== 'read') {
    notice.replaceChildren(h('p', 'The role ', shown(info.user), ` ${more}. This page only reads, in read-only transactions; a role of the level reader could do no more.`),
      h('button.icon', { type: 'button', 'aria-label': 'Close this notice', onclick: () => {
        sessionStorage.setItem('angzarr-notice', 'read');
        notice.hidden = true;
      } }, '×'));
    notice.hidden = false;
  }
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event('theme'));
}

document.getElementById('theme').addEventListener('click', () => {
  const dark = document.documentElement.dataset.theme === 'dark'
    || (!document.documentElement.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
  const theme = dark ? 'light' : 'dark';
  localStorage.setItem('angzarr-theme', theme);
  setTheme(theme);
});

const box = document.getElementById('search');
box.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = box.elements.q.value.trim();
  if (text) goTo(hashOf(['search', text]));
});

addEventListener('keydown', (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const typing = event.target.matches?.('input, select, textarea');
  if (event.key === '/' && !typing) {
    event.preventDefault();
    box.elements.q.focus();
    box.elements.q.select();
  }
  // from event to event
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
  if (step && !typing) {
    const rows = [...main.querySelectorAll('a.event')];
    const at = rows.indexOf(document.activeElement);
    if (at === -1 && event.key.startsWith('Arrow')) return;
    const next = rows[at === -1 ? 0 : at + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }
});

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});

addEventListener('hashchange', () => {
  takeKey();
  show();
});

takeKey();
setTheme(localStorage.getItem('angzarr-theme'));
showInfo();
show();

