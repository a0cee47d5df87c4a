// How the window reads payloads: JSON as it is stored, Protocol Buffers without their definition, and
// bytes that only pretend to be either. And in which order it puts a trace. All of it runs without a
// browser; test/window.mjs is for the rest.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compact, lines, parseJson, same } from '../browse/page/json.js';
import { jsonOf, preview, readings } from '../browse/page/payload.js';
import { standing } from '../browse/page/parts.js';
import { compactFields, decodeProtobuf } from '../browse/page/protobuf.js';
import { inOrder } from '../browse/page/trace.js';

const text = (list) => list.map(({ depth, mark, parts }) => `${mark}${' '.repeat(depth)}${parts.map(([, part]) => part).join('')}`);
const names = (bytes, size = bytes.length, type) => readings(bytes, size, type).map(({ name }) => name);

test('JSON keeps its digits, its order and repeated keys', () => {
  const stored = '{"b": 12345678901234567890.10, "a": 1e400, "b": "\\u0041\\n"}';

  assert.equal(compact(parseJson(stored)), '{"b": 12345678901234567890.10, "a": 1e400, "b": "A\\n"}');
  assert.equal(compact(parseJson(' [ ] ')), '[]');
  assert.equal(compact(parseJson('{"__proto__": {"constructor": null}}')), '{"__proto__": {"constructor": null}}');
});

test('what JSON.parse takes is JSON, and nothing else is', () => {
  for (const good of ['0', '-0', 'null', '""', '[1,[2]]', '{"a":{}}', '"\\ud800"', '\t1\n', '-1.5E+3', '"\\\\"']) {
    assert.doesNotThrow(() => JSON.parse(good));
    assert.notEqual(parseJson(good), undefined, good);
  }
  for (const bad of ['', ' ', '{', '[1,]', '{"a":1,}', '{a:1}', '01', '1.', '.5', '+1', 'nul', 'nullx', '"', '"\\', '"\\x"', '"\n"', '[1 2]', '{} {}', '\u00a01', 'NaN']) {
    assert.throws(() => JSON.parse(bad), bad);
    assert.equal(parseJson(bad), undefined, bad);
  }
});

test('what is nested a hundred thousand times is text', () => {
  const deep = Buffer.from('['.repeat(100000) + ']'.repeat(100000));

  assert.equal(parseJson(deep.toString()), undefined);
  assert.equal(names(deep)[0], 'Text');
});

test('a comparison says what has changed, wherever it is', () => {
  const before = parseJson('{"a": 1, "list": [1, 2], "gone": true, "same": {"x": 1, "y": 2}}');
  const now = parseJson('{"a": 2, "list": [1, 3, 4], "same": {"y": 2, "x": 1}, "new": {"z": []}}');

  assert.deepEqual(text(lines(now, before)), [
    ' {', '- "a": 1,', '+ "a": 2,', '  "list": [', '   1,', '-  2,', '+  3,', '+  4', '  ],',
    '  "same": {', '   "y": 2,', '   "x": 1', '  },', '+ "new": {', '+  "z": []', '+ }', '- "gone": true', ' }',
  ]);
  assert.equal(same(parseJson('{"a": 1, "b": 2}'), parseJson('{"b": 2, "a": 1}')), true);
  assert.equal(same(parseJson('9007199254740993'), parseJson('9007199254740992')), false);
  assert.deepEqual(text(lines(parseJson('[1]'), parseJson('{}'))), ['-{}', '+[', '+ 1', '+]']);
});

