// `GET` and `POST /threads/{id}/messages`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { invalid, ok, problem, walk } from '../harness/rest.js';
import { say, useServer } from '../harness/server.js';
import { MARKUP, NOBODYS_ID, exactly, gapless, isMessage } from '../harness/shapes.js';

const server = await useServer();

async function filled(count) {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  const contents = Array.from({ length: count }, (_, n) => `text ${n + 1}`);
  await Promise.all(contents.map((content) => say(alice, { threadId: thread }, content)));
  return { a, b, thread, contents, path: `/threads/${thread}/messages` };
}

test('sent by REST: the message, and the event for the recipient and for all sockets of the sender', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const message = isMessage(ok(await a.post(`/threads/${thread}/messages`, {
    content: 'by post', metadata: { n: 1 }, clientMessageId: 'r-1',
  }), 201));
  assert.deepEqual([message.seq, message.fromUserId, message.toUserId, message.content, message.clientMessageId],
    [1, a.id, b.id, 'by post', 'r-1']);
  assert.deepEqual(message.metadata, { n: 1 });
  assert.equal((await bob.next('message')).id, message.id);
  assert.equal((await alice.next('message')).id, message.id);
  assert.equal((await alice.next('delivery_receipt')).messageId, message.id);
});

test('a retry gets 200 and the first message, another text a conflict', async () => {
  const { a, thread } = await server.pair();
  const path = `/threads/${thread}/messages`;
  const first = ok(await a.post(path, { content: 'once', clientMessageId: 'r-1' }), 201);
  const again = ok(await a.post(path, { content: 'once', clientMessageId: 'r-1' }), 200);
  assert.equal(again.id, first.id);
  problem(await a.post(path, { content: 'twice', clientMessageId: 'r-1' }), 'conflict');
  assert.equal((await a.history(thread)).length, 1);
});

test('the newest come first, 50 a page, 1 to 100 on request', async () => {
  const { b, path, contents } = await filled(105);
  const page = ok(await b.get(path));
  exactly(page, 'items', 'nextCursor');
  assert.deepEqual(page.items.map((m) => isMessage(m).content), contents.slice(-50).reverse());
  assert.equal(ok(await b.get(`${path}?limit=100`)).items.length, 100);
  for (const limit of ['0', '101', 'x', '-5']) invalid(await b.get(`${path}?limit=${limit}`), 'limit');
});

test('a walk over all pages skips and repeats nothing while new messages arrive', async () => {
  const { a, b, thread, path } = await filled(40);
  const first = ok(await b.get(`${path}?limit=10`));
  for (let n = 0; n < 5; n += 1) await a.send(thread, `late ${n}`);
  const seqs = first.items.map((m) => m.seq);
  let cursor = first.nextCursor;
  while (cursor) {
    const page = ok(await b.get(`${path}?limit=10&cursor=${cursor}`));
    seqs.push(...page.items.map((m) => m.seq));
    cursor = page.nextCursor;
  }
  assert.deepEqual(seqs, Array.from({ length: 40 }, (_, n) => 40 - n));
  gapless(await walk(b.get, path, { limit: 7 }), 45);
});

test('afterSeq reads forward', async () => {
  const { b, path } = await filled(12);
  const page = ok(await b.get(`${path}?afterSeq=5&limit=4`));
  assert.deepEqual(page.items.map((m) => m.seq), [6, 7, 8, 9]);
  assert.deepEqual(ok(await b.get(`${path}?afterSeq=9`)).items.map((m) => m.seq), [10, 11, 12]);
  assert.deepEqual(ok(await b.get(`${path}?afterSeq=12`)), { items: [], nextCursor: null });
  assert.equal(ok(await b.get(`${path}?afterSeq=0`)).items.length, 12);
  for (const seq of ['-1', 'x', '1.5', '']) invalid(await b.get(`${path}?afterSeq=${seq}`), 'afterSeq');
  const { nextCursor } = ok(await b.get(`${path}?limit=2`));
  invalid(await b.get(`${path}?afterSeq=5&cursor=${nextCursor}`));
});

