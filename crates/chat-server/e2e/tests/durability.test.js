// `kill -9` under load: every acked message is there afterwards, exactly once, in its place.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked } from '../harness/client.js';
import { walk } from '../harness/rest.js';
import { say, useServer } from '../harness/server.js';
import { gapless } from '../harness/shapes.js';

const server = await useServer();

const SENDERS = 50;
const BEFORE_THE_CUT = 600;

/** Fifty senders who write as fast as they are acked, until the server is killed; what each was acked. */
async function writeUntilKilled(senders) {
  let count = 0;
  const everybody = senders.map(async ({ client, thread, name }) => {
    const sent = [];
    while (client.socket.connected) {
      const n = sent.length;
      const message = { threadId: thread, content: `${name} ${n}`, clientMessageId: `${name}-${n}` };
      const ack = await client.ask('private_message', message, 15_000).catch(() => undefined);
      sent.push({ message, id: ack && acked(ack).message.id, seq: ack?.message.seq });
      if (ack) count += 1;
    }
    return sent;
  });
  await until(() => count >= BEFORE_THE_CUT, { timeout: 30_000, every: 1, what: `${BEFORE_THE_CUT} messages are acked` });
  await server.kill9();
  return Promise.all(everybody);
}

async function checkAfterRestart(senders, written) {
  await server.start();
  const clients = await Promise.all(senders.map(({ user }) => user.connect()));
  const ids = [];
  await Promise.all(written.map(async (sent, index) => {
    for (const { message, id, seq } of sent) {
      const ack = acked(await clients[index].ask('private_message', message));
      if (id !== undefined) {
        assert.equal(ack.duplicate, true, `${message.clientMessageId} was acked and is gone`);
        assert.equal(ack.message.id, id);
        assert.equal(ack.message.seq, seq);
      }
      ids.push(ack.message.id);
    }
  }));
  return ids;
}

test('fifty senders into one thread', async () => {
  const { members, thread } = await server.group(SENDERS);
  const senders = await Promise.all(members.map(async (user, n) => ({ user, client: await user.connect(), thread, name: `one${n}` })));
  const written = await writeUntilKilled(senders);
  const ids = await checkAfterRestart(senders, written);
  const history = await walk(members[0].get, `/threads/${thread}/messages`, { limit: 100 });
  gapless(history, ids.length);
  assert.deepEqual(new Set(history.map((m) => m.id)), new Set(ids));
  assert.equal(new Set(history.map((m) => m.content)).size, ids.length, 'a text twice');
  await say(await members[0].connect(), { threadId: thread }, 'and on it goes');
});

test('fifty senders into fifty threads', async () => {
  const pairs = await Promise.all(Array.from({ length: SENDERS }, () => server.pair()));
  const senders = await Promise.all(pairs.map(async ({ a, thread }, n) => ({ user: a, client: await a.connect(), thread, name: `many${n}` })));
  const written = await writeUntilKilled(senders);
  await checkAfterRestart(senders, written);
  await Promise.all(senders.map(async ({ user, thread }, n) => {
    const history = await walk(user.get, `/threads/${thread}/messages`, { limit: 100 });
    gapless(history, written[n].length);
    assert.deepEqual(history.map((m) => m.content).reverse(), written[n].map((w) => w.message.content));
  }));
});

test('receipts, blocks and matches survive as well', async () => {
  const { a, b, thread } = await server.pair();
  await a.send(thread, 'one');
  await a.send(thread, 'two');
  assert.equal((await b.post(`/threads/${thread}/read`, { upToSeq: 1 })).status, 200);
  assert.equal((await b.put(`/blocks/${a.id}`)).status, 204);
  await server.kill9();
  await server.start();
  assert.equal((await b.thread(thread)).unreadCount, 1);
  assert.equal((await a.participant(thread, b.id)).readSeq, 1);
  assert.equal((await a.post(`/threads/${thread}/messages`, { content: 'three' })).status, 403);
});
