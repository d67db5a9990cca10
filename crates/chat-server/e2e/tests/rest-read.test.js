// `POST /threads/{id}/read`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { invalid, ok, problem } from '../harness/rest.js';
import { useServer } from '../harness/server.js';
import { NOBODYS_ID } from '../harness/shapes.js';

const server = await useServer();

async function unread(count) {
  const { a, b, thread } = await server.pair();
  const messages = [];
  for (let n = 1; n <= count; n += 1) messages.push(await a.send(thread, `text ${n}`));
  return { a, b, thread, messages, path: `/threads/${thread}/read` };
}

test('up to a message, with the event for the other side and the sockets of the reader', async () => {
  const { a, b, thread, messages, path } = await unread(3);
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const answer = ok(await b.post(path, { upToMessageId: messages[1].id }));
  assert.deepEqual(answer, { threadId: thread, upToMessageId: messages[1].id, upToSeq: 2, unreadCount: 1 });
  for (const client of [alice, bob]) {
    const receipt = await client.next('read_receipt');
    assert.deepEqual([receipt.userId, receipt.upToSeq, receipt.upToMessageId], [b.id, 2, messages[1].id]);
  }
});

test('up to a seq', async () => {
  const { b, thread, messages, path } = await unread(3);
  assert.deepEqual(ok(await b.post(path, { upToSeq: 3 })), { threadId: thread, upToMessageId: messages[2].id, upToSeq: 3, unreadCount: 0 });
});

test('up to a time', async () => {
  const { b, messages, path } = await unread(3);
  const answer = ok(await b.post(path, { upTo: messages[2].createdAt }));
  assert.deepEqual([answer.upToSeq, answer.unreadCount], [3, 0]);
});

test('a time before all messages moves nothing', async () => {
  const { b, path } = await unread(2);
  const answer = ok(await b.post(path, { upTo: '2001-01-01T00:00:00.000Z' }));
  assert.deepEqual([answer.upToSeq, answer.unreadCount], [0, 2]);
});

test('never backwards', async () => {
  const { b, messages, path } = await unread(3);
  ok(await b.post(path, { upToSeq: 3 }));
  const answer = ok(await b.post(path, { upToSeq: 1 }));
  assert.deepEqual([answer.upToSeq, answer.upToMessageId, answer.unreadCount], [3, messages[2].id, 0]);
});

test('refusals', async () => {
  const { b, messages, path } = await unread(1);
  const { messages: [foreign] } = await unread(1);
  problem(await b.post(path, { upToMessageId: NOBODYS_ID }), 'message_not_found');
  problem(await b.post(path, { upToMessageId: foreign.id }), 'message_not_found');
  problem(await b.post(`/threads/${NOBODYS_ID}/read`, { upToSeq: 1 }), 'thread_not_found');
  problem(await server.user('outsider').post(path, { upToSeq: 1 }), 'not_participant');
  problem(await server.fetch(`/api/v1/chats${path}`, { method: 'POST', body: { upToSeq: 1 } }), 'unauthenticated');
  for (const body of [{}, [], { upToSeq: '1' }, { upToSeq: -1 }, { upTo: 'yesterday' }, { upTo: 5 }, { upToMessageId: 'x' },
    { upToSeq: 1, upToMessageId: messages[0].id }, { upToSeq: 1, extra: true }]) {
    invalid(await b.post(path, body));
  }
});
