// How the window reads payloads: JSON as it is stored, Protocol Buffers without their definition, and
// bytes that only pretend to be either.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compact, lines, parseJson, same } from '../browse/page/json.js';
import { jsonOf, preview, readings } from '../browse/page/payload.js';
import { compactFields, decodeProtobuf } from '../browse/page/protobuf.js';

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
