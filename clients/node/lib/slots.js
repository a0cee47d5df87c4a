// Which slot a root has, and which root a business key: what any client computes as the server does.

import { createHash } from 'node:crypto';

const SLOTS = 1024;
const UUID = /^\{?(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}\}?$/i;
const NAMESPACE = Buffer.from('404f3bda578a5c4da7f42751b843698a', 'hex');

/** The slot of a root, as azr_slot() has it: the CRC-32 of its 16 bytes, modulo 1024. */
export function slotOf(root) {
  if (typeof root !== 'string' || !UUID.test(root)) {
    throw new TypeError('root must be a uuid');
  }
  let crc = 0xFFFFFFFF;
  for (const byte of Buffer.from(root.replace(/[{}-]/g, ''), 'hex')) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xEDB88320 : 0);
    }
  }
  // of the inverted CRC, the lowest bits
  return ~crc & (SLOTS - 1);
}

/** The root that a business key stands for, as azr_root() has it: a uuid of version 5. */
export function rootOfKey(domain, key) {
  const bytes = createHash('sha1').update(NAMESPACE).update(`${domain}:${key}`, 'utf8').digest().subarray(0, 16);

  bytes[6] = (bytes[6] & 0x0F) | 0x50;
  bytes[8] = (bytes[8] & 0x3F) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
