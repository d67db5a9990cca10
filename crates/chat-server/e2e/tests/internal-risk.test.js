// `GET /users/{id}/risk`, and what raises it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { INTERNAL, invalid, ok, problem } from '../harness/rest.js';
import { useServer } from '../harness/server.js';
import { TIME, exactly } from '../harness/shapes.js';
import { claimsFor, hs256 } from '../harness/token.js';

const server = await useServer({ CHAT_TRUSTED_PROXIES: '127.0.0.1/32', CHAT_TOKEN_IPS: '3' });
const service = server.internal();
const risk = async (id) => ok(await service.get(`/users/${id}/risk`));

test('nobody starts with a risk', async () => {
  const alice = server.user('alice');
  assert.deepEqual(await risk(alice.id), { userId: alice.id, score: 0, signals: [] });
});

test('one token from more than three addresses at once', async () => {
  const alice = server.user('alice', { jti: 'shared-token' });
  const from = (n) => alice.connect({ extraHeaders: { 'x-forwarded-for': `203.0.113.${n}` } });
  for (const n of [1, 2, 3]) await from(n);
  assert.equal((await risk(alice.id)).score, 0);
  await from(4);
  const raised = await until(async () => {
    const seen = await risk(alice.id);
    return seen.score > 0 && seen;
  });
  for (const signal of raised.signals) {
    exactly(signal, 'kind', 'count', 'lastAt');
    assert.ok(signal.count >= 1);
    assert.match(signal.lastAt, TIME);
  }
});

test('somebody else cannot be given a risk with forged tokens', async () => {
  const victim = server.user('victim');
  for (let n = 0; n < 20; n += 1) {
    await server.fetch('/api/v1/chats/threads', { token: hs256(claimsFor(victim.id), 'not-the-secret-of-this-server-at-all') });
  }
  assert.equal((await risk(victim.id)).score, 0);
});

test('refusals', async () => {
  invalid(await service.get('/users/no%20spaces/risk'));
  problem(await server.fetch(`${INTERNAL}/users/alice/risk`), 'unauthenticated');
  for (const roles of [[], ['moderator']]) {
    problem(await server.fetch(`${INTERNAL}/users/alice/risk`, { token: server.user('alice', { roles }).token }), 'forbidden');
  }
});
