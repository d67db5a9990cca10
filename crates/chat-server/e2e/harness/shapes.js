// The shapes of the contract's objects, exact: a field too many is as wrong as one too few.

import assert from 'node:assert/strict';

export const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A well-formed id that no server has given out. */
export const NOBODYS_ID = '01890000-0000-7000-8000-000000000000';

function keys(object, required, optional = []) {
  const missing = required.filter((key) => !(key in object));
  const extra = Object.keys(object).filter((key) => !required.includes(key) && !optional.includes(key));
  assert.deepEqual({ missing, extra }, { missing: [], extra: [] }, JSON.stringify(object));
}

/** Asserts that `object` has exactly these keys. */
export const exactly = (object, ...required) => keys(object, required);

export function isMessage(message) {
  keys(message, ['id', 'threadId', 'seq', 'version', 'fromUserId', 'toUserId', 'content', 'metadata',
    'delivered', 'read', 'createdAt'], ['deletedAt', 'clientMessageId']);
  assert.match(message.id, UUID7);
  assert.match(message.threadId, UUID7);
  assert.match(message.createdAt, TIME);
  assert.ok(Number.isInteger(message.seq) && message.seq >= 1);
  assert.ok(Number.isInteger(message.version) && message.version >= 1);
  assert.equal(typeof message.delivered, 'boolean');
  assert.equal(typeof message.read, 'boolean');
  assert.ok(message.metadata === null || typeof message.metadata === 'object');
  return message;
}

export function isThread(thread) {
  keys(thread, ['id', 'kind', 'participants', 'version', 'lastSeq', 'lastMsgAt', 'lastMsg', 'unreadCount',
    'createdAt', 'updatedAt']);
  assert.match(thread.id, UUID7);
  assert.ok(['pair', 'group'].includes(thread.kind));
  assert.match(thread.createdAt, TIME);
  assert.match(thread.updatedAt, TIME);
  if (thread.lastMsgAt !== null) assert.match(thread.lastMsgAt, TIME);
  if (thread.lastMsg !== null) isMessage(thread.lastMsg);
  for (const participant of thread.participants) {
    exactly(participant, 'userId', 'displayName', 'avatarUrl', 'deleted', 'online', 'readSeq', 'deliveredSeq');
    assert.ok(participant.readSeq >= 0 && participant.readSeq <= participant.deliveredSeq, JSON.stringify(participant));
    assert.ok(participant.deliveredSeq <= thread.lastSeq, JSON.stringify(participant));
  }
  return thread;
}

/** The tag and comment openers of the HTML tokenizer; a `<` at the end would open one with what follows it. */
export const MARKUP = /<([A-Za-z!/?]|$)/;

/** Asserts that the messages' seqs are 1, 2, 3 … up to `count`, whatever order they are given in. */
export function gapless(messages, count) {
  const seqs = messages.map((message) => message.seq).sort((a, b) => a - b);
  assert.deepEqual(seqs, Array.from({ length: count }, (_, index) => index + 1));
  assert.equal(new Set(messages.map((message) => message.id)).size, count, 'an id twice');
}
