// angzarr with node-pg: append, load, conflict, retry.
//
// Usage: node with_node_pg.js CONNECTION-STRING, of a database with the extension

const { randomUUID } = require('crypto');
const { Client } = require('pg');

async function main() {
  const client = new Client({ connectionString: process.argv[2] });
  await client.connect();
  const root = randomUUID();

  // Appends events, with payloads in Buffers, and returns what came of it.
  async function append(expected, types, payloads, externalId) {
    const result = await client.query(
      "SELECT * FROM azr_append('account', NULL, $1, $2, $3, $4::bytea[], external_id => $5)",
      [root, expected, types, payloads, externalId]);
    const row = result.rows[0];
    return [row.outcome, row.first_sequence, row.last_sequence, row.next_sequence].join(' ');
  }

  const first = [Buffer.from('{"owner": "Alice"}'), Buffer.from([0x00, 0xff])];
  console.log('append:', await append(0, ['Opened', 'Deposited'], first, 'request-1'));

  const loaded = await client.query("SELECT sequence, type, payload FROM azr_load('account', NULL, $1)", [root]);
  for (const event of loaded.rows) {
    console.log('load:', event.sequence, event.type, event.payload.toString('hex'));
  }

  // somebody else was faster: load, decide again, append
  try {
    await append(1, ['Withdrawn'], [Buffer.from('50')]);
  } catch (error) {
    console.log('conflict:', error.code, error.detail);
    const next = await client.query("SELECT azr_next_sequence('account', NULL, $1) AS next", [root]);
    console.log('append:', await append(next.rows[0].next, ['Withdrawn'], [Buffer.from('50')]));
  }

  // the answer to the first request got lost: the same request again
  console.log('again:', await append(0, ['Opened', 'Deposited'], first, 'request-1'));
  await client.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
