// angzarr with node-pg: load, decide, append; and all of it again after a conflict. Then follow the feed.
//
// Usage: node with_node_pg.js CONNECTION-STRING, of a database that has the extension in schema es

const { randomUUID } = require('crypto');
const { Client } = require('pg');

// What is worth another attempt: another writer was faster, the transaction was too old (at
// REPEATABLE READ and SERIALIZABLE), or it was ended for a deadlock. Any other error is the caller's.
const CONFLICTS = ['ZR001', '40001', '40P01'];
const ATTEMPTS = 10;

const client = new Client({ connectionString: process.argv[2] });

// Appends events, with payloads in Buffers, and returns what came of it.
async function append(root, expected, types, payloads, externalId) {
  const result = await client.query(
    "SELECT * FROM es.azr_append('account', NULL, $1, $2, $3, $4::bytea[], external_id => $5)",
    [root, expected, types, payloads, externalId]);
  return describe(result.rows[0]);
}

function describe(row) {
  return [row.outcome, row.first_sequence, row.last_sequence, row.next_sequence].join(' ');
}

// Returns what came of the append with this id, or null. What a cascade has revoked is not committed.
async function find(root, externalId) {
  const result = await client.query(
    "SELECT 'duplicate' AS outcome, min(sequence) AS first_sequence, max(sequence) AS last_sequence, " +
    'max(sequence) + 1 AS next_sequence ' +
    "FROM es.azr_find_by_external_id('account', NULL, $1, $2) WHERE committed HAVING count(*) > 0",
    [root, externalId]);
  return result.rows.length > 0 ? describe(result.rows[0]) : null;
}

// Replays the stream: the balance, and the sequence that the next event gets. A bigint comes as a
// string, since it may be more than a number can hold.
async function load(root) {
  let balance = 0;
  let expected = 0n;
  const result = await client.query(
    "SELECT sequence, type, payload FROM es.azr_load_effective('account', NULL, $1)", [root]);
  for (const event of result.rows) {
    if (event.type === 'Deposited') {
      balance += Number(event.payload.toString());
    } else if (event.type === 'Withdrawn') {
      balance -= Number(event.payload.toString());
    }
    expected = BigInt(event.sequence) + 1n;
  }
  return { balance, expected: expected.toString() };
}

// Runs a command. What it decides depends on the balance, so a conflict has it decide again.
//
// A command that is stored already is not decided again: on its own result it might be refused. It
// is looked for after the load, so that what is not found is not in the balance either.
async function execute(root, decide, commandId) {
  for (let attempt = 1; ; attempt++) {
    const { balance, expected } = await load(root);
    const stored = await find(root, commandId);
    if (stored) {
      return stored;
    }
    const { types, payloads } = await decide(balance);
    try {
      return await append(root, expected, types, payloads, commandId);
    } catch (error) {
      if (!CONFLICTS.includes(error.code) || attempt === ATTEMPTS) {
        throw error;
      }
      console.log('conflict:', error.code, error.detail);
    }
  }
}

// An event that this program cannot handle as it is.
class CannotHandle extends Error {}

// Works for a group. A program that goes on waits for longer, and does not return.
async function follow(group, handle) {
  for (let head = '-1'; ;) {
    while (await work('azr_fetch', group, handle) > 0);
    // nothing is left, or other workers have it: a transaction of its own that waits for more
    const result = await client.query("SELECT es.azr_feed_wait($1, timeout => '100 ms') AS head", [head]);
    if (result.rows[0].head === head) {
      return;
    }
    head = result.rows[0].head;
  }
}

// Handles a batch in one transaction, with what handle() does in this database, and returns its
// size. After an error that is no CannotHandle, the events are given again.
async function work(fetch, group, handle) {
  await client.query('BEGIN');
  try {
    const { rows } = await client.query(
      `SELECT position, domain, root, sequence, type, payload FROM es.${fetch}($1)`, [group]);
    const parked = new Set();
    for (let i = 0, next; i < rows.length; i = next) {
      const { position, domain, root } = rows[i];
      // a confirmation gives several events at its one position: all of them are handled, or none
      for (next = i + 1; next < rows.length && rows[next].position === position; next++);
      if (parked.has(domain + '/' + root)) {
        continue; // they wait for what is parked: azr_retry gives them after it
      }
      await client.query('SAVEPOINT one_position');
      try {
        for (const event of rows.slice(i, next)) {
          await handle(event);
        }
      } catch (error) {
        if (!(error instanceof CannotHandle)) {
          throw error;
        }
        await client.query('ROLLBACK TO one_position');
        await client.query('SELECT es.azr_park($1, $2, $3)', [group, position, error.message]);
        parked.add(domain + '/' + root);
      }
      await client.query('RELEASE one_position');
    }
    await client.query('COMMIT');
    return rows.length;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function main() {
  await client.connect();
  const account = randomUUID();

  // A group is created once. This one begins after what is there, and has a name for this run.
  const group = `statements ${account}`;
  await client.query(
    "SELECT es.azr_group_create($1, after => es.azr_feed_advance(), domains => ARRAY['account'])", [group]);

  // A payload is any bytes. Here an amount is the text of a number.
  console.log('append:', await append(account, 0, ['Opened', 'Signed', 'Deposited'],
    [Buffer.from('Alice'), Buffer.from([0x00, 0xff]), Buffer.from('100')]));
  const loaded = await client.query("SELECT sequence, type, payload FROM es.azr_load('account', NULL, $1)", [account]);
  for (const event of loaded.rows) {
    console.log('load:', event.sequence, event.type, event.payload.toString('hex'));
  }

  async function withdraw(balance) {
    console.log('decide: the balance is', balance);
    // To show a conflict, somebody else deposits between our load and our append. The id makes that
    // happen once, however often we decide.
    await append(account, null, ['Deposited'], [Buffer.from('5')], 'transfer-9');
    if (balance < 60) {
      throw new Error('not enough');
    }
    return { types: ['Withdrawn'], payloads: [Buffer.from('60')] };
  }

  console.log('append:', await execute(account, withdraw, 'command-1'));
  // The answer got lost, and the caller sends the same command again. 45 is left: not enough for
  // another one.
  console.log('again:', await execute(account, withdraw, 'command-1'));

  const utf8 = new TextDecoder('utf-8', { fatal: true });
  function handleText({ sequence, type, payload }) {
    let text;
    try {
      text = utf8.decode(payload);
    } catch (error) {
      console.log('park:', sequence, type);
      throw new CannotHandle('the payload is no text', { cause: error });
    }
    console.log('handle:', sequence, type, text);
  }
  function handleBytes({ sequence, type, payload }) {
    console.log('retry:', sequence, type, payload.toString('hex'));
  }

  await follow(group, handleText);
  // Once the program can handle what was parked, the stream goes on from there.
  await work('azr_retry', group, handleBytes);
  await client.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
