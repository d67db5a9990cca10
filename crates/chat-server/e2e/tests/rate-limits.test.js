// Every limit of the configuration, each on a server of its own so that no other one is in the way.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked, nacked } from '../harness/client.js';
import { ok, problem } from '../harness/rest.js';
import { RawSocket } from '../harness/raw.js';
import { say, useServer } from '../harness/server.js';
import { exactly } from '../harness/shapes.js';

const messages = await useServer({ CHAT_MESSAGE_RATE: '3', CHAT_MESSAGE_WINDOW_SECS: '3' });
const events = await useServer({ CHAT_EVENT_RATE: '5' });
const perUser = await useServer({ CHAT_USER_MESSAGE_RATE: '4' });
const rest = await useServer({ CHAT_REST_RATE: '5' });
const connects = await useServer({ CHAT_CONNECT_RATE: '3' });
const behindProxy = await useServer({ CHAT_CONNECT_RATE: '3', CHAT_TRUSTED_PROXIES: '127.0.0.0/8' });

test('messages per socket: the one too many is dropped, and told', async () => {
  const { a, thread } = await messages.pair();
  const alice = await a.connect();
  for (let n = 1; n <= 3; n += 1) await say(alice, { threadId: thread }, `text ${n}`);
  const error = nacked(await alice.ask('private_message', { threadId: thread, content: 'four', clientMessageId: 'c-4' }), 'rate_limited');
  assert.ok(error.retryAfterMs > 0 && error.retryAfterMs <= 3_000, `retry after ${error.retryAfterMs}`);
  const event = await alice.next('rate_limited');
  exactly(event, 'event', 'limit', 'windowMs', 'retryAfterMs', 'clientMessageId');
  assert.deepEqual([event.event, event.limit, event.windowMs, event.clientMessageId], ['private_message', 3, 3_000, 'c-4']);
  assert.ok(event.retryAfterMs > 0);
  assert.equal((await a.history(thread)).length, 3, 'the message was not dropped');

  await say(await a.connect(), { threadId: thread }, 'another socket has its own bucket');
  const again = { threadId: thread, content: 'four', clientMessageId: 'c-4' };
  await until(async () => (await alice.ask('private_message', again)).ok, { timeout: 6_000, every: 250 });
});

test('without an ack and without a client message id, the event alone tells', async () => {
  const { a, thread } = await messages.pair();
  const alice = await a.connect();
  for (let n = 1; n <= 4; n += 1) alice.tell('private_message', { threadId: thread, content: `text ${n}` });
  const event = await alice.next('rate_limited');
  assert.equal(event.event, 'private_message');
  assert.ok(!('clientMessageId' in event));
});

test('a token bucket gives one back after a part of the window', async () => {
  const { a, thread } = await messages.pair();
  const alice = await a.connect();
  for (let n = 1; n <= 3; n += 1) await say(alice, { threadId: thread }, `text ${n}`);
  const began = Date.now();
  await until(async () => (await alice.ask('private_message', { threadId: thread, content: 'next' })).ok, { timeout: 6_000, every: 100 });
  assert.ok(Date.now() - began < 2_500, 'it took the whole window');
});

test('all other events per socket', async () => {
  const { a, thread } = await events.pair();
  const alice = await a.connect();
  for (let n = 0; n < 5; n += 1) acked(await alice.ask('ping', {}));
  const error = nacked(await alice.ask('typing', { threadId: thread, isTyping: true }), 'rate_limited');
  assert.ok(error.retryAfterMs > 0);
  const event = await alice.next('rate_limited');
  assert.deepEqual([event.event, event.limit, event.windowMs], ['typing', 5, 10_000]);
  await say(alice, { threadId: thread }, 'messages have their own bucket');
});

test('messages per user, over all sockets and REST', async () => {
  const { a, b, thread } = await perUser.pair();
  const [phone, laptop] = await Promise.all([a.connect(), a.connect()]);
  await say(phone, { threadId: thread }, 'one');
  await say(laptop, { threadId: thread }, 'two');
  await a.send(thread, 'three');
  await say(phone, { threadId: thread }, 'four');
  assert.ok(nacked(await laptop.ask('private_message', { threadId: thread, content: 'five' }), 'rate_limited').retryAfterMs > 0);
  assert.equal((await laptop.next('rate_limited')).event, 'private_message');
  problem(await a.post(`/threads/${thread}/messages`, { content: 'five' }), 'rate_limited');
  await b.send(thread, 'others are not concerned');
  assert.equal((await b.history(thread)).length, 5);
});

test('REST requests per user', async () => {
  const [alice, bob] = [rest.user('alice'), rest.user('bob')];
  for (let n = 0; n < 5; n += 1) ok(await alice.get('/threads'));
  problem(await alice.get('/threads'), 'rate_limited');
  ok(await bob.get('/threads'));
});

/** Opens sessions until one is refused; how many got in. */
async function sessions(server, headers = () => ({})) {
  for (let opened = 0; opened < 6; opened += 1) {
    const raw = new RawSocket(server, { headers: headers(opened) });
    await until(() => raw.closed || raw.packets.length > 0, { what: 'open or refused' });
    if (raw.packets.length === 0) return opened;
    raw.socket.close();
  }
  return 6;
}

test('connection attempts per address; X-Forwarded-For from anybody is ignored', async () => {
  assert.equal(await sessions(connects, (n) => ({ 'x-forwarded-for': `203.0.113.${n}` })), 3);
});

test('connection attempts behind a trusted proxy are counted by the address it tells', async () => {
  assert.equal(await sessions(behindProxy, (n) => ({ 'x-forwarded-for': `203.0.113.${n}` })), 6);
  assert.equal(await sessions(behindProxy, () => ({ 'x-forwarded-for': '203.0.113.77' })), 3);
  assert.equal(await sessions(behindProxy, () => ({ forwarded: 'for=203.0.113.78' })), 3);
});
