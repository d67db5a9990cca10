// The headers of every API response, and the request id.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { CHATS, INTERNAL, problem } from '../harness/rest.js';
import { useServer } from '../harness/server.js';

const server = await useServer({ RUST_LOG: 'info,chat_http=debug,actix_web=debug', CHAT_LOG_FORMAT: 'json' });
const alice = server.user('alice');

const RESPONSES = {
  'a success': () => alice.get('/threads'),
  'a success without a body': () => alice.put('/blocks/somebody'),
  'a validation error': () => alice.post('/threads', {}),
  'broken JSON': () => alice.post('/threads', undefined, { raw: '{' }),
  'no token': () => server.fetch(`${CHATS}/threads`),
  'a forbidden route': () => server.fetch(`${INTERNAL}/events`, { token: alice.token }),
  'a route that does not exist': () => server.fetch(`${CHATS}/nothing`, { token: alice.token }),
  'a body too large': () => alice.post('/threads', { participantIds: ['x'.repeat(70_000)] }),
};

for (const [what, call] of Object.entries(RESPONSES)) {
  test(`security headers: ${what}`, async () => {
    const { headers } = await call();
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.match(headers.get('strict-transport-security'), /^max-age=\d+/);
    assert.match(headers.get('cross-origin-resource-policy'), /^(same-origin|same-site|cross-origin)$/);
    const policy = headers.get('content-security-policy').split(';').map((directive) => directive.trim());
    assert.ok(policy.includes("default-src 'none'") && policy.includes("frame-ancestors 'none'"), policy.join(';'));
    assert.ok(headers.get('x-request-id'));
    assert.doesNotMatch(headers.get('server') ?? '', /\d/, 'a software version');
    assert.equal(headers.get('x-powered-by'), null);
  });
}

test("the caller's request id comes back, in the problem and in the log too", async () => {
  const id = 'req-e2e-0123456789';
  const response = await alice.post('/threads', {}, { headers: { 'x-request-id': id } });
  assert.equal(response.headers.get('x-request-id'), id);
  assert.equal(problem(response, 'validation_failed').requestId, id);
  await until(() => server.output().includes(id), { what: 'the id is in the log' });
});

test('a request id that is not sane is replaced', async () => {
  for (const id of ['x'.repeat(500), 'two words', '<script>', '"quoted"', 'a{b}']) {
    const response = await alice.get('/threads', { headers: { 'x-request-id': id } });
    assert.notEqual(response.headers.get('x-request-id'), id);
    assert.match(response.headers.get('x-request-id'), /^[A-Za-z0-9._:-]{8,128}$/);
  }
});

test('every request has its own id', async () => {
  const responses = await Promise.all(Array.from({ length: 20 }, () => alice.get('/threads')));
  assert.equal(new Set(responses.map((r) => r.headers.get('x-request-id'))).size, 20);
});

test('health and metrics carry a request id too', async () => {
  for (const path of ['/health/live', '/health/ready', '/metrics', '/docs']) {
    assert.ok((await server.fetch(path)).headers.get('x-request-id'), path);
  }
});
