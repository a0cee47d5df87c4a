#!/usr/bin/env node
// The program of the package: "angzarr-pg browse" opens the window on a store.

import { parseArgs } from 'node:util';

import pg from 'pg';

import { serve } from '../browse/server.js';
import { Refusal, Store } from '../browse/store.js';

const DEFAULT_PORT = 7420;
const USAGE = `Usage: angzarr-pg browse [postgres://USER@HOST/DATABASE] [--role ROLE] [--port PORT]

Shows the events of a store in the browser, at an address of this machine alone. It only reads,
and needs no more than the level reader. What the address leaves out comes from PGHOST, PGUSER,
PGDATABASE and such, and the password best from PGPASSWORD or ~/.pgpass.

  --role ROLE  read as this role (SET ROLE), for instance if you can only log in as one that may do more
  --port PORT  listen on this port, or with 0 on any that is free (${DEFAULT_PORT})
  --help       show this
`;

function fail(message, hint) {
  process.stderr.write(`angzarr-pg: ${message}\n${hint ? `${hint}\n` : ''}`);
  process.exit(1);
}

function misused(message) {
  process.stderr.write(`${USAGE}\nangzarr-pg: ${message}\n`);
  process.exit(2);
}

function argumentsOf() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: { role: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    misused(error.message);
  }
  const { values: { role, port, help }, positionals: [command, address, ...rest] } = parsed;
  if (help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  if (command !== 'browse') {
    misused(command === undefined ? 'say what to do' : `there is no command "${command}"`);
  }
  if (rest.length > 0) {
    misused('one store at a time');
  }
  if (address !== undefined && !/^postgres(ql)?:\/\//.test(address)) {
    misused('the address of a store begins with postgres://');
  }
  if (port !== undefined && (!/^\d{1,5}$/.test(port) || Number(port) > 65535)) {
    misused('a port is a number from 0 to 65535');
  }
  if (role === '') {
    misused('a role has a name');
  }
  return { address, role, port: port === undefined ? DEFAULT_PORT : Number(port) };
}

const { address, role, port } = argumentsOf();
let pool;
try {
  pool = new pg.Pool({
    ...address === undefined ? {} : { connectionString: address },
    application_name: 'angzarr-pg browse',
    connectionTimeoutMillis: 10_000,
    max: 4,
  });
} catch (error) {
  fail(`the address cannot be read: ${error.message}`);
}
// a connection that breaks while nobody uses it: the next one is new
pool.on('error', () => {});

const store = new Store(pool, { role });
let info;
try {
  info = await store.info();
} catch (error) {
  fail(error instanceof Refusal ? error.message : `cannot connect to the store: ${error.message || error.code}`, error.hint);
}

let window;
try {
  window = await serve(store, { port });
} catch (error) {
  fail(error.code === 'EADDRINUSE' ? `the port ${port} is in use` : error.message, 'Choose another one with --port, or any that is free with --port 0.');
}

process.stdout.write(`Reading the database "${info.database}" as "${info.user}".\n`);
if (info.superuser || info.more.length > 0) {
  process.stdout.write(`This role may do more than read (${info.superuser ? 'superuser' : info.more.join(', ')}). `
    + 'The window only reads, in read-only transactions. A role of the level reader, by --role or in the address, could do no more.\n');
}
process.stdout.write(`Open ${window.address}\nEnd it with Ctrl-C.\n`);

let ending = false;
function end() {
  if (ending) {
    process.exit(1);
  }
  ending = true;
  window.server.close();
  window.server.closeAllConnections();
  pool.end().then(() => process.exit(0), () => process.exit(1));
}
process.on('SIGINT', end);
process.on('SIGTERM', end);
