// Waiting for conditions, always with a deadline; nothing in the suite sleeps for a fixed time.

import { setTimeout as pause } from 'node:timers/promises';

/** The default deadline: far above what anything takes, far below what a person would wait. */
export const PATIENCE_MS = 5_000;

/**
 * Asks `condition` again and again until it returns something truthy, and returns that.
 * An exception counts as "not yet"; the last one is shown when the deadline passes.
 */
export async function until(condition, { timeout = PATIENCE_MS, every = 25, what = String(condition) } = {}) {
  const deadline = Date.now() + timeout;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${timeout} ms: ${what}`, { cause: last });
    }
    await pause(every);
  }
}

/** Settles as `promise` does, or fails when the deadline passes first. */
export async function within(timeout, promise, what) {
  const timer = new AbortController();
  const expired = pause(timeout, undefined, { signal: timer.signal }).then(
    () => { throw new Error(`not within ${timeout} ms: ${what}`); },
    () => undefined,
  );
  try {
    return await Promise.race([promise, expired]);
  } finally {
    timer.abort();
  }
}
