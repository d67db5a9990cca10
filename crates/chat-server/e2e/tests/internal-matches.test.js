// `PUT` and `DELETE /matches/{userA}/{userB}`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { INTERNAL, invalid, ok, problem } from '../harness/rest.js';
import { say, useServer } from '../harness/server.js';
import { isThread } from '../harness/shapes.js';

const server = await useServer();

test('a match creates the thread once and tells both', async () => {
  const [a, b] = [server.user('alice'), server.user('bob')];
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const thread = isThread(ok(await server.internal().put(`/matches/${a.id}/${b.id}`), 201));
  assert.equal(thread.kind, 'pair');
  assert.deepEqual(thread.participants.map((p) => p.userId).sort(), [a.id, b.id].sort());
  for (const client of [alice, bob]) assert.equal(isThread(await client.next('thread_created')).id, thread.id);
  await say(alice, { toUserId: b.id }, 'hello');

  for (const path of [`/matches/${a.id}/${b.id}`, `/matches/${b.id}/${a.id}`]) {
    assert.equal(ok(await server.internal('admin').put(path), 200).id, thread.id);
  }
  await say(alice, { threadId: thread.id }, 'still the same');
  await bob.next('message', (m) => m.content === 'still the same');
  assert.equal(bob.seen('thread_created').length, 1);
});

test('fifty at once create one thread', async () => {
  const [a, b] = [server.user('alice'), server.user('bob')];
  const service = server.internal();
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) =>
    service.put(n % 2 ? `/matches/${a.id}/${b.id}` : `/matches/${b.id}/${a.id}`)));
  assert.equal(answers.filter((r) => r.status === 201).length, 1);
  assert.equal(answers.filter((r) => r.status === 200).length, 49);
  assert.equal(new Set(answers.map((r) => r.body.id)).size, 1);
});

test('taken back, twice if need be, and given again: the thread stays the same', async () => {
  const { a, b, thread } = await server.pair();
  await a.send(thread, 'before');
  const service = server.internal();
  for (let n = 0; n < 2; n += 1) ok(await service.delete(`/matches/${b.id}/${a.id}`), 204);
  problem(await a.post(`/threads/${thread}/messages`, { content: 'meanwhile' }), 'chat_not_allowed');
  assert.equal((await server.match(a, b)).id, thread);
  await a.send(thread, 'again');
  assert.deepEqual((await b.history(thread)).map((m) => m.content), ['again', 'before']);
});

test('refusals', async () => {
  const service = server.internal();
  invalid(await service.put('/matches/alice/alice'));
  invalid(await service.put('/matches/no%20spaces/bob'));
  invalid(await service.delete(`/matches/${'x'.repeat(129)}/bob`));
  for (const method of ['PUT', 'DELETE']) {
    problem(await server.fetch(`${INTERNAL}/matches/a/b`, { method }), 'unauthenticated');
    for (const roles of [[], ['premium'], ['moderator']]) {
      const { token } = server.user('somebody', { roles });
      problem(await server.fetch(`${INTERNAL}/matches/a/b`, { method, token }), 'forbidden');
    }
  }
});
