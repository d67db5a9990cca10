// `sync`: catching up by the threads' versions.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { acked, nacked } from '../harness/client.js';
import { ok } from '../harness/rest.js';
import { say, useServer } from '../harness/server.js';
import { NOBODYS_ID, exactly, isMessage } from '../harness/shapes.js';

const server = await useServer();

test('everything above the version, oldest first, with the positions', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const sent = [];
  for (let n = 1; n <= 5; n += 1) sent.push(await say(alice, { threadId: thread }, `text ${n}`));
  acked(await bob.ask('mark_read', { threadId: thread, upToSeq: 2 }));

  const { threads } = acked(await bob.ask('sync', { threads: [{ threadId: thread, version: sent[1].version }] }));
  assert.equal(threads.length, 1);
  const [state] = threads;
  exactly(state, 'threadId', 'version', 'complete', 'messages', 'receipts');
  assert.equal(state.threadId, thread);
  assert.equal(state.complete, true);
  assert.deepEqual(state.messages.map((m) => isMessage(m).seq), [3, 4, 5]);
  assert.ok(state.version >= sent[4].version);
  assert.ok(state.messages.every((m) => !('clientMessageId' in m)));
  const receipts = Object.fromEntries(state.receipts.map((r) => [r.userId, r]));
  exactly(receipts[b.id], 'userId', 'deliveredSeq', 'readSeq');
  assert.equal(receipts[b.id].readSeq, 2);
  assert.ok(receipts[b.id].deliveredSeq >= 2);
  assert.equal(receipts[a.id].readSeq, 5);

  const again = acked(await bob.ask('sync', { threads: [{ threadId: thread, version: state.version }] })).threads[0];
  assert.deepEqual([again.messages, again.complete, again.version], [[], true, state.version]);
});

test('at most 300 messages a thread; the returned version goes on, without a gap or a repeat', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  await Promise.all(Array.from({ length: 310 }, (_, n) => say(alice, { threadId: thread }, `text ${n}`)));
  const bob = await b.connect();
  const seqs = [];
  let version = 0;
  let complete = false;
  for (let turn = 0; !complete && turn < 5; turn += 1) {
    const [state] = acked(await bob.ask('sync', { threads: [{ threadId: thread, version }] })).threads;
    assert.ok(state.messages.length <= 300);
    seqs.push(...state.messages.map((m) => m.seq));
    ({ version, complete } = state);
  }
  assert.deepEqual(seqs, Array.from({ length: 310 }, (_, n) => n + 1));
});

test('several threads at once; those one is no part of are gone', async () => {
  const { a, thread } = await server.pair();
  const second = (await server.match(a, server.user('carol'))).id;
  const { thread: foreign } = await server.pair();
  await a.send(thread, 'one');
  const alice = await a.connect();
  const asked = [thread, second, foreign, NOBODYS_ID].map((threadId) => ({ threadId, version: 0 }));
  const { threads } = acked(await alice.ask('sync', { threads: asked }));
  const byId = Object.fromEntries(threads.map((t) => [t.threadId, t]));
  assert.equal(byId[thread].messages.length, 1);
  assert.equal(byId[second].messages.length, 0);
  assert.deepEqual(byId[foreign], { threadId: foreign, gone: true });
  assert.deepEqual(byId[NOBODYS_ID], { threadId: NOBODYS_ID, gone: true });
});

test('a removal is a change: sync by version brings it', async () => {
  const { a, b, thread } = await server.pair();
  const message = await a.send(thread, 'to be removed');
  ok(await b.post('/reports', { messageId: message.id, reason: 'spam' }), 201);
  const moderator = server.internal('moderator');
  const item = ok(await moderator.get('/moderation?status=pending')).items
    .find((entry) => JSON.stringify(entry).includes(message.id));
  const decided = await moderator.post(`/moderation/${item.id}`, { decision: 'remove' });
  assert.ok([200, 204].includes(decided.status), decided.text);
  const bob = await b.connect();
  const [state] = acked(await bob.ask('sync', { threads: [{ threadId: thread, version: message.version }] })).threads;
  assert.equal(state.messages.length, 1);
  assert.equal(state.messages[0].id, message.id);
  assert.equal(state.messages[0].content, '');
  assert.ok(state.messages[0].deletedAt);
});

test('refusals', async () => {
  const { a, thread } = await server.pair();
  const alice = await a.connect();
  const entry = { threadId: thread, version: 0 };
  const wrong = [null, [], {}, { threads: 'all' }, { threads: [thread] }, { threads: [{ threadId: thread }] },
    { threads: [{ threadId: thread, version: -1 }] }, { threads: [{ threadId: thread, version: '0' }] },
    { threads: [{ threadId: 'x', version: 0 }] }, { threads: [{ ...entry, extra: 1 }] },
    { threads: Array.from({ length: 101 }, () => entry) }, { threads: [entry], extra: 1 }];
  for (const payload of wrong) nacked(await alice.ask('sync', payload), 'validation_failed');
  acked(await alice.ask('sync', { threads: [entry] }));
});
