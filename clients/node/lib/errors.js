// What the server refuses, as errors of this package. The SQLSTATE stays in `code`, as node-pg has it.

const CONDITIONS = {
  ZR001: 'sequence_conflict',
  ZR002: 'main_timeline_protected',
  ZR003: 'edition_protected',
  ZR004: 'invalid_divergence',
  ZR005: 'merge_conflict',
  ZR006: 'cascade_error',
  ZR007: 'snapshot_ahead',
  ZR008: 'history_immutable',
  ZR009: 'feed_position_ahead',
  ZR010: 'lease_lost',
  ZR011: 'evidence_mismatch',
  ZR012: 'not_erasable',
  ZR013: 'wrong_node',
};

/** An error of the store, with an SQLSTATE that begins with ZR. Other errors stay as node-pg gives them. */
export class AngzarrError extends Error {
  constructor(message, { code, detail, hint, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.condition = CONDITIONS[code] ?? 'unknown';
    this.detail = detail;
    this.hint = hint;
  }
}

/** The sequence that was expected is not the next one. Load what is new, decide again, append there. */
export class SequenceConflictError extends AngzarrError {
  constructor(message, { expected = null, actual = null, ...rest } = {}) {
    super(message, { code: 'ZR001', ...rest });
    this.expected = expected;
    this.actual = actual;
  }
}

/**
 * The stream is kept on another node, or about to move there and cannot be written to now. Nothing
 * was changed.
 */
export class WrongNodeError extends AngzarrError {
  constructor(message, { slot = null, node = null, moving = false, ...rest } = {}) {
    super(message, { code: 'ZR013', ...rest });
    this.slot = slot;
    this.node = node;
    this.moving = moving;
  }
}

// The numbers that the server puts into DETAIL. "At least one event is expected" is -1, as in azr_expect.
function conflictNumbers(detail = '') {
  const actual = /next sequence is (\d+)/.exec(detail);
  const expected = /^Expected sequence is (-?\d+)/.exec(detail);
  const anyEvent = detail.startsWith('At least one event');

  return {
    expected: expected ? BigInt(expected[1]) : anyEvent ? -1n : null,
    actual: actual ? BigInt(actual[1]) : null,
  };
}

// What the server says in DETAIL of a slot. The name of a node can have quotes in it.
function slotNamed(detail = '') {
  const [, slot, how, node = null] = /^Slot (\d+) (belongs to|is moving to) (?:node "(.*)"|a node that is not known here)\.$/.exec(detail) ?? [];

  return slot === undefined ? {} : { slot: Number(slot), node, moving: how === 'is moving to' };
}

/** Makes an error of node-pg one of this package, if it is one of the store. */
export function translateError(error) {
  if (error instanceof AngzarrError || !/^ZR\d{3}$/.test(error?.code ?? '')) {
    return error;
  }
  const { message, code, detail, hint } = error;
  if (code === 'ZR001') {
    return new SequenceConflictError(message, { ...conflictNumbers(detail), detail, hint, cause: error });
  }
  if (code === 'ZR013') {
    return new WrongNodeError(message, { ...slotNamed(detail), detail, hint, cause: error });
  }
  return new AngzarrError(message, { code, detail, hint, cause: error });
}
