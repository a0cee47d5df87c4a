// The window's web server. It listens on the loopback interface alone, and answers with files of the
// page, and with what Store reads, as JSON.
//
// Who else could ask it? Another user of this machine, who can reach the port: so all but the files
// needs a key, which is in the address that the program prints. A page of another site in the user's
// browser: it does not know the key, nothing here says that it may read (CORS), and a name of its
// own that leads to 127.0.0.1 is refused by the header Host. What the events say is never taken as
// HTML, and the policy allows no script but the page's own.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

import { Refusal } from './store.js';

const PAGE = new URL('./page/', import.meta.url);
const LOOPBACK = '127.0.0.1';
const OUR_NAMES = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;
const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };
const MOST_PARAMETERS = 20;

const HEADERS = {
  'Content-Security-Policy': 'default-src \'none\'; script-src \'self\'; style-src \'self\'; img-src \'self\'; connect-src \'self\'; '
    + 'base-uri \'none\'; form-action \'none\'; frame-ancestors \'none\'; require-trusted-types-for \'script\'',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

const ANSWERS = ['info', 'overview', 'streams', 'search', 'stream', 'events', 'event', 'state', 'trace', 'feed', 'groups', 'lag', 'evidence'];

/** Serves a store, and returns the server, its key, and the address to open. Port 0 takes any. */
export async function serve(store, { port = 0, key = randomBytes(16).toString('hex') } = {}) {
  const files = await readFiles();
  const server = createServer((request, response) => {
    answer(store, files, key, request)
      .catch(errorOf)
      .then(({ status, type, body, headers }) => {
        const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
        response.writeHead(status, { ...HEADERS, ...headers, 'Content-Type': `${type ?? 'application/json'}; charset=utf-8`, 'Content-Length': Buffer.byteLength(text) });
        response.end(request.method === 'HEAD' ? undefined : text);
      })
      .catch(() => response.destroy());
  });

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  return { server, key, address: `http://${LOOPBACK}:${server.address().port}/#key=${key}` };
}

async function answer(store, files, key, request) {
  if (!OUR_NAMES.test(request.headers.host ?? '')) {
    throw new Refusal(421, 'this server is not called that', { hint: 'Open it as 127.0.0.1 or localhost.' });
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, headers: { Allow: 'GET, HEAD' }, body: { error: 'this server only shows' } };
  }
  if (!request.url.startsWith('/')) {
    throw new Refusal(400, 'this is no path');
  }
  const url = new URL(`http://${LOOPBACK}${request.url}`);
  const file = files.get(url.pathname);
  if (file) {
    return { status: 200, ...file };
  }
  const name = url.pathname.startsWith('/api/') ? url.pathname.slice('/api/'.length) : undefined;
  if (!ANSWERS.includes(name)) {
    throw new Refusal(404, 'there is nothing here');
  }
  if (!sameKey(request.headers['x-angzarr-key'] ?? '', key)) {
    throw new Refusal(401, 'the key is missing, or is that of another run', { hint: 'Open the address that the program has printed.' });
  }
  return { status: 200, body: await store[name](parametersOf(url.searchParams)) };
}

function errorOf(error) {
  if (error instanceof Refusal) {
    return { status: error.status, body: { error: error.message, hint: error.hint, code: error.code } };
  }
  return { status: 502, body: { error: `the store cannot be asked: ${error.message || error.code || 'no reason is known'}` } };
}

function parametersOf(searchParams) {
  const parameters = Object.create(null);

  if (searchParams.size > MOST_PARAMETERS) {
    throw new Refusal(400, 'there are too many parameters');
  }
  for (const [name, value] of searchParams) {
    if (name in parameters) {
      throw new Refusal(400, `the parameter "${name}" is given twice`);
    }
    parameters[name] = value;
  }
  return parameters;
}

function sameKey(given, key) {
  const digest = (text) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(key));
}

// The page's files, which are few: what is not among them cannot be asked for.
async function readFiles() {
  const files = new Map();

  for (const name of await readdir(PAGE)) {
    files.set(`/${name}`, { type: TYPES[name.split('.').at(-1)], body: await readFile(new URL(name, PAGE)) });
  }
  files.set('/', files.get('/index.html'));
  return files;
}
