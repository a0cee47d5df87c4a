// How values go to the server and come back. Nothing depends on type parsers that a program has set
// for node-pg: int8 is always a bigint here.

const BOOL = 16, BYTEA = 17, INT8 = 20, INT4 = 23, FLOAT8 = 701, INT8_ARRAY = 1016, TIMESTAMPTZ = 1184, JSONB = 3802;

function parseBytea(text) {
  if (text.startsWith('\\x')) {
    return Buffer.from(text.slice(2), 'hex');
  }
  // with bytea_output = escape, a backslash is \\, and a byte that is no printable character \ooo
  return Buffer.from(
    text.replace(/\\(\\|[0-3][0-7]{2})/g, (_, code) => (code === '\\' ? code : String.fromCharCode(parseInt(code, 8)))),
    'latin1');
}

function parseTimestamp(text) {
  const match = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d)(:\d\d)?(:\d\d)?( BC)?$/.exec(text);
  if (!match) {
    throw new RangeError(`cannot read the time "${text}": DateStyle must be ISO, and a Date goes to the year 275760`);
  }
  const [, year, month, day, time, fraction = '', hours, minutes = ':00', seconds = ':00', bc] = match;
  const astronomical = bc ? 1 - Number(year) : Number(year);
  const sign = hours.startsWith('-') ? -1 : 1;
  const [h, m, s] = time.split(':').map(Number);
  const date = new Date(0);

  date.setUTCFullYear(astronomical, Number(month) - 1, Number(day));
  date.setUTCHours(h, m, s, Math.floor(Number(`0${fraction}`) * 1000));
  const offset = Number(hours.slice(1)) * 3600 + Number(minutes.slice(1)) * 60 + Number(seconds.slice(1));
  return new Date(date.getTime() - sign * offset * 1000);
}

const PARSERS = new Map([
  [BOOL, (text) => text === 't'],
  [BYTEA, parseBytea],
  [INT8, BigInt],
  [INT4, Number],
  [FLOAT8, Number],
  [INT8_ARRAY, (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt))],
  [TIMESTAMPTZ, parseTimestamp],
  [JSONB, JSON.parse],
]);
const asText = (text) => text;

/** The parsers, in the form in which node-pg takes them with a query. */
export const types = { getTypeParser: (oid) => PARSERS.get(oid) ?? asText };

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** A row as an object of this package: names in camel case, and the four columns of a source as one. */
export function fromRow(row) {
  const object = {};

  for (const [name, value] of Object.entries(row)) {
    if (!name.startsWith('source_')) {
      object[camel(name)] = value;
    }
  }
  if ('source_domain' in row) {
    object.source = row.source_domain === null ? null : {
      domain: row.source_domain,
      edition: row.source_edition,
      root: row.source_root,
      sequence: row.source_sequence,
    };
  }
  return object;
}

/** A sequence or a position. A number is refused, since it may have been rounded already. */
export function bigintOf(name, value) {
  if (typeof value !== 'bigint') {
    throw new TypeError(`${name} must be a bigint, such as 7n, not ${describe(value)}`);
  }
  return value.toString();
}

/** The same, where null or undefined means that there is none. */
export function optionalBigintOf(name, value) {
  return value === null || value === undefined ? null : bigintOf(name, value);
}

/** Milliseconds as an interval. */
export function intervalOf(name, milliseconds) {
  if (milliseconds === null || milliseconds === undefined) {
    return undefined;
  }
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds)) {
    throw new TypeError(`${name} must be a number of milliseconds, not ${describe(milliseconds)}`);
  }
  return `${milliseconds.toFixed(3)} milliseconds`;
}

/** A time. node-pg would send a Date in the zone of this process, and a string as it is. */
export function timeOf(value) {
  return value instanceof Date ? value.toISOString() : value ?? null;
}

export function bytesOf(name, value) {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(`${name} must be a Buffer or a Uint8Array, not ${describe(value)}`);
  }
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** A value as the UTF-8 bytes of its JSON text, as azr_append_json stores it. */
export function toJson(value) {
  const text = JSON.stringify(value);
  if (text === undefined) {
    throw new TypeError(`${describe(value)} has no JSON`);
  }
  return Buffer.from(text, 'utf8');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What the JSON in a payload says. Takes an event, too. */
export function fromJson(payload) {
  return JSON.parse(utf8.decode(payload instanceof Uint8Array ? payload : payload.payload));
}

export function metadataOf(value) {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function describe(value) {
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}
