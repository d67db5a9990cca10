// `GET /blocks`, `PUT` and `DELETE /blocks/{userId}`, and what a block does to receipts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { CHATS, invalid, ok, problem, walk } from '../harness/rest.js';
import { barrier, useServer } from '../harness/server.js';
import { exactly } from '../harness/shapes.js';

const server = await useServer();

const listed = async (user) => JSON.stringify((await walk(user.get, '/blocks', { limit: 2 })));

test('put, list, delete; each is idempotent', async () => {
  const [alice, bob, carol] = [server.user('alice'), server.user('bob'), server.user('carol')];
  for (const other of [bob, carol, bob]) ok(await alice.put(`/blocks/${other.id}`), 204);
  const page = ok(await alice.get('/blocks'));
  exactly(page, 'items', 'nextCursor');
  assert.equal(page.items.length, 2);
  ok(await alice.delete(`/blocks/${bob.id}`), 204);
  ok(await alice.delete(`/blocks/${bob.id}`), 204);
  const left = await listed(alice);
  assert.ok(left.includes(carol.id) && !left.includes(bob.id), left);
});

test('the list is paged', async () => {
  const alice = server.user('alice');
  const ids = [];
  for (let n = 0; n < 5; n += 1) {
    const { id } = server.user('other');
    ids.push(id);
    ok(await alice.put(`/blocks/${id}`), 204);
  }
  const all = await walk(alice.get, '/blocks', { limit: 2 });
  assert.equal(all.length, 5);
  for (const id of ids) assert.equal(all.filter((item) => JSON.stringify(item).includes(`"${id}"`)).length, 1);
  problem(await alice.get('/blocks?cursor=nonsense'), 'invalid_cursor');
});

test("a block is nobody else's business", async () => {
  const { a, b } = await server.pair();
  ok(await a.put(`/blocks/${b.id}`), 204);
  assert.deepEqual(ok(await b.get('/blocks')), { items: [], nextCursor: null });
  ok(await b.delete(`/blocks/${a.id}`), 204);
  problem(await b.post('/threads', { participantIds: [a.id, b.id, server.user('c').id] }), 'chat_not_allowed');
});

test('within a second of a block no receipt passes, in neither direction', async () => {
  const { a, b, thread } = await server.pair();
  const carol = server.user('carol');
  const shared = (await server.match(a, carol)).id;
  for (let n = 1; n <= 3; n += 1) await a.send(thread, `text ${n}`);
  const alice = await a.connect();
  ok(await a.put(`/blocks/${b.id}`), 204);
  const effective = Date.now() + 1_000;
  await until(() => Date.now() > effective);
  ok(await b.post(`/threads/${thread}/read`, { upToSeq: 2 }));
  await b.history(thread);
  await barrier(alice, carol, shared);
  assert.deepEqual(alice.seen('read_receipt'), []);
  assert.deepEqual(alice.seen('delivery_receipt').filter((r) => r.userId === b.id), []);
});

test('refusals', async () => {
  const alice = server.user('alice');
  for (const id of ['x'.repeat(129), 'no%20spaces', 'a%00b', '%3Cb%3E']) {
    invalid(await alice.put(`/blocks/${id}`));
    invalid(await alice.delete(`/blocks/${id}`));
  }
  invalid(await alice.put(`/blocks/${alice.id}`));
  problem(await server.fetch(`${CHATS}/blocks`), 'unauthenticated');
  problem(await server.fetch(`${CHATS}/blocks/bob`, { method: 'PUT' }), 'unauthenticated');
  problem(await server.fetch(`${CHATS}/blocks/bob`, { method: 'DELETE' }), 'unauthenticated');
});
