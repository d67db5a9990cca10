// The official client, with its default options, with WebSocket alone and with polling alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked } from '../harness/client.js';
import { RawSocket } from '../harness/raw.js';
import { say, useServer } from '../harness/server.js';

const server = await useServer({ CHAT_PING_INTERVAL_MS: '500', CHAT_PING_TIMEOUT_MS: '1000' });

const TRANSPORTS = { 'default options': undefined, 'WebSocket alone': ['websocket'], 'polling alone': ['polling'] };

for (const [what, transports] of Object.entries(TRANSPORTS)) {
  test(`${what}: connect, send, receive, disconnect`, async () => {
    const { a, b, thread } = await server.pair();
    const options = { transports: transports ?? ['polling', 'websocket', 'webtransport'] };
    const [alice, bob] = await Promise.all([a.connect(options), b.connect(options)]);
    const texts = Array.from({ length: 30 }, (_, n) => `text ${n} 😀`);
    await Promise.all(texts.map((content) => say(alice, { threadId: thread }, content)));
    await bob.next('message', (m) => m.seq === 30);
    assert.deepEqual(bob.seen('message').map((m) => m.content), texts);
    const last = transports?.[0] ?? 'websocket';
    await until(() => alice.socket.io.engine.transport.name === last, { what: `on ${last}` });
    await say(bob, { threadId: thread }, 'and back');
    await alice.next('message');
    alice.close();
    await until(async () => acked(await bob.ask('presence', { userIds: [a.id] })).users[0].online === false, { timeout: 10_000, every: 200 });
  });

  test(`${what}: the heartbeat keeps an idle connection`, async () => {
    const client = await server.user('idle').connect({ transports: transports ?? ['polling', 'websocket', 'webtransport'] });
    let heartbeats = 0;
    client.socket.io.on('ping', () => { heartbeats += 1; });
    await until(() => heartbeats >= 4, { timeout: 6_000 });
    assert.equal(client.reason, undefined);
    acked(await client.ask('ping', {}));
  });
}

test('messages sent while the transport is upgraded keep their order and are not doubled', async () => {
  const { a, b, thread } = await server.pair();
  const bob = await b.connect();
  for (let round = 0; round < 5; round += 1) {
    const alice = await a.connect({ transports: ['polling', 'websocket'] });
    const pending = [];
    for (let n = 0; n < 20; n += 1) pending.push(say(alice, { threadId: thread }, `${round}: ${n}`));
    await Promise.all(pending);
    await until(() => alice.socket.io.engine.transport.name === 'websocket');
    alice.close();
  }
  await until(() => bob.seen('message').length >= 100);
  assert.deepEqual(bob.seen('message').map((m) => m.content),
    Array.from({ length: 100 }, (_, n) => `${Math.floor(n / 20)}: ${n % 20}`));
});

test('messages received while the transport is upgraded are all there, once, in order', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  const bob = await b.connect({ transports: ['polling', 'websocket'] });
  await Promise.all(Array.from({ length: 50 }, (_, n) => say(alice, { threadId: thread }, `${n}`)));
  await until(() => bob.seen('message').length >= 50);
  await until(() => bob.socket.io.engine.transport.name === 'websocket');
  await say(alice, { threadId: thread }, 'last');
  await bob.next('message', (m) => m.content === 'last');
  assert.deepEqual(bob.seen('message').map((m) => m.content), [...Array.from({ length: 50 }, (_, n) => `${n}`), 'last']);
});

test('a client that answers no heartbeat is closed', async () => {
  const raw = new RawSocket(server);
  raw.socket.removeAllListeners('message');
  raw.socket.on('message', (data) => raw.packets.push(data.toString()));
  await raw.next((packet) => packet.startsWith('0{'));
  raw.send(`40${JSON.stringify({ token: server.user('mute').token })}`);
  await raw.next((packet) => packet === '2');
  await raw.end(4_000);
});