test('protobuf is shown by the numbers of its fields', () => {
  // 1: "CH", 2: {1: "Ada", 3: 300}, 4: -1, 5: float 1.5, 6: double 2.5
  const message = Buffer.concat([
    Buffer.from([0x0a, 2, 0x43, 0x48, 0x12, 8, 0x0a, 3, 0x41, 0x64, 0x61, 0x18, 0xac, 0x02]),
    Buffer.from([0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    Buffer.from([0x2d, 0, 0, 0xc0, 0x3f, 0x31, 0, 0, 0, 0, 0, 0, 4, 0x40]),
  ]);

  assert.equal(compactFields(decodeProtobuf(message)), '1: "CH", 2: {1: "Ada", 3: 300}, 4: -1, 5: 1.5, 6: 2.5');
  assert.deepEqual(names(message), ['Protobuf', 'Hex']);
  // the 16 bytes of a uuid, and packed numbers
  assert.equal(compactFields(decodeProtobuf(Buffer.from('0a108a4aef55427956cab9367dba957755e1120109', 'hex'))),
    '1: 8a4aef55427956cab9367dba957755e1, 2: 09');
});

test('what breaks off, or nests without end, is no message', () => {
  for (const bad of ['0a', '0a05', '0a0541', '08', '08ffffffffffffffffffff01', '0d000000', '00', '0b', '07', '0affffffffffffffffff01']) {
    assert.equal(decodeProtobuf(Buffer.from(bad, 'hex')), undefined, bad);
  }
  let nested = Buffer.from([0x08, 1]);
  for (let i = 0; i < 60; i++) nested = Buffer.concat([Buffer.from([0x0a, nested.length]), nested]);
  assert.notEqual(decodeProtobuf(nested), undefined);
  // a million fields of nothing
  assert.equal(decodeProtobuf(Buffer.alloc(2000000, Buffer.from([0x08, 0]))), undefined);
});

test('a payload is read in the most likely way', () => {
  assert.deepEqual(names(Buffer.from('{"a": 1}')), ['JSON', 'Text', 'Hex']);
  assert.deepEqual(names(Buffer.from('Hello')), ['Text', 'Hex']);
  assert.deepEqual(names(Buffer.from([0xff, 0xfe, 0x00])), ['Hex']);
  assert.deepEqual(names(Buffer.alloc(0)), ['Empty']);
  assert.deepEqual(names(Buffer.from('{"a": 1}'), 100), ['Text', 'Hex'], 'a part of JSON is no JSON');
  // cut off within a character
  assert.deepEqual(names(Buffer.from('año').subarray(0, 2), 4), ['Text', 'Hex']);
  assert.equal(preview(Buffer.from('{"a":\n1}'), 8), '{"a": 1}');
  assert.equal(preview(Buffer.from([0xde, 0xad, 0xff]), 3), 'deadff');
  assert.equal(preview(Buffer.from('x'.repeat(1000)), 1000).length, 301);
  assert.equal(jsonOf(Buffer.from('{}'), 2).kind, 'object');
  assert.equal(jsonOf(Buffer.from([0x7b, 0xff, 0x7d]), 3), undefined);
});

const event = (domain, sequence, second, source) => ({
  domain, edition: 'angzarr', root: 'r', sequence: String(sequence), created_at: `2026-01-01 00:00:${String(second).padStart(2, '0')}+00`,
  source_domain: source?.[0] ?? null, source_edition: source ? 'angzarr' : null, source_root: source ? 'r' : null, source_sequence: source ? String(source[1]) : null,
});
const order = (events) => inOrder(events).map(({ domain, sequence }) => domain + sequence).join(' ');

test('a trace goes by time', () => {
  assert.equal(order([event('a', 0, 1), event('a', 1, 30), event('b', 0, 20), event('c', 0, 10)]), 'a0 c0 b0 a1');
});

test('but a cause comes before its effects, and a stream keeps its order', () => {
  // the clocks of b and c are slow
  assert.equal(order([event('a', 0, 10), event('b', 0, 5, ['a', 0]), event('c', 0, 1, ['b', 0])]), 'a0 b0 c0');
  assert.equal(order([event('a', 0, 50), event('a', 1, 10), event('b', 0, 20)]), 'a0 a1 b0');
  // a circle, which only an import can make
  assert.equal(order([event('a', 0, 1, ['b', 0]), event('b', 0, 2, ['a', 0])]).length, 5);
  const chain = Array.from({ length: 2000 }, (_, i) => event('a', i, 59 - i % 60));
  assert.equal(inOrder(chain).every(({ sequence }, i) => sequence === String(i)), true);
});

test('a group is late when something has waited for it for a minute', () => {
  assert.equal(standing({ behind: '0', oldest: null }), 'read');
  assert.equal(standing({ behind: '500', oldest: 10 }), 'behind');
  assert.equal(standing({ behind: '100', oldest: 1000 }), 'near');
  assert.equal(standing({ behind: '101', oldest: 1000 }), 'late');
});
