// `CHAT_MASK_DELETED=content`: what a deleted author wrote is masked.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ok } from '../harness/rest.js';
import { useServer } from '../harness/server.js';

const server = await useServer({ CHAT_MASK_DELETED: 'content' });

test("a deleted author's texts are shown as empty, everybody else's are not", async () => {
  const { a, b, thread } = await server.pair();
  await a.send(thread, 'stays');
  await b.send(thread, 'is masked');
  ok(await server.internal().put(`/users/${b.id}`, { deleted: true }), 204);
  assert.deepEqual((await a.history(thread)).map((m) => m.content), ['', 'stays']);
  assert.equal((await a.thread(thread)).lastMsg.content, '');
  ok(await server.internal().put(`/users/${b.id}`, { deleted: false }), 204);
  assert.deepEqual((await a.history(thread)).map((m) => m.content), ['is masked', 'stays']);
});
