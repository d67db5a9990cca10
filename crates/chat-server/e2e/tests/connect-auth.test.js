// Who gets in: the namespace's CONNECT, the REST bearer token, and a token's end.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked, nacked } from '../harness/client.js';
import { CHATS, ok, problem } from '../harness/rest.js';
import { RawSocket } from '../harness/raw.js';
import { useServer } from '../harness/server.js';
import { TIME } from '../harness/shapes.js';
import { SECRET, assemble, claimsFor, hs256, keyPair, tokenFor } from '../harness/token.js';

const server = await useServer({ CHAT_CONNECT_TIMEOUT_MS: '1500' });

const now = () => Math.floor(Date.now() / 1000);
const HOUR = 3600;

const REFUSED = {
  'no token at all': undefined,
  'an empty token': '',
  'not a token': 'abc',
  'a token that is not text': 7,
  'a foreign signature': hs256(claimsFor('alice'), 'another-secret-of-more-than-32-bytes!'),
  'no signature': tokenFor('alice').replace(/\.[^.]*$/, '.'),
  'algorithm none': assemble({ alg: 'none', typ: 'JWT' }, claimsFor('alice'), () => ''),
  'an algorithm of its own choice': keyPair('RS256').mint('alice'),
  'expired': tokenFor('alice', { exp: now() - HOUR }),
  'not yet valid': tokenFor('alice', { nbf: now() + HOUR }),
  'no expiry': hs256(claimsFor('alice', { exp: undefined })),
  'an expiry that is no number': hs256(claimsFor('alice', { exp: 'tomorrow' })),
  'no subject': hs256(claimsFor(undefined)),
  'an empty subject': tokenFor(''),
  'a subject of 129 characters': tokenFor('x'.repeat(129)),
  'a subject with a space': tokenFor('alice smith'),
  'a subject with a NUL': tokenFor('alice\u0000'),
  'a subject that is no text': hs256(claimsFor(7)),
  'claims that are no object': hs256([1, 2, 3]),
  'claims that are no JSON': hs256('no json'),
};

for (const [what, token] of Object.entries(REFUSED)) {
  test(`refused by both front ends: ${what}`, async () => {
    const client = server.dial(token);
    const error = await client.refused();
    assert.equal(error.message, 'unauthenticated');
    assert.deepEqual(error.data, { code: 'unauthenticated' });
    if (typeof token !== 'number') problem(await server.fetch(`${CHATS}/threads`, { token }), 'unauthenticated');
  });
}

test('after a refusal the server closes the connection', async () => {
  const raw = new RawSocket(server);
  await raw.next((packet) => packet.startsWith('0{'));
  raw.send('40{"token":"nonsense"}');
  const refusal = await raw.next((packet) => packet.startsWith('44'));
  assert.deepEqual(JSON.parse(refusal.slice(2)), { message: 'unauthenticated', data: { code: 'unauthenticated' } });
  await raw.end();
});

test('user ids of 1 to 128 characters from the whole alphabet', async () => {
  for (const id of ['a', 'x'.repeat(128), 'auth0:Ann.B_c-d@example.org']) {
    await server.connect(tokenFor(id));
    ok(await server.fetch(`${CHATS}/threads`, { token: tokenFor(id) }));
  }
});

test('the public socket id is not the secret session id', async () => {
  const client = await server.user('alice').connect();
  assert.notEqual(client.socket.id, client.socket.io.engine.id);
  assert.ok(client.socket.io.engine.id.length >= 22, '128 random bits take at least 22 URL-safe characters');
});

test('the scheme is case-insensitive, other schemes are refused', async () => {
  const { token } = server.user('alice');
  for (const scheme of ['bearer', 'BEARER']) {
    ok(await server.fetch(`${CHATS}/threads`, { headers: { authorization: `${scheme} ${token}` } }));
  }
  for (const authorization of [`Basic ${token}`, token, 'Bearer', `Bearer ${token} more`]) {
    problem(await server.fetch(`${CHATS}/threads`, { headers: { authorization } }), 'unauthenticated');
  }
});

test('a token in a query string is not looked at', async () => {
  const { token } = server.user('alice');
  for (const name of ['token', 'access_token']) {
    problem(await server.fetch(`${CHATS}/threads?${name}=${token}`), 'unauthenticated');
    const error = await server.dial(undefined, { query: { [name]: token } }).refused();
    assert.equal(error.message, 'unauthenticated');
  }
});

test('unknown roles and claims are ignored', async () => {
  const user = server.user('alice', { roles: ['wizard', 'premium'], colour: 'blue', aud: 'anything', iss: 'anybody' });
  ok(await user.get('/threads'));
  await user.connect();
});

test('a connection that does not join the namespace is closed', async () => {
  const raw = new RawSocket(server);
  await raw.next((packet) => packet.startsWith('0{'));
  await raw.end(5_000);
});

test('a namespace that does not exist is refused', async () => {
  const raw = new RawSocket(server);
  await raw.next((packet) => packet.startsWith('0{'));
  raw.send(`40/admin,${JSON.stringify({ token: server.user('alice').token })}`);
  assert.match(await raw.next((packet) => packet.startsWith('44/admin,')), /"message"/);
});

test('a socket does not outlive its token', async () => {
  const exp = now() + 2;
  const client = await server.user('alice', { exp }).connect();
  await client.next('session_expired', () => true, 8_000);
  assert.ok(Date.now() >= exp * 1000 - 500, 'before its time');
  await client.disconnected();
});

test('refresh_token extends the session', async () => {
  const alice = server.user('alice', { exp: now() + 3 });
  const client = await alice.connect();
  const exp = now() + HOUR;
  const ack = acked(await client.ask('refresh_token', { token: tokenFor(alice.id, { exp }) }));
  assert.match(ack.expiresAt, TIME);
  assert.equal(Date.parse(ack.expiresAt), exp * 1000);
  const later = Date.now() + 4_500;
  await until(() => Date.now() > later, { timeout: 6_000 });
  acked(await client.ask('ping', {}));
  assert.equal(client.seen('session_expired').length, 0);
});

test('refresh_token takes a good token of the same user only', async () => {
  const alice = server.user('alice');
  const client = await alice.connect();
  const others = [tokenFor(server.user('bob').id), tokenFor(alice.id, { exp: now() - HOUR }), 'nonsense',
    hs256(claimsFor(alice.id), `${SECRET}x`)];
  for (const token of others) {
    nacked(await client.ask('refresh_token', { token }), 'unauthenticated');
  }
  for (const payload of [null, [], {}, { token: 7 }, { token: alice.token, extra: 1 }]) {
    nacked(await client.ask('refresh_token', payload), 'validation_failed');
  }
  acked(await client.ask('ping', {}));
});