test("another thread's cursor, and a mangled one, are refused", async () => {
  const { a, path } = await filled(3);
  const { a: other, path: elsewhere } = await filled(3);
  const { nextCursor } = ok(await a.get(`${path}?limit=1`));
  const foreign = ok(await other.get(`${elsewhere}?limit=1`)).nextCursor;
  for (const cursor of [foreign, nextCursor.slice(1), `${nextCursor}AA`, 'abc', 'e30']) {
    problem(await a.get(`${path}?cursor=${cursor}`), 'invalid_cursor');
  }
});

test('only participants read and write; an admin who takes no part does not read texts', async () => {
  const { thread, path } = await filled(1);
  for (const roles of [[], ['premium'], ['moderator'], ['admin']]) {
    const outsider = server.user('outsider', { roles });
    problem(await outsider.get(path), 'not_participant');
    problem(await outsider.post(path, { content: 'hi' }), 'not_participant');
  }
  const outsider = server.user('outsider');
  problem(await outsider.get(`/threads/${NOBODYS_ID}/messages`), 'thread_not_found');
  problem(await outsider.post(`/threads/${NOBODYS_ID}/messages`, { content: 'hi' }), 'thread_not_found');
  problem(await server.fetch(`/api/v1/chats/threads/${thread}/messages`), 'unauthenticated');
  problem(await server.fetch(`/api/v1/chats/threads/${thread}/messages`, { method: 'POST', body: { content: 'x' } }), 'unauthenticated');
});

test('blocked or unmatched, nothing is written', async () => {
  const { a, b, thread } = await server.pair();
  ok(await b.put(`/blocks/${a.id}`), 204);
  problem(await a.post(`/threads/${thread}/messages`, { content: 'hi' }), 'chat_not_allowed');
  problem(await b.post(`/threads/${thread}/messages`, { content: 'hi' }), 'chat_not_allowed');
  ok(await b.delete(`/blocks/${a.id}`), 204);
  ok(await server.internal().delete(`/matches/${a.id}/${b.id}`), 204);
  problem(await a.post(`/threads/${thread}/messages`, { content: 'hi' }), 'chat_not_allowed');
  assert.deepEqual(await a.history(thread), []);
});

test('bodies of the wrong shape are refused with the fields that are wrong', async () => {
  const { a, thread } = await server.pair();
  const path = `/threads/${thread}/messages`;
  invalid(await a.post(path, { content: '' }), 'content');
  invalid(await a.post(path, { content: 'x'.repeat(4001) }), 'content');
  invalid(await a.post(path, { content: '<i></i>' }), 'content');
  invalid(await a.post(path, { content: 'hi', clientMessageId: '' }), 'clientMessageId');
  invalid(await a.post(path, { content: 'hi', clientMessageId: 'x'.repeat(65) }), 'clientMessageId');
  for (const body of [{}, [], null, 'text', { content: 7 }, { content: 'hi', extra: 1 }, { content: 'hi', metadata: [] },
    { content: 'hi', metadata: { big: 'x'.repeat(5000) } }, { content: 'hi', threadId: thread }]) {
    invalid(await a.post(path, body));
  }
  assert.deepEqual(await a.history(thread), []);
});

test('markup is taken out before it is stored', async () => {
  const { a, thread } = await server.pair();
  const { content } = await a.send(thread, '<img src=x onerror=alert(1)>hello');
  assert.doesNotMatch(content, MARKUP);
  assert.equal((await a.history(thread))[0].content, content);
});

test('times never run backwards within a thread', async () => {
  const { a, path } = await filled(50);
  const times = ok(await a.get(path)).items.map((m) => m.createdAt).reverse();
  assert.deepEqual(times, [...times].sort());
});
