// What must never be in a log line, at any level: texts, tokens, keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked } from '../harness/client.js';
import { CHATS, ok } from '../harness/rest.js';
import { say, useServer } from '../harness/server.js';
import { SECRET, claimsFor, hs256, tokenFor } from '../harness/token.js';

const redacted = await useServer({ RUST_LOG: 'trace', CHAT_LOG_FORMAT: 'json' });
const outspoken = await useServer({ RUST_LOG: 'debug', CHAT_LOG_CONTENT: 'debug' });
const informed = await useServer({ RUST_LOG: 'info', CHAT_LOG_CONTENT: 'debug' });

/** Waits until a line about `mark` is in the log, so that all that came before it is there too. */
async function flushed(server, mark) {
  await server.fetch('/health/live', { headers: { 'x-request-id': mark } });
  const alice = server.user('mark');
  await alice.get(`/threads/${mark}`, { headers: { 'x-request-id': mark } });
  await until(() => server.output().includes(mark), { what: `${mark} is in the log` });
}

test('no text, token or key at trace level', async () => {
  const { a, b, thread } = await redacted.pair();
  const used = [a.token, b.token];
  const [alice, polling] = await Promise.all([a.connect(), b.connect({ transports: ['polling'] })]);
  await say(alice, { threadId: thread }, 'canary-socket-text', { metadata: { note: 'canary-metadata-text' } });
  await polling.next('message');
  await say(polling, { threadId: thread }, 'canary-polling-text');
  await a.send(thread, 'canary-rest-text');
  await a.send(thread, 'canary-fucking-asshole');
  await a.post(`/threads/${thread}/messages`, { content: 'canary-refused-text', extra: 'canary-extra' });
  await a.post(`/threads/${thread}/messages`, undefined, { raw: '{"content":"canary-broken-text' });
  await alice.ask('private_message', { threadId: thread, content: 'canary-refused-event', extra: 1 });
  await alice.ask('no_such_event', { text: 'canary-unknown-event' });
  ok(await b.post('/reports', { userId: a.id, reason: 'other', details: 'canary-report-text' }), 201);
  await a.history(thread);

  const forged = hs256(claimsFor(a.id), 'canary-foreign-secret-of-32-bytes-and-more');
  const expired = tokenFor(a.id, { exp: 1_000_000 });
  const fresh = tokenFor(a.id, { jti: 'fresh' });
  used.push(forged, expired, fresh);
  for (const token of [forged, expired]) {
    await redacted.dial(token).refused();
    await redacted.fetch(`${CHATS}/threads`, { token });
    await redacted.fetch(`${CHATS}/threads?access_token=${token}`);
  }
  acked(await alice.ask('refresh_token', { token: fresh }));
  await flushed(redacted, 'mark-redacted-0001');

  const output = redacted.output();
  assert.ok(output.length > 1_000, 'nothing was logged at all');
  const canary = output.split('\n').find((line) => /canary/.test(line));
  assert.equal(canary, undefined);
  for (const token of used) {
    const [header, , signature] = token.split('.');
    const line = output.split('\n').find((l) => l.includes(signature) || l.includes(`${header}.`));
    assert.equal(line, undefined, 'a token is in the log');
  }
  assert.ok(!output.includes(SECRET), 'the key is in the log');
});

test('json lines are JSON, every one', async () => {
  await flushed(redacted, 'mark-json-00001');
  const lines = redacted.output().trim().split('\n').slice(0, -1);
  assert.ok(lines.length > 0);
  for (const line of lines) assert.equal(typeof JSON.parse(line), 'object', line);
});

test('CHAT_LOG_CONTENT=debug: unflagged texts, at debug level only', async () => {
  for (const server of [outspoken, informed]) {
    const { a, thread } = await server.pair();
    await a.send(thread, 'canary-friendly-text');
    await a.send(thread, 'canary-flagged you fucking asshole, fuck you');
  }
  await until(() => outspoken.output().includes('canary-friendly-text'), { what: 'the text is in the debug log' });
  await flushed(outspoken, 'mark-outspoken-1');
  assert.ok(!outspoken.output().includes('canary-flagged'));
  const { a, thread } = await informed.pair();
  await a.send(thread, 'canary-second-text');
  assert.ok(!informed.output().includes('canary'));
});
