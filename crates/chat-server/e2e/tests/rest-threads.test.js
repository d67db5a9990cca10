// `GET /threads`, `POST /threads`, `GET /threads/{id}`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { invalid, ok, problem, walk } from '../harness/rest.js';
import { useServer } from '../harness/server.js';
import { NOBODYS_ID, exactly, isThread } from '../harness/shapes.js';

const server = await useServer();

/** Somebody with `count` threads, opened in this order. */
async function inbox(count) {
  const owner = server.user('owner');
  const threads = [];
  for (let n = 0; n < count; n += 1) {
    const other = server.user('other');
    threads.push({ other, id: (await server.match(owner, other)).id });
  }
  return { owner, threads };
}

test('the list is ordered by activity, and tells what is unread', async () => {
  const { owner, threads: [first, second, third] } = await inbox(3);
  await first.other.send(first.id, 'older');
  await third.other.send(third.id, 'newer');
  await third.other.send(third.id, 'newest');
  const page = ok(await owner.get('/threads'));
  exactly(page, 'items', 'nextCursor');
  assert.equal(page.nextCursor, null);
  assert.deepEqual(page.items.map((t) => isThread(t).id).slice(0, 1), [third.id]);
  const byId = Object.fromEntries(page.items.map((t) => [t.id, t]));
  assert.deepEqual([byId[first.id].unreadCount, byId[second.id].unreadCount, byId[third.id].unreadCount], [1, 0, 2]);
  assert.equal(byId[third.id].lastMsg.content, 'newest');
  assert.equal(byId[third.id].lastSeq, 2);
  assert.equal(byId[third.id].lastMsgAt, byId[third.id].lastMsg.createdAt);
  assert.deepEqual([byId[second.id].lastMsg, byId[second.id].lastMsgAt, byId[second.id].lastSeq], [null, null, 0]);
  await first.other.send(first.id, 'to the top');
  assert.equal(ok(await owner.get('/threads')).items[0].id, first.id);
});

test('threads without messages are ordered by their creation', async () => {
  const { owner, threads } = await inbox(3);
  const listed = ok(await owner.get('/threads')).items.map((t) => t.id);
  assert.deepEqual(listed, threads.map((t) => t.id).reverse());
});

test('paging shows every thread once, and none twice when one moves to the top meanwhile', async () => {
  const { owner, threads } = await inbox(7);
  for (const { other, id } of threads) await other.send(id, 'hello');
  const all = await walk(owner.get, '/threads', { limit: 3 });
  assert.deepEqual(all.map((t) => t.id), threads.map((t) => t.id).reverse());

  const first = ok(await owner.get('/threads?limit=3'));
  await threads[0].other.send(threads[0].id, 'up');
  const rest = await walk((path) => owner.get(path), '/threads', { limit: 3 });
  assert.equal(rest[0].id, threads[0].id, 'what moved is on the first page');
  const second = ok(await owner.get(`/threads?limit=10&cursor=${first.nextCursor}`));
  const seen = [...first.items, ...second.items].map((t) => t.id);
  assert.equal(new Set(seen).size, seen.length, 'shown twice');
});

test('limit is 20 by default, and 1 to 100', async () => {
  const { owner } = await inbox(21);
  assert.equal(ok(await owner.get('/threads')).items.length, 20);
  assert.equal(ok(await owner.get('/threads?limit=1')).items.length, 1);
  assert.equal(ok(await owner.get('/threads?limit=100')).items.length, 21);
  for (const limit of ['0', '101', '-1', 'many', '1.5', '']) {
    invalid(await owner.get(`/threads?limit=${limit}`), 'limit');
  }
});

test('a cursor that was mangled, or belongs to another list or user, is refused', async () => {
  const { owner, threads } = await inbox(3);
  for (const { other, id } of threads) {
    await other.send(id, 'one');
    await other.send(id, 'two');
  }
  const { nextCursor } = ok(await owner.get('/threads?limit=1'));
  const mangled = [nextCursor.slice(0, -2), `${nextCursor}x`, nextCursor.split('').reverse().join(''), 'abc', '%00', "'"];
  for (const cursor of mangled) problem(await owner.get(`/threads?cursor=${cursor}`), 'invalid_cursor');
  const messages = ok(await owner.get(`/threads/${threads[0].id}/messages?limit=1`)).nextCursor;
  problem(await owner.get(`/threads?cursor=${messages}`), 'invalid_cursor');
  problem(await threads[0].other.get(`/threads?cursor=${nextCursor}`), 'invalid_cursor');
});

test('a pair: opened once, then the existing one', async () => {
  const { a, b, thread } = await server.pair();
  for (const ids of [[a.id, b.id], [b.id, a.id]]) {
    const existing = isThread(ok(await a.post('/threads', { participantIds: ids }), 200));
    assert.equal(existing.id, thread);
    assert.equal(existing.kind, 'pair');
  }
});

