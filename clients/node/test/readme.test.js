// What README.md shows works, and prints what it says: its examples are one program, in its order.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Angzarr } from 'angzarr-pg';

import { newNodePools, schema } from './support.js';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');

// What ends the program, once its workers have done what is there.
const END = `
for (const end = Date.now() + 60_000; ;) {
  const { rows } = await pool.query('SELECT amount FROM balances ORDER BY amount');
  const parked = await store.parked('mailer');
  if (rows.map(({ amount }) => amount).join() === '10,35' && parked.length === 1) break;
  if (Date.now() > end) throw new Error(JSON.stringify([rows, parked.length]));
  await new Promise((resolve) => { setTimeout(resolve, 50); });
}
console.log(await retryMails(async () => {}), (await store.parked('mailer')).length);
process.emit('SIGTERM');
await store.append(bob, null, [{ type: 'Closed', data: {} }]);
await Promise.all([projecting, mailing]);
await store.dropGroup('balances');
await store.dropGroup('mailer');
await pool.query('DROP TABLE balances');
await Promise.all([pool, ...Object.values(pools)].map((each) => each.end()));
`;

async function examples() {
  const nodes = await newNodePools({ max: 1 });
  // names that no other run has
  const suffix = randomUUID().replaceAll('-', '').slice(0, 12);
  const rename = (text) => text.replace(/\bshop_([ab])\b/g, (_, name) => nodes[name].options.database).replace(/\b(account(?=')|balances|mailer|cart(?=-)|checkout(?=-))/g, `$1_${suffix}`);
  const readme = rename(await readFile(join(home, 'README.md'), 'utf8'));
  const blocks = [...readme.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, code]) => code);
  const shown = [];

  for (const block of blocks) {
    let printing = false;
    for (const line of block.split('\n')) {
      const output = /^(?:.*\S {2})?\/\/ (.*)$/.exec(line);
      printing = (printing || /console\.log/.test(line)) && line !== '';
      if (output && printing) {
        shown.push(output[1]);
      }
    }
  }
  return { code: `${blocks.join('\n')}\n${rename(END)}`.replaceAll("schema: 'es'", `schema: '${schema}'`), shown };
}

test('the examples run, and print what is shown', async (t) => {
  const { code, shown } = await examples();
  const dir = await mkdtemp(join(home, 'test', 'readme-'));
  t.after(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'readme.mjs'), code);
  const { error, stdout, stderr } = await new Promise((resolve) => {
    execFile(process.execPath, [join(dir, 'readme.mjs')], { timeout: 180_000 },
      (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });

  assert.equal(stderr, '');
  assert.equal(error, null);
  // after what is shown: one mail was retried, and none is parked any more
  assert.deepEqual(stdout.trimEnd().split('\n'), [...shown, '1 0']);
  assert.ok(shown.length > 10);
});

test('the table of methods has all of them', async () => {
  const readme = await readFile(join(home, 'README.md'), 'utf8');
  const rows = readme.slice(readme.indexOf('| methods | functions |')).match(/^\| `.*$/gm);
  const listed = rows.flatMap((row) => [...row.split('|')[1].matchAll(/`(\w+)`/g)].map(([, name]) => name));

  assert.deepEqual(listed.sort(), Object.getOwnPropertyNames(Angzarr.prototype).filter((name) => name !== 'constructor').sort());
});
