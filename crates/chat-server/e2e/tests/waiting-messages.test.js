// What waited for a user who was away: sent on connect, oldest first, at most 200, then `sync_required`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { say, useServer } from '../harness/server.js';

const server = await useServer();

test('what waited arrives on connect, oldest first, and counts as delivered', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  for (const content of ['one', 'two', 'three']) await say(alice, { threadId: thread }, content);
  assert.deepEqual((await a.history(thread)).map((m) => m.delivered), [false, false, false]);

  const bob = await b.connect();
  await bob.next('message', (m) => m.content === 'three');
  assert.deepEqual(bob.seen('message').map((m) => m.content), ['one', 'two', 'three']);
  const receipt = await alice.next('delivery_receipt', (r) => r.seq === 3);
  assert.equal(receipt.userId, b.id);
  await until(async () => (await a.history(thread)).every((m) => m.delivered && !m.read));
});

test('what has been delivered is not sent again on the next connect', async () => {
  const { a, b, thread } = await server.pair();
  await a.send(thread, 'one');
  const first = await b.connect();
  await first.next('message');
  await until(async () => (await a.history(thread))[0].delivered);
  first.close();
  await a.send(thread, 'two');
  const second = await b.connect();
  await second.next('message', (m) => m.content === 'two');
  assert.deepEqual(second.seen('message').map((m) => m.content), ['two']);
});

test("one's own messages do not wait for oneself", async () => {
  const { a, b, thread } = await server.pair();
  await a.send(thread, 'mine');
  await b.send(thread, 'theirs');
  const alice = await a.connect();
  await alice.next('message', (m) => m.content === 'theirs');
  assert.deepEqual(alice.seen('message').map((m) => m.content), ['theirs']);
});

test('beyond 200 the client is told where to go on', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  const contents = Array.from({ length: 205 }, (_, n) => `text ${n + 1}`);
  await Promise.all(contents.map((content) => say(alice, { threadId: thread }, content)));
  const bob = await b.connect();
  const { threads } = await bob.next('sync_required');
  assert.deepEqual(threads, [{ threadId: thread, fromSeq: 201 }]);
  assert.deepEqual(bob.seen('message').map((m) => m.content), contents.slice(0, 200));
  const rest = await b.history(thread, '?afterSeq=200');
  assert.deepEqual(rest.map((m) => m.seq).sort(), [201, 202, 203, 204, 205]);
});
