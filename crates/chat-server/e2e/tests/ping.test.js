// `ping`, and events that nobody knows.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { acked, nacked } from '../harness/client.js';
import { useServer } from '../harness/server.js';
import { TIME } from '../harness/shapes.js';

const server = await useServer();

test('ping takes any payload, acks, and emits pong with the time', async () => {
  const client = await server.user('alice').connect();
  for (const payload of [undefined, null, 1, 'text', [1, 2], { any: 'thing' }]) {
    acked(await client.ask('ping', payload));
    const { serverTime } = await client.next('pong');
    assert.match(serverTime, TIME);
    assert.ok(Math.abs(Date.parse(serverTime) - Date.now()) < 60_000);
  }
});

test('ping without an ack emits pong all the same', async () => {
  const client = await server.user('alice').connect();
  client.tell('ping', {});
  await client.next('pong');
});

test('an unknown event gets validation_failed and the socket stays open', async () => {
  const client = await server.user('alice').connect();
  nacked(await client.ask('no_such_event', { a: 1 }), 'validation_failed');
  client.tell('no_such_event', { a: 1 });
  const error = await client.next('chat_error');
  assert.deepEqual([error.event, error.code], ['no_such_event', 'validation_failed']);
  acked(await client.ask('ping', {}));
});

test('server events sent by a client are unknown events', async () => {
  const client = await server.user('alice').connect();
  for (const event of ['message', 'read_receipt', 'thread_created', 'session_expired']) {
    nacked(await client.ask(event, {}), 'validation_failed');
  }
});
