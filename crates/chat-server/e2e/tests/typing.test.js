// `typing`: shown to the others, forgotten after six seconds.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked, nacked } from '../harness/client.js';
import { ok } from '../harness/rest.js';
import { barrier, useServer } from '../harness/server.js';
import { NOBODYS_ID } from '../harness/shapes.js';

const server = await useServer();

test('the others see it, the typist does not', async () => {
  const { members: [a, b, c], thread } = await server.group(3);
  const [alice, bob, carol] = await Promise.all([a.connect(), b.connect(), c.connect()]);
  assert.deepEqual(acked(await alice.ask('typing', { threadId: thread, isTyping: true })), { ok: true });
  for (const client of [bob, carol]) {
    assert.deepEqual(await client.next('typing'), { threadId: thread, userId: a.id, isTyping: true });
  }
  acked(await alice.ask('typing', { threadId: thread, isTyping: false }));
  for (const client of [bob, carol]) {
    assert.deepEqual(await client.next('typing'), { threadId: thread, userId: a.id, isTyping: false });
  }
  await barrier(alice, b, thread);
  assert.equal(alice.seen('typing').length, 0);
});

test('it expires by itself after six seconds', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  acked(await alice.ask('typing', { threadId: thread, isTyping: true }));
  await bob.next('typing', (t) => t.isTyping);
  const began = Date.now();
  assert.deepEqual(await bob.next('typing', (t) => !t.isTyping, 9_000), { threadId: thread, userId: a.id, isTyping: false });
  const took = Date.now() - began;
  assert.ok(took > 5_000 && took < 8_000, `expired after ${took} ms`);
});

test('within a second of a block neither sees the other type', async () => {
  const { a, b, thread } = await server.pair();
  const carol = server.user('carol');
  const [withA, withB] = [(await server.match(a, carol)).id, (await server.match(b, carol)).id];
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  ok(await a.put(`/blocks/${b.id}`), 204);
  const passes = async (from, to, userId, shared) => {
    const before = to.seen('typing').filter((t) => t.userId === userId).length;
    await from.ask('typing', { threadId: thread, isTyping: true });
    await from.ask('typing', { threadId: thread, isTyping: false });
    await barrier(to, carol, shared);
    return to.seen('typing').filter((t) => t.userId === userId).length > before;
  };
  await until(async () => !(await passes(bob, alice, b.id, withA)), { timeout: 1_000 });
  await until(async () => !(await passes(alice, bob, a.id, withB)), { timeout: 1_000 });
  assert.equal(await passes(bob, alice, b.id, withA), false);
  assert.equal(await passes(alice, bob, a.id, withB), false);
});

test('refusals', async () => {
  const { a, thread } = await server.pair();
  const alice = await a.connect();
  const outsider = await server.user('outsider').connect();
  nacked(await outsider.ask('typing', { threadId: thread, isTyping: true }), 'not_participant');
  nacked(await outsider.ask('typing', { threadId: NOBODYS_ID, isTyping: true }), 'thread_not_found');
  const wrong = [null, [], {}, { threadId: thread }, { threadId: thread, isTyping: 'yes' }, { threadId: 'x', isTyping: true },
    { threadId: thread, isTyping: true, extra: 1 }];
  for (const payload of wrong) nacked(await alice.ask('typing', payload), 'validation_failed');
});
