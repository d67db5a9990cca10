// `POST /revocations`: a token, or all tokens of a user up to a moment.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked, nacked } from '../harness/client.js';
import { CHATS, INTERNAL, invalid, ok, problem } from '../harness/rest.js';
import { useServer } from '../harness/server.js';
import { tokenFor } from '../harness/token.js';

const server = await useServer();
const service = server.internal();
const threads = (token) => server.fetch(`${CHATS}/threads`, { token });
const now = () => Math.floor(Date.now() / 1000);

test('one token: its sockets close within five seconds, and it opens nothing any more', async () => {
  const { id } = server.user('alice');
  const [lost, kept] = [tokenFor(id, { jti: 'lost-1' }), tokenFor(id, { jti: 'kept-1' })];
  const [thief, owner] = await Promise.all([server.connect(lost), server.connect(kept)]);
  ok(await service.post('/revocations', { jti: 'lost-1' }), 204);
  await thief.disconnected(5_000);
  assert.equal((await server.dial(lost).refused()).data.code, 'unauthenticated');
  problem(await threads(lost), 'unauthenticated');
  ok(await threads(kept));
  acked(await owner.ask('ping', {}));
  nacked(await owner.ask('refresh_token', { token: lost }), 'unauthenticated');
});

test('all tokens of a user that were issued before a moment', async () => {
  const { id } = server.user('bob');
  const old = tokenFor(id, { iat: now() - 600 });
  const client = await server.connect(old);
  const moment = new Date((now() - 300) * 1000).toISOString();
  ok(await service.post('/revocations', { userId: id, issuedBefore: moment }), 204);
  await client.disconnected(5_000);
  problem(await threads(old), 'unauthenticated');
  const fresh = tokenFor(id, { iat: now() });
  ok(await threads(fresh));
  await server.connect(fresh);
  ok(await threads(tokenFor(server.user('carol').id, { iat: now() - 600 })));
});

test('all tokens of a user until now', async () => {
  const { id } = server.user('dora');
  const token = tokenFor(id, { iat: now() - 10 });
  const client = await server.connect(token);
  ok(await service.post('/revocations', { userId: id }), 204);
  await client.disconnected(5_000);
  problem(await threads(token), 'unauthenticated');
});

test('all tokens of everybody that were issued before a moment', async () => {
  const [old, fresh] = [server.user('fred', { iat: now() - 6000 }), server.user('gina')];
  const client = await old.connect();
  const moment = new Date((now() - 3000) * 1000).toISOString();
  ok(await service.post('/revocations', { issuedBefore: moment }), 204);
  await client.disconnected(5_000);
  problem(await threads(old.token), 'unauthenticated');
  ok(await threads(fresh.token));
});

test('using a revoked token raises the risk of its user, and leaves an audit event without the token', async () => {
  const { id } = server.user('eve');
  const token = tokenFor(id, { jti: 'stolen-1' });
  ok(await service.post('/revocations', { jti: 'stolen-1' }), 204);
  problem(await threads(token), 'unauthenticated');
  const risk = ok(await service.get(`/users/${id}/risk`));
  assert.ok(risk.score > 0, JSON.stringify(risk));
  assert.ok(risk.signals.length > 0);
  const audit = await until(async () => ok(await service.get('/events?limit=100')).items
    .find((event) => JSON.stringify(event).includes('"audit.')), { what: 'an audit event' });
  assert.ok(!JSON.stringify(audit).includes(token.split('.')[2]));
});

test('refusals', async () => {
  for (const body of [{}, [], null, { jti: 7 }, { jti: '' },
    { userId: 'no spaces' }, { userId: 'bob', issuedBefore: 'yesterday' }, { jti: 'a', extra: 1 }]) {
    invalid(await service.post('/revocations', body));
  }
  problem(await server.fetch(`${INTERNAL}/revocations`, { method: 'POST', body: { jti: 'a' } }), 'unauthenticated');
  for (const roles of [[], ['moderator']]) {
    const { token } = server.user('somebody', { roles });
    problem(await server.fetch(`${INTERNAL}/revocations`, { method: 'POST', body: { jti: 'a' }, token }), 'forbidden');
  }
});
