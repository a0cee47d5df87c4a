// Protocol Buffers without their definition: fields by number, in the order in which they are
// stored. What the bytes of a field mean is a guess, so all that they can be is kept.

const DEEPEST = 20;
const MOST_FIELDS = 5000;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes a message, or returns undefined if the bytes are none. A field is { number, kind, … }: 'varint' and 'fixed'
 * have a text, and 'string', 'message' and 'bytes' a value.
 */
export function decodeProtobuf(bytes) {
  return message(bytes, 0, { left: MOST_FIELDS });
}

function message(bytes, depth, budget) {
  const fields = [];
  let at = 0;

  const varint = () => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) return undefined;
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value < 2n ** 64n ? value : undefined;
    }
    return undefined;
  };

  while (at < bytes.length) {
    const tag = varint();
    if (tag === undefined || tag >= 2n ** 32n || tag >> 3n === 0n || budget.left-- === 0) return undefined;
    const number = Number(tag >> 3n);
    const view = (length) => {
      const part = bytes.subarray(at, at + length);
      at += length;
      return part.length === length ? part : undefined;
    };

    switch (Number(tag & 7n)) {
      case 0: {
        const value = varint();
        if (value === undefined) return undefined;
        fields.push({ number, kind: 'varint', text: value < 2n ** 63n ? `${value}` : `${BigInt.asIntN(64, value)}` });
        break;
      }
      case 1: {
        const part = view(8);
        if (!part) return undefined;
        const data = new DataView(part.buffer, part.byteOffset, 8);
        fields.push({ number, kind: 'fixed', ...fixed(data.getFloat64(0, true), data.getBigInt64(0, true)) });
        break;
      }
      case 2: {
        const length = varint();
        const part = length === undefined || length > BigInt(bytes.length) ? undefined : view(Number(length));
        if (!part) return undefined;
        fields.push({ number, ...delimited(part, depth, budget) });
        break;
      }
      case 5: {
        const part = view(4);
        if (!part) return undefined;
        const data = new DataView(part.buffer, part.byteOffset, 4);
        fields.push({ number, kind: 'fixed', ...fixed(data.getFloat32(0, true), BigInt(data.getInt32(0, true))) });
        break;
      }
      default: // groups are not in use any more
        return undefined;
    }
  }
  return fields;
}

// A number that is small as an integer is rarely a float, and the other way round.
function fixed(float, integer) {
  const likely = Number.isFinite(float) && (float === 0 || (Math.abs(float) > 1e-9 && Math.abs(float) < 1e18));
  const short = String(Number(float.toPrecision(7)));
  return likely && integer !== 0n ? { text: short, or: `${integer}` } : { text: `${integer}` };
}

// Text that begins like a message, with a line's end or another control character, is taken for one.
function delimited(part, depth, budget) {
  const text = textOf(part);
  if (text !== undefined && !/^[\t\n\r]/.test(text)) return { kind: 'string', value: text };
  const fields = part.length > 0 && depth < DEEPEST ? message(part, depth + 1, budget) : undefined;
  if (fields) return { kind: 'message', value: fields };
  return text === undefined || (text !== '' && text.trim() === '') ? { kind: 'bytes', value: part } : { kind: 'string', value: text };
}

/** Bytes that are text without control characters but tabs and line ends, or undefined. */
export function textOf(bytes) {
  try {
    const text = utf8.decode(bytes);
    // eslint-disable-next-line no-control-regex
    return /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Fields on one line. */
export function compactFields(fields) {
  return fields.map(({ number, kind, value, text }) => {
    switch (kind) {
      case 'string': return `${number}: ${JSON.stringify(value)}`;
      case 'message': return `${number}: {${compactFields(value)}}`;
      case 'bytes': return `${number}: ${hexOf(value)}`;
      default: return `${number}: ${text}`;
    }
  }).join(', ');
}

/** Fields as lines, of the form of json.js. */
export function fieldLines(fields, depth = 0) {
  return fields.flatMap(({ number, kind, value, text, or }) => {
    const label = [['name', String(number)], ['mark', ': ']];
    switch (kind) {
      case 'message': return [
        { depth, mark: ' ', parts: [...label, ['mark', '{']] }, ...fieldLines(value, depth + 1), { depth, mark: ' ', parts: [['mark', '}']] }];
      case 'string': return [{ depth, mark: ' ', parts: [...label, ['string', JSON.stringify(value)]] }];
      case 'bytes': return [{ depth, mark: ' ', parts: [...label, ['word', hexOf(value)], ['note', `  ${value.length} bytes`]] }];
      default: return [{ depth, mark: ' ', parts: [...label, ['number', text], ...or ? [['note', `  or ${or}`]] : []] }];
    }
  });
}

export function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
