// Bad input of every kind: the contract's error, and the server goes on.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { afterEach, test } from 'node:test';

import { acked } from '../harness/client.js';
import { CHATS, INTERNAL, invalid, ok, problem } from '../harness/rest.js';
import { say, useServer } from '../harness/server.js';
import { NOBODYS_ID } from '../harness/shapes.js';

const server = await useServer();
const { a: alice, b: bob, thread } = await server.pair();
const PATH = `/threads/${thread}/messages`;

// Whatever a test has thrown at the server, an ordinary message passes afterwards.
afterEach(async () => {
  const sent = await alice.send(thread, 'all is well');
  assert.equal((await bob.history(thread, '?limit=1'))[0].id, sent.id);
});

const send = (raw, contentType = 'application/json') => alice.post(PATH, undefined, { raw, contentType });

test('broken JSON', async () => {
  for (const raw of ['{', '{"content":', "{'content':'x'}", 'content=x', '{"content":"x"} trailing', '{"content":"\u0001"}', '', '\ufeff{}x',
    '{"content":"\\ud800"}']) {
    problem(await send(raw), 'malformed_json');
  }
});

test('JSON that is nested beyond reason', async () => {
  problem(await send(`{"content":"x","metadata":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`), 'malformed_json');
  const list = await send(`{"content":"x","metadata":${'['.repeat(5000)}${']'.repeat(5000)}}`);
  problem(list, 'malformed_json');
});

test('a key given twice', async () => {
  invalid(await send('{"content":"a","content":"b"}'), 'content');
});

test('an unknown field', async () => {
  invalid(await alice.post(PATH, { content: 'x', isAdmin: true }), 'isAdmin');
});

test('invalid UTF-8', async () => {
  problem(await send(Buffer.from([0x7b, 0x22, 0x63, 0xff, 0xfe, 0x22, 0x7d])), 'malformed_json');
});

test('another media type, or none', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/xml', 'nonsense']) {
    problem(await send('{"content":"x"}', type), 'unsupported_media_type');
  }
  const sent = ok(await send('{"content":"x"}', 'application/json; charset=utf-8'), 201);
  assert.equal(sent.content, 'x');
});

test('a body beyond the limit: declared, and not declared', async () => {
  problem(await send(JSON.stringify({ content: 'x'.repeat(70_000) })), 'payload_too_large');
  const status = await new Promise((resolve, reject) => {
    const chunked = httpRequest(server.url + CHATS + PATH, {
      method: 'POST', headers: { authorization: `Bearer ${alice.token}`, 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    chunked.setTimeout(10_000, () => chunked.destroy(new Error('no answer')));
    chunked.on('error', (error) => (error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(413) : reject(error)));
    for (let n = 0; n < 20; n += 1) chunked.write('x'.repeat(10_000));
    chunked.end();
  });
  assert.equal(status, 413);
});

test('a body just below the limit is judged by its content', async () => {
  invalid(await send(JSON.stringify({ content: 'x'.repeat(65_000) })), 'content');
});

test('ids that are none', async () => {
  for (const id of ['1', 'null', '../../etc', '%00', '%2e%2e', "'%20OR%201=1", 'x'.repeat(500), '%f0%9f%98%80']) {
    for (const response of [await alice.get(`/threads/${id}`), await alice.get(`/threads/${id}/messages`)]) {
      assert.ok([400, 404].includes(response.status), `${id}: ${response.status} ${response.text}`);
      problem(response, response.body.code);
      assert.ok(['validation_failed', 'thread_not_found', 'not_found'].includes(response.body.code), response.text);
    }
  }
});

test("somebody else's ids", async () => {
  const { thread: foreign } = await server.pair();
  problem(await alice.get(`/threads/${foreign}`), 'not_participant');
  problem(await alice.get(`/threads/${foreign}/messages`), 'not_participant');
  problem(await alice.post(`/threads/${foreign}/messages`, { content: 'x' }), 'not_participant');
  problem(await alice.post(`/threads/${foreign}/read`, { upToSeq: 1 }), 'not_participant');
  problem(await alice.get(`/threads/${NOBODYS_ID}`), 'thread_not_found');
});

test('NUL and control characters in every kind of text', async () => {
  assert.equal((await alice.send(thread, 'a\u0000b')).content, 'ab');
  invalid(await alice.post(PATH, { content: 'x', clientMessageId: 'a\u0000b' }), 'clientMessageId');
  const keyed = await alice.post(PATH, { content: 'x', metadata: { 'a\u0000b': 'c\u0000d' } });
  if (keyed.status === 201) assert.ok(!JSON.stringify(keyed.body.metadata).includes('\\u0000'), keyed.text);
  else invalid(keyed, 'metadata');
  invalid(await alice.post('/threads', { participantIds: [alice.id, 'b\u0000b'] }));
  const report = await alice.post('/reports', { userId: bob.id, reason: 'other', details: 'a\u0000b' });
  assert.ok([201, 400].includes(report.status), report.text);
  const profile = await server.internal().put(`/users/${bob.id}`, { displayName: 'B\u0000b' });
  assert.ok([204, 400].includes(profile.status), profile.text);
});

test('markup in names and reports is never served as markup', async () => {
  const profile = await server.internal().put(`/users/${bob.id}`, { displayName: '<script>alert(1)</script>' });
  assert.ok([204, 400].includes(profile.status), profile.text);
  const response = await alice.get(`/threads/${thread}`);
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.match(response.headers.get('content-type'), /^application\/json/);
});

test('routes that do not exist, and methods that a route does not know', async () => {
  for (const path of ['/api/v1/chats/nothing', '/api/v1/internal/nothing', '/api/v2/chats/threads']) {
    problem(await server.fetch(path, { token: alice.token }), 'not_found');
  }
  const response = await server.fetch(`${CHATS}/threads`, { method: 'PATCH', token: alice.token });
  assert.ok([404, 405].includes(response.status), `${response.status}`);
  assert.match(response.headers.get('content-type'), /^application\/problem\+json/);
});

test('internal routes do not tell a stranger more than that', async () => {
  for (const path of ['/events', '/moderation', '/users/x/risk', `/jobs/${NOBODYS_ID}`]) {
    problem(await server.fetch(INTERNAL + path, { token: alice.token }), 'forbidden');
  }
});

test('query parameters given twice, or with a NUL', async () => {
  for (const query of ['?limit=1&limit=2', '?limit=%00']) {
    invalid(await alice.get(`/threads${query}`));
  }
});

test('on the socket: the error, and the socket goes on', async () => {
  const client = await alice.connect();
  for (const payload of [{ threadId: thread, content: 'x', metadata: { deep: JSON.parse(`${'['.repeat(50)}${']'.repeat(50)}`) } },
    { threadId: thread, content: 'x'.repeat(60_000) }, { threadId: "' OR 1=1", content: 'x' }, { threadId: thread, content: { $gt: '' } },
    { __proto__: null, constructor: 'x' }]) {
    const ack = await client.ask('private_message', payload);
    assert.equal(ack.error?.code, 'validation_failed', JSON.stringify(ack));
  }
  await say(client, { threadId: thread }, 'still here');
  acked(await client.ask('ping', {}));
});
