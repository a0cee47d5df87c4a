// The declarations are what the code has, and a program can be checked with them.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as client from 'angzarr-pg';
import * as adapter from 'angzarr-pg/emmett';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (name) => readFile(join(home, name), 'utf8');

test('the compiler accepts what a program may write, and refuses what it may not', async () => {
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  const { code, stdout } = await new Promise((resolve) => {
    execFile(process.execPath, [join(typescript, 'bin', 'tsc'), '--noEmit', '-p', home],
      (error, stdout) => resolve({ code: error ? error.code : 0, stdout }));
  });

  assert.equal(stdout, '');
  assert.equal(code, 0);
});

test('every export is declared, and nothing else is', async () => {
  for (const [module, file] of [[client, 'index.d.ts'], [adapter, 'emmett/index.d.ts']]) {
    const declared = [...(await read(file)).matchAll(/^export (?:declare )?(?:class|function|const) (\w+)/gm)].map(([, name]) => name);
    assert.deepEqual(declared.sort(), Object.keys(module).sort(), file);
  }
});

test('every method is declared, and nothing else is', async () => {
  const body = /^export class Angzarr \{[^]*?^}/m.exec(await read('index.d.ts'))[0];
  const declared = [...body.matchAll(/^ {2}(\w+)[<(]/gm)].map(([, name]) => name);

  assert.deepEqual(declared.sort(), Object.getOwnPropertyNames(client.Angzarr.prototype).sort());
});

test('every method of a store on several nodes is declared, and nothing else is', async () => {
  const text = await read('index.d.ts');
  const picked = /^export interface AngzarrNodes extends Pick<Angzarr,([^>]*)>/m.exec(text)[1].match(/\w+/g);
  const body = /^export class AngzarrNodes \{[^]*?^}/m.exec(text)[0];
  const declared = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[<(:]/gm)].map(([, name]) => name);

  assert.deepEqual([...picked, ...declared].sort(), Object.getOwnPropertyNames(client.AngzarrNodes.prototype).sort());
});

test('the package has what it exports, and its lock file names no registry', async () => {
  const { exports: paths, files, version } = JSON.parse(await read('package.json'));
  for (const { types, default: code } of Object.values(paths).filter((path) => typeof path === 'object')) {
    for (const path of [types, code]) {
      await read(path);
      assert.ok(files.some((name) => path === `./${name}` || path.startsWith(`./${name}/`)), path);
    }
  }
  const lock = await read('package-lock.json');
  assert.doesNotMatch(lock, /https?:|"resolved"/);
  assert.equal(JSON.parse(lock).version, version);
  assert.match(lock, /"integrity"/);
});
