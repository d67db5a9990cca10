// Fifty at once: no gap, nothing lost, nothing doubled, and everybody sees the same order.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked } from '../harness/client.js';
import { ok, walk } from '../harness/rest.js';
import { useServer } from '../harness/server.js';
import { gapless } from '../harness/shapes.js';

const server = await useServer();

const SENDERS = 50;
const EACH = 20;

/** The seqs of others' messages that have not reached the client as events. */
function missing(client, own, total) {
  const seen = new Set(client.seen('message').map((m) => m.seq));
  return Array.from({ length: total }, (_, n) => n + 1).filter((seq) => !seen.has(seq) && !own.has(seq));
}

test('fifty senders into one thread, every message also retried', async () => {
  const { members, thread } = await server.group(SENDERS);
  const clients = await Promise.all(members.map((member) => member.connect()));
  const ids = new Set();
  await Promise.all(clients.map(async (client, sender) => {
    for (let n = 0; n < EACH; n += 1) {
      const message = { threadId: thread, content: `${sender}: ${n}`, clientMessageId: `${n}` };
      const acks = await Promise.all([message, message].map((m) => client.ask('private_message', m, 30_000)));
      assert.deepEqual(acks.map((ack) => Boolean(acked(ack).duplicate)).sort(), [false, true]);
      assert.equal(acks[0].message.id, acks[1].message.id);
      ids.add(acks[0].message.id);
    }
  }));
  const total = SENDERS * EACH;
  const history = await walk(members[0].get, `/threads/${thread}/messages`, { limit: 100 });
  gapless(history, total);
  assert.deepEqual(new Set(history.map((m) => m.id)), ids);
  for (const [index, client] of clients.entries()) {
    const own = new Set(history.filter((m) => m.fromUserId === members[index].id).map((m) => m.seq));
    await until(() => missing(client, own, total).length === 0,
      { timeout: 20_000, what: 'every message of others has arrived' });
    const seen = client.seen('message');
    assert.equal(new Set(seen.map((m) => m.id)).size, seen.length, 'a message twice on one connection');
    const seqs = seen.map((m) => m.seq);
    assert.deepEqual(seqs, [...seqs].sort((x, y) => x - y), `client ${index} saw another order`);
  }
  for (const [sender] of members.entries()) {
    const own = history.filter((m) => m.fromUserId === members[sender].id).map((m) => m.content).reverse();
    assert.deepEqual(own, Array.from({ length: EACH }, (_, n) => `${sender}: ${n}`), "a sender's own order");
  }
});

test('fifty senders into fifty threads at once', async () => {
  const pairs = await Promise.all(Array.from({ length: SENDERS }, () => server.pair()));
  const clients = await Promise.all(pairs.map(({ a }) => a.connect()));
  const partners = await Promise.all(pairs.map(({ b }) => b.connect()));
  await Promise.all(clients.map((client, index) => Promise.all(Array.from({ length: EACH }, async (_, n) => {
    acked(await client.ask('private_message', { threadId: pairs[index].thread, content: `${n}`, clientMessageId: `${n}` }, 30_000));
  }))));
  await Promise.all(pairs.map(async ({ a, thread }, index) => {
    const history = await walk(a.get, `/threads/${thread}/messages`, { limit: 100 });
    gapless(history, EACH);
    await until(() => partners[index].seen('message').length >= EACH);
    assert.deepEqual(partners[index].seen('message').map((m) => m.content), Array.from({ length: EACH }, (_, n) => `${n}`));
  }));
});

test('one retry fifty times at once, over sockets and REST, is one message', async () => {
  const { a, b, thread } = await server.pair();
  const bob = await b.connect();
  const sockets = await Promise.all(Array.from({ length: 5 }, () => a.connect()));
  const body = { content: 'once', clientMessageId: 'the-one' };
  const answers = await Promise.all(Array.from({ length: 50 }, async (_, n) => {
    if (n % 2) return acked(await sockets[n % 5].ask('private_message', { threadId: thread, ...body }));
    const response = await a.post(`/threads/${thread}/messages`, body);
    assert.ok([200, 201].includes(response.status), response.text);
    return { message: response.body, duplicate: response.status === 200 };
  }));
  assert.equal(answers.filter((answer) => !answer.duplicate).length, 1);
  assert.equal(new Set(answers.map((answer) => answer.message.id)).size, 1);
  gapless(await a.history(thread), 1);
  const after = await a.send(thread, 'after');
  await bob.next('message', (m) => m.id === after.id);
  assert.equal(bob.seen('message').length, 2);
});

test('a duplicate takes no place, a refusal neither', async () => {
  const { a, b, thread } = await server.pair();
  await Promise.all(Array.from({ length: 30 }, (_, n) => a.post(`/threads/${thread}/messages`,
    n % 3 ? { content: 'same', clientMessageId: `x-${n % 5}` } : { content: '' })));
  const history = await b.history(thread);
  gapless(history, new Set(history.map((m) => m.id)).size);
  assert.equal(history.length, new Set(Array.from({ length: 30 }, (_, n) => n).filter((n) => n % 3).map((n) => n % 5)).size);
});

test('read marks from all sides at once end at the highest', async () => {
  const { a, b, thread } = await server.pair();
  for (let n = 1; n <= 10; n += 1) await a.send(thread, `text ${n}`);
  const client = await b.connect();
  await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2
    ? client.ask('mark_read', { threadId: thread, upToSeq: (n % 10) + 1 })
    : b.post(`/threads/${thread}/read`, { upToSeq: (n % 10) + 1 }))));
  const { readSeq, deliveredSeq } = await a.participant(thread, b.id);
  assert.deepEqual([readSeq, deliveredSeq, (await b.thread(thread)).unreadCount], [10, 10, 0]);
  ok(await b.get(`/threads/${thread}`));
});
