// What README.md shows works, and prints what it says: its examples are one program, in its order.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { config } = createRequire(import.meta.url)('angzarr-embedded/package.json');

test('the examples run, and print what is shown', async (t) => {
  const readme = await readFile(join(here, '../README.md'), 'utf8');
  const code = [...readme.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, block]) => block).join('\n');
  const shown = [...code.matchAll(/console\.log.* {2}\/\/ (.*)$/gm)].map(([, line]) => line);
  const file = join(here, 'readme.mjs');

  t.after(() => rm(file));
  await writeFile(file, code);
  const { error, stdout, stderr } = await new Promise((resolve) => {
    execFile(process.execPath, [file], { timeout: 180_000 }, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });

  assert.equal(stderr, '');
  assert.equal(error, null);
  assert.deepEqual(stdout.trimEnd().split('\n'), shown);
  assert.ok(shown.length > 0);
});

test('the table has the versions that are tried', async () => {
  const readme = await readFile(join(here, '../README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| (\d+) \| (\S+) \|/gm)].map(([, major, version]) => [major, version]);

  assert.deepEqual(Object.fromEntries(rows), config.tried);
});
