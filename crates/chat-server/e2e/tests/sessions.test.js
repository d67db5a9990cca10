// How many sockets a user may have, failed authentications, and which origins may connect.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { acked } from '../harness/client.js';
import { CHATS, problem } from '../harness/rest.js';
import { RawSocket } from '../harness/raw.js';
import { useServer } from '../harness/server.js';

const LISTED = 'https://app.example';
const FOREIGN = 'https://evil.example';

const few = await useServer({ CHAT_MAX_SOCKETS_PER_USER: '2' });
const wary = await useServer({ CHAT_AUTH_FAILURES: '3' });
const origins = await useServer({ CHAT_CORS_ORIGINS: LISTED });

test('one connection too many closes the oldest', async () => {
  const alice = few.user('alice');
  const first = await alice.connect();
  const second = await alice.connect();
  const third = await alice.connect();
  await first.next('session_replaced');
  await first.disconnected();
  acked(await second.ask('ping', {}));
  acked(await third.ask('ping', {}));
  assert.equal(second.seen('session_replaced').length, 0);
});

test('after too many failures further attempts are refused unseen, on both front ends', async () => {
  const good = wary.user('alice');
  for (let attempt = 0; attempt < 3; attempt += 1) {
    assert.equal((await wary.dial('nonsense').refused()).data.code, 'unauthenticated');
  }
  const error = await wary.dial(good.token).refused();
  assert.equal(error.data.code, 'too_many_attempts');
  assert.ok(error.data.retryAfterMs > 0);
  problem(await good.get('/threads'), 'rate_limited');
});

const polling = (server, origin) => server.fetch('/socket.io/?EIO=4&transport=polling', { headers: { ...(origin && { origin }) } });

test('a listed origin, the own one and none at all may connect', async () => {
  for (const origin of [LISTED, origins.url, undefined]) {
    assert.equal((await polling(origins, origin)).status, 200, `polling from ${origin}`);
    const raw = new RawSocket(origins, { origin });
    await raw.next((packet) => packet.startsWith('0{'));
    raw.socket.close();
  }
});

test('a foreign origin gets 403, by polling and by WebSocket', async () => {
  for (const origin of [FOREIGN, 'null', `${LISTED}.evil.example`, 'http://app.example']) {
    assert.equal((await polling(origins, origin)).status, 403, `polling from ${origin}`);
    const raw = new RawSocket(origins, { origin });
    await raw.end();
    assert.equal(raw.refused, 403, `WebSocket from ${origin}`);
  }
});

test('in production without a list, only the own origin may connect', async () => {
  assert.equal((await polling(few, 'http://localhost:3000')).status, 403);
  assert.equal((await polling(few, few.url)).status, 200);
});

test('CORS headers name the listed origin, exactly, for polling and REST', async () => {
  for (const response of [await polling(origins, LISTED), await origins.user('alice').get('/threads', { headers: { origin: LISTED } })]) {
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('access-control-allow-origin'), LISTED);
    assert.match(response.headers.get('vary') ?? '', /origin/i);
  }
  const foreign = await origins.user('alice').get('/threads', { headers: { origin: FOREIGN } });
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
});

test('a preflight is answered without a token', async () => {
  const ask = (origin) => origins.fetch(`${CHATS}/threads`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
  });
  const listed = await ask(LISTED);
  assert.ok([200, 204].includes(listed.status), `status ${listed.status}`);
  assert.equal(listed.headers.get('access-control-allow-origin'), LISTED);
  assert.match(listed.headers.get('access-control-allow-methods'), /POST/);
  assert.match(listed.headers.get('access-control-allow-headers'), /authorization/i);
  assert.equal((await ask(FOREIGN)).headers.get('access-control-allow-origin'), null);
});
