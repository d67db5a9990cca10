// Presence: who is online, who is told, and who is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked, nacked } from '../harness/client.js';
import { invalid, ok, problem } from '../harness/rest.js';
import { barrier, useServer } from '../harness/server.js';
import { TIME, exactly } from '../harness/shapes.js';

const server = await useServer();

/** The server waits this long after the last disconnect before it calls somebody offline. */
const GRACE_MS = 5_000;

test('the first connect is told to those who share a thread, and to nobody else', async () => {
  const { a, b, thread } = await server.pair();
  const { a: other, b: friend, thread: theirs } = await server.pair();
  const [alice, stranger] = await Promise.all([a.connect(), other.connect()]);
  await b.connect();
  const event = await alice.next('presence', (p) => p.userId === b.id);
  exactly(event, 'userId', 'online', 'lastSeenAt');
  assert.equal(event.online, true);
  await barrier(stranger, friend, theirs);
  assert.ok(!stranger.seen('presence').some((p) => p.userId === b.id));
  assert.equal((await a.participant(thread, b.id)).online, true);
});

test('five seconds after the last disconnect the user is offline, with the time last seen', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  const [phone, laptop] = await Promise.all([b.connect(), b.connect()]);
  await alice.next('presence', (p) => p.online);
  phone.close();
  laptop.close();
  const closed = Date.now();
  const event = await alice.next('presence', (p) => p.userId === b.id && !p.online, GRACE_MS + 5_000);
  assert.ok(Date.now() - closed > GRACE_MS - 500, 'told too early');
  assert.match(event.lastSeenAt, TIME);
  const { users } = acked(await alice.ask('presence', { userIds: [b.id] }));
  assert.equal(users[0].online, false);
  assert.match(users[0].lastSeenAt, TIME);
  assert.equal((await a.participant(thread, b.id)).online, false);
  assert.equal(alice.seen('presence').filter((p) => p.userId === b.id).length, 2, 'online once, offline once');
});

test('a short interruption, or one socket of two, is not told', async () => {
  const { a, b } = await server.pair();
  const { a: c, b: d } = await server.pair();
  await server.match(a, c);
  const alice = await a.connect();
  const flaky = await b.connect();
  const [one, other] = await Promise.all([c.connect(), c.connect()]);
  const reference = await d.connect();
  const dWatcher = await c.connect();
  flaky.close();
  await b.connect();
  one.close();
  reference.close();
  // d's going offline is told after the grace: by then b's and c's would have been told too.
  await dWatcher.next('presence', (p) => p.userId === d.id && !p.online, GRACE_MS + 5_000);
  assert.deepEqual(alice.seen('presence').filter((p) => !p.online), []);
  const { users } = acked(await alice.ask('presence', { userIds: [b.id, c.id] }));
  assert.deepEqual(users.map((u) => u.online), [true, true]);
  assert.ok(other.socket.connected);
});

test('only people one shares a thread with are in the answer', async () => {
  const { a, b } = await server.pair();
  const stranger = server.user('stranger');
  const [alice] = await Promise.all([a.connect(), b.connect(), stranger.connect()]);
  const { users } = acked(await alice.ask('presence', { userIds: [b.id, stranger.id, 'nobody'] }));
  assert.deepEqual(users, [{ userId: b.id, online: true, lastSeenAt: users[0].lastSeenAt }]);
  const body = ok(await a.get(`/presence?userIds=${b.id},${stranger.id},nobody`));
  assert.deepEqual(body.users.map((u) => [u.userId, u.online]), [[b.id, true]]);
});

test('somebody who never connected has never been seen', async () => {
  const { a, b } = await server.pair();
  const body = ok(await a.get(`/presence?userIds=${b.id}`));
  assert.deepEqual(body.users, [{ userId: b.id, online: false, lastSeenAt: null }]);
});

test('within a second of a block neither is told of the other', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  const friend = server.user('friend');
  const shared = (await server.match(a, friend)).id;
  ok(await a.put(`/blocks/${b.id}`), 204);
  await until(async () => {
    const { users } = acked(await alice.ask('presence', { userIds: [b.id] }));
    return users.length === 0 || !users[0].online;
  }, { timeout: 1_000 });
  // Beyond that second, b's coming online must not be told.
  const blockedFor = Date.now() + 1_000;
  await until(() => Date.now() > blockedFor);
  await b.connect();
  await barrier(alice, friend, shared);
  assert.ok(!alice.seen('presence').some((p) => p.userId === b.id));
  assert.equal((await a.participant(thread, b.id)).online, false);
});

test('refusals', async () => {
  const { a } = await server.pair();
  const alice = await a.connect();
  const many = Array.from({ length: 101 }, (_, n) => `user-${n}`);
  const wrong = [null, [], {}, { userIds: 'bob' }, { userIds: [7] }, { userIds: many }, { userIds: ['bob'], extra: 1 }];
  for (const payload of wrong) nacked(await alice.ask('presence', payload), 'validation_failed');
  acked(await alice.ask('presence', { userIds: many.slice(0, 100) }));
  invalid(await a.get(`/presence?userIds=${many.join(',')}`));
  invalid(await a.get('/presence'));
  problem(await server.fetch('/api/v1/chats/presence?userIds=bob'), 'unauthenticated');
});
