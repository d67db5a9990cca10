// `mark_read`, `delivery_receipt`, `read_receipt`, and the positions behind them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked, nacked } from '../harness/client.js';
import { ok } from '../harness/rest.js';
import { say, useServer } from '../harness/server.js';
import { NOBODYS_ID, TIME, exactly } from '../harness/shapes.js';

const server = await useServer();

test('a delivered message gives every socket of the sender a receipt', async () => {
  const { a, b, thread } = await server.pair();
  const [phone, laptop] = await Promise.all([a.connect(), a.connect(), b.connect()]);
  const message = await say(phone, { threadId: thread }, 'hello');
  for (const client of [phone, laptop]) {
    const receipt = await client.next('delivery_receipt');
    exactly(receipt, 'threadId', 'messageId', 'seq', 'userId', 'deliveredAt');
    assert.deepEqual([receipt.threadId, receipt.messageId, receipt.seq, receipt.userId], [thread, message.id, 1, b.id]);
    assert.match(receipt.deliveredAt, TIME);
  }
  await until(async () => (await a.history(thread))[0].delivered);
  assert.equal((await a.history(thread))[0].read, false);
});

test('history hands messages over, so it delivers them', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  await say(alice, { threadId: thread }, 'hello');
  await b.history(thread);
  assert.equal((await alice.next('delivery_receipt')).userId, b.id);
  await until(async () => (await a.participant(thread, b.id)).deliveredSeq === 1);
});

test('sync hands messages over, so it delivers them', async () => {
  const { a, b, thread } = await server.pair();
  const bob = await b.connect();
  const alice = await a.connect();
  await say(alice, { threadId: thread }, 'hello');
  acked(await bob.ask('sync', { threads: [{ threadId: thread, version: 0 }] }));
  await until(async () => (await a.participant(thread, b.id)).deliveredSeq === 1);
});

test('reading tells the other participants and the other sockets of the reader', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, phone, laptop] = await Promise.all([a.connect(), b.connect(), b.connect()]);
  const message = await say(alice, { threadId: thread }, 'hello');
  await phone.next('message');
  const ack = acked(await phone.ask('mark_read', { threadId: thread, upToMessageId: message.id }));
  assert.deepEqual(ack, { ok: true, unreadCount: 0, upToSeq: 1 });
  for (const client of [alice, laptop]) {
    const receipt = await client.next('read_receipt');
    exactly(receipt, 'threadId', 'userId', 'upToMessageId', 'upToSeq', 'readAt');
    assert.deepEqual([receipt.threadId, receipt.userId, receipt.upToMessageId, receipt.upToSeq], [thread, b.id, message.id, 1]);
    assert.match(receipt.readAt, TIME);
  }
  const [stored] = await a.history(thread);
  assert.deepEqual([stored.delivered, stored.read], [true, true]);
  assert.equal(phone.seen('read_receipt').length, 0);
});

test('reading implies having received', async () => {
  const { a, b, thread } = await server.pair();
  await a.send(thread, 'one');
  ok(await b.post(`/threads/${thread}/read`, { upToSeq: 1 }));
  const { readSeq, deliveredSeq } = await a.participant(thread, b.id);
  assert.deepEqual([readSeq, deliveredSeq], [1, 1]);
});

test('up to a seq, counting what stays unread, and never backwards', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  for (let n = 1; n <= 5; n += 1) await say(alice, { threadId: thread }, `text ${n}`);
  assert.equal((await b.thread(thread)).unreadCount, 5);
  assert.deepEqual(acked(await bob.ask('mark_read', { threadId: thread, upToSeq: 3 })), { ok: true, unreadCount: 2, upToSeq: 3 });
  assert.deepEqual(acked(await bob.ask('mark_read', { threadId: thread, upToSeq: 1 })), { ok: true, unreadCount: 2, upToSeq: 3 });
  const thirdToLast = (await b.history(thread)).find((m) => m.seq === 4);
  assert.deepEqual(acked(await bob.ask('mark_read', { threadId: thread, upToMessageId: thirdToLast.id })), { ok: true, unreadCount: 1, upToSeq: 4 });
  assert.equal((await b.thread(thread)).unreadCount, 1);
  assert.deepEqual((await a.history(thread)).map((m) => m.read), [false, true, true, true, true]);
});

test('reading twice tells nobody twice', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  await say(alice, { threadId: thread }, 'one');
  acked(await bob.ask('mark_read', { threadId: thread, upToSeq: 1 }));
  acked(await bob.ask('mark_read', { threadId: thread, upToSeq: 1 }));
  await say(alice, { threadId: thread }, 'two');
  acked(await bob.ask('mark_read', { threadId: thread, upToSeq: 2 }));
  await alice.next('read_receipt', (r) => r.upToSeq === 2);
  assert.deepEqual(alice.seen('read_receipt').map((r) => r.upToSeq), [1, 2]);
});

test('a position never passes the last message', async () => {
  const { a, b, thread } = await server.pair();
  await a.send(thread, 'only one');
  const bob = await b.connect();
  const ack = await bob.ask('mark_read', { threadId: thread, upToSeq: 1_000_000 });
  if (ack.ok) assert.equal(ack.upToSeq, 1);
  else nacked(ack, 'validation_failed');
  assert.ok((await a.participant(thread, b.id)).readSeq <= 1);
});

test("sending moves one's own mark and never makes one's own count grow", async () => {
  const { a, b, thread } = await server.pair();
  await b.send(thread, 'for alice');
  assert.equal((await a.thread(thread)).unreadCount, 1);
  await a.send(thread, 'answer');
  const seen = await a.thread(thread);
  assert.equal(seen.unreadCount, 0);
  assert.equal(seen.participants.find((p) => p.userId === a.id).readSeq, 2);
  assert.equal((await b.thread(thread)).unreadCount, 1);
});

test('in a group a message is read when everybody has read it', async () => {
  const { members: [a, b, c], thread } = await server.group(3);
  await a.send(thread, 'to both');
  ok(await b.post(`/threads/${thread}/read`, { upToSeq: 1 }));
  assert.equal((await a.history(thread))[0].read, false);
  ok(await c.post(`/threads/${thread}/read`, { upToSeq: 1 }));
  assert.equal((await a.history(thread))[0].read, true);
});

test('refusals', async () => {
  const { a, b, thread } = await server.pair();
  const { thread: elsewhere, a: c } = await server.pair();
  const foreign = await c.send(elsewhere, 'foreign');
  await a.send(thread, 'one');
  const bob = await b.connect();
  nacked(await bob.ask('mark_read', { threadId: elsewhere, upToSeq: 1 }), 'not_participant');
  nacked(await bob.ask('mark_read', { threadId: NOBODYS_ID, upToSeq: 1 }), 'thread_not_found');
  nacked(await bob.ask('mark_read', { threadId: thread, upToMessageId: NOBODYS_ID }), 'message_not_found');
  nacked(await bob.ask('mark_read', { threadId: thread, upToMessageId: foreign.id }), 'message_not_found');
  const wrong = [null, [], {}, { threadId: thread }, { threadId: thread, upToSeq: -1 }, { threadId: thread, upToSeq: 1.5 },
    { threadId: thread, upToSeq: '1' }, { threadId: thread, upToMessageId: 'x' },
    { threadId: thread, upToSeq: 1, upToMessageId: foreign.id }, { threadId: thread, upToSeq: 1, extra: 1 }, { upToSeq: 1 }];
  for (const payload of wrong) nacked(await bob.ask('mark_read', payload), 'validation_failed');
  assert.equal((await b.thread(thread)).unreadCount, 1);
});