test('an admin opens a pair for others, or with anybody', async () => {
  const admin = server.user('admin', { roles: ['admin'] });
  const [b, c] = [server.user('bob'), server.user('carol')];
  const [bob, carol] = await Promise.all([b.connect(), c.connect()]);
  const between = isThread(ok(await admin.post('/threads', { participantIds: [b.id, c.id] }), 201));
  assert.equal((await bob.next('thread_created')).id, between.id);
  assert.equal((await carol.next('thread_created')).id, between.id);
  assert.equal(isThread(ok(await admin.post('/threads', { participantIds: [admin.id, b.id] }), 201)).kind, 'pair');
});

test('a group: a new one each time, everybody is told', async () => {
  const { a, b } = await server.pair();
  const c = server.user('carol');
  await server.match(a, c);
  const carol = await c.connect();
  const participantIds = [a.id, b.id, c.id];
  const group = isThread(ok(await a.post('/threads', { participantIds }), 201));
  assert.equal(group.kind, 'group');
  assert.deepEqual(group.participants.map((p) => p.userId).sort(), [...participantIds].sort());
  assert.equal((await carol.next('thread_created')).id, group.id);
  const another = ok(await a.post('/threads', { participantIds }), 201);
  assert.notEqual(another.id, group.id);
});

test('one may only open threads with people one may chat with', async () => {
  const { a, b } = await server.pair();
  const stranger = server.user('stranger');
  problem(await a.post('/threads', { participantIds: [a.id, stranger.id] }), 'chat_not_allowed');
  problem(await a.post('/threads', { participantIds: [a.id, b.id, stranger.id] }), 'chat_not_allowed');
  ok(await b.put(`/blocks/${a.id}`), 204);
  const c = server.user('carol');
  await server.match(a, c);
  problem(await a.post('/threads', { participantIds: [a.id, b.id, c.id] }), 'chat_not_allowed');
});

test('participants: 2 to 256, distinct, well-formed, the caller among them', async () => {
  const { a, b } = await server.pair();
  const ids = (count) => [a.id, ...Array.from({ length: count - 1 }, (_, n) => `user-${n}`)];
  const wrong = [[], [a.id], [a.id, a.id], [a.id, b.id, b.id], ids(257), [a.id, 'no spaces'], [a.id, ''], [a.id, 7],
    [a.id, 'x'.repeat(129)], 'alice', null];
  for (const participantIds of wrong) invalid(await a.post('/threads', { participantIds }));
  invalid(await a.post('/threads', {}));
  invalid(await a.post('/threads', { participantIds: [a.id, b.id], title: 'unknown field' }));
  const absent = await server.user('outsider').post('/threads', { participantIds: [a.id, b.id] });
  if (absent.status === 403) problem(absent, absent.body.code === 'forbidden' ? 'forbidden' : 'chat_not_allowed');
  else invalid(absent);
  const admin = server.user('admin', { roles: ['admin'] });
  assert.equal(ok(await admin.post('/threads', { participantIds: ids(256) }), 201).participants.length, 256);
});

test('one thread: for its participants, and for an admin without its last message', async () => {
  const { a, b, thread } = await server.pair();
  await a.send(thread, 'private');
  const seen = isThread(await b.thread(thread));
  assert.equal(seen.lastMsg.content, 'private');
  assert.equal(seen.unreadCount, 1);
  const admin = server.user('admin', { roles: ['admin'] });
  const overseen = isThread(await admin.thread(thread));
  assert.equal(overseen.lastMsg, null);
  problem(await server.user('outsider').get(`/threads/${thread}`), 'not_participant');
  problem(await server.user('moderator', { roles: ['moderator'] }).get(`/threads/${thread}`), 'not_participant');
  problem(await a.get(`/threads/${NOBODYS_ID}`), 'thread_not_found');
});

test("the last message shows the client message id to its sender only", async () => {
  const { a, b, thread } = await server.pair();
  await a.send(thread, 'hello', { clientMessageId: 'mine' });
  assert.equal((await a.thread(thread)).lastMsg.clientMessageId, 'mine');
  assert.ok(!('clientMessageId' in (await b.thread(thread)).lastMsg));
});

test('without a token, nothing', async () => {
  const { thread } = await server.pair();
  problem(await server.fetch('/api/v1/chats/threads'), 'unauthenticated');
  problem(await server.fetch('/api/v1/chats/threads', { method: 'POST', body: { participantIds: ['a', 'b'] } }), 'unauthenticated');
  problem(await server.fetch(`/api/v1/chats/threads/${thread}`), 'unauthenticated');
});
