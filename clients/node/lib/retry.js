// Running a command again after a conflict.

import { setTimeout as sleep } from 'node:timers/promises';

// Another writer was faster, or the transaction was too old. Any other error is the caller's.
const AGAIN = new Set(['ZR001', '40001']);
const TRANSACTION_ABORTED = '25P02';

/** Whether it helps to load, decide and append again after this error. */
export function isConflict(error) {
  return AGAIN.has(error?.code);
}

/**
 * Runs `work` until it succeeds, again after a conflict and after no other error, `attempts` times
 * at most. Between two attempts it waits for a random time, up to a bound that doubles each time.
 */
export async function retry(work, { attempts = 10, minDelayMs = 10, maxDelayMs = 1000, signal } = {}) {
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw new TypeError('attempts must be a whole number from 1 on');
  }
  let conflict;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      // in a transaction of the caller, an error ended it: what is worth telling is the conflict
      if (conflict && error?.code === TRANSACTION_ABORTED) {
        throw conflict;
      }
      if (!isConflict(error) || attempt === attempts) {
        throw error;
      }
      conflict = error;
    }
    const bound = Math.min(maxDelayMs, minDelayMs * 2 ** (attempt - 1));
    await sleep(Math.random() * bound, undefined, { signal });
  }
}
