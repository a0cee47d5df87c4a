// What the bytes of a payload are: JSON, text, Protocol Buffers, or just bytes.

import { compact, lines, parseJson } from './json.js';
import { compactFields, decodeProtobuf, fieldLines, hexOf, textOf } from './protobuf.js';

const PREVIEW_CHARACTERS = 300;
const DUMPED_BYTES = 4096;

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/**
 * The ways to read a payload, the most likely one first: { name, lines } or { name, text }. What was cut off cannot be
 * read as a whole.
 */
export function readings(bytes, size, type = '') {
  const whole = bytes.length >= size;
  const text = textOf(whole ? bytes : untilCharacter(bytes));
  const found = [];
  const json = whole && text !== undefined ? parseJson(text) : undefined;
  const fields = whole && bytes.length > 0 ? decodeProtobuf(bytes) : undefined;
  const startsAsMessage = text === undefined || /^[\t\n\r\b]/.test(text) || type.startsWith('type.googleapis.com/');

  if (json !== undefined) found.push({ name: 'JSON', json, lines: lines(json) });
  if (fields !== undefined && startsAsMessage && json === undefined) found.push({ name: 'Protobuf', fields, lines: fieldLines(fields) });
  if (text !== undefined && size > 0) found.push({ name: 'Text', text });
  if (size > 0) found.push({ name: 'Hex', text: dump(bytes) });
  if (found.length === 0) found.push({ name: 'Empty', text: '' });
  return found;
}

/** A payload on one line. */
export function preview(bytes, size, type) {
  const [best] = readings(bytes, size, type);
  const line = best.json ? compact(best.json)
    : best.fields ? compactFields(best.fields)
      : best.name === 'Text' ? best.text.replace(/\s+/g, ' ')
        : best.name === 'Hex' ? `${hexOf(bytes.subarray(0, 48))}${size > 48 ? '…' : ''}` : '';
  return line.length > PREVIEW_CHARACTERS ? `${line.slice(0, PREVIEW_CHARACTERS)}…` : line;
}

/** The JSON of a payload, or undefined. */
export function jsonOf(bytes, size) {
  const text = bytes.length >= size ? textOf(bytes) : undefined;
  return text === undefined ? undefined : parseJson(text);
}

// UTF-8 that was cut off in the middle of a character.
function untilCharacter(bytes) {
  let end = bytes.length;
  while (end > 0 && end > bytes.length - 4 && (bytes[end - 1] & 0xc0) === 0x80) end--;
  return bytes.subarray(0, Math.max(0, end - 1));
}

function dump(bytes) {
  const rows = [];
  for (let at = 0; at < Math.min(bytes.length, DUMPED_BYTES); at += 16) {
    const part = bytes.subarray(at, at + 16);
    const hex = Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = Array.from(part, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    rows.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${ascii}`);
  }
  if (bytes.length > DUMPED_BYTES) rows.push('…');
  return rows.join('\n');
}
