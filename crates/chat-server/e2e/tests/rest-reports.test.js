// `POST /reports`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CHATS, invalid, ok, problem } from '../harness/rest.js';
import { useServer } from '../harness/server.js';
import { NOBODYS_ID, UUID7, exactly } from '../harness/shapes.js';

const server = await useServer();

test('a user or a message, for each of the reasons', async () => {
  const { a, b, thread } = await server.pair();
  const message = await a.send(thread, 'rude');
  for (const reason of ['spam', 'harassment', 'nudity', 'scam', 'underage', 'other']) {
    const body = ok(await b.post('/reports', { userId: a.id, reason, details: 'because <b>so</b>' }), 201);
    exactly(body, 'id');
    assert.match(body.id, UUID7);
  }
  ok(await b.post('/reports', { messageId: message.id, reason: 'harassment' }), 201);
  ok(await b.post('/reports', { userId: a.id, messageId: message.id, reason: 'spam' }), 201);
});

test('a report is in the moderators\' queue', async () => {
  const { a, b, thread } = await server.pair();
  const message = await a.send(thread, 'rude');
  ok(await b.post('/reports', { messageId: message.id, reason: 'scam' }), 201);
  const { items } = ok(await server.internal('moderator').get('/moderation?status=pending'));
  assert.ok(items.some((item) => JSON.stringify(item).includes(message.id)));
});

test('refusals', async () => {
  const { a, b, thread } = await server.pair();
  const message = await a.send(thread, 'private');
  const outsider = server.user('outsider');
  const foreign = await outsider.post('/reports', { messageId: message.id, reason: 'spam' });
  assert.ok(['message_not_found', 'not_participant'].includes(foreign.body?.code), foreign.text);
  problem(foreign, foreign.body.code);
  problem(await b.post('/reports', { messageId: NOBODYS_ID, reason: 'spam' }), 'message_not_found');
  invalid(await b.post('/reports', { userId: a.id, reason: 'boring' }), 'reason');
  for (const body of [{}, [], { reason: 'spam' }, { userId: a.id }, { userId: 7, reason: 'spam' }, { messageId: 'x', reason: 'spam' },
    { userId: a.id, reason: 'spam', extra: 1 }, { userId: a.id, reason: 'spam', details: 7 },
    { userId: a.id, reason: 'spam', details: 'x'.repeat(20_000) }, { userId: 'no spaces', reason: 'spam' }]) {
    invalid(await b.post('/reports', body));
  }
  problem(await server.fetch(`${CHATS}/reports`, { method: 'POST', body: { userId: a.id, reason: 'spam' } }), 'unauthenticated');
});
