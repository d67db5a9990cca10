// The moderators' queue, their decisions, and what the three modes do with an unclean text.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nacked } from '../harness/client.js';
import { INTERNAL, invalid, ok, problem } from '../harness/rest.js';
import { say, useServer } from '../harness/server.js';
import { NOBODYS_ID, TIME, exactly, isMessage } from '../harness/shapes.js';

const UNCLEAN = 'you fucking asshole, fuck you';

const server = await useServer();
const rejecting = await useServer({ CHAT_MODERATION: 'reject' });
const off = await useServer({ CHAT_MODERATION: 'off' });

/** The pending items that name `id`, over all pages. */
async function pending(id, on = server) {
  const { get } = on.internal('moderator');
  const items = [];
  let cursor = '';
  for (;;) {
    const page = ok(await get(`/moderation?status=pending${cursor}`));
    exactly(page, 'items', 'nextCursor');
    items.push(...page.items);
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  return items.filter((item) => JSON.stringify(item).includes(`"${id}"`));
}

async function decide(item, decision) {
  const response = await server.internal('moderator').post(`/moderation/${item.id}`, { decision });
  assert.ok([200, 204].includes(response.status), response.text);
}

test('flag: an unclean text is delivered and comes up in the queue', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const message = await say(alice, { threadId: thread }, UNCLEAN);
  assert.equal((await bob.next('message')).content, UNCLEAN);
  assert.equal((await pending(message.id)).length, 1);
  const clean = await say(alice, { threadId: thread }, 'a friendly word');
  assert.equal((await pending(clean.id)).length, 0);
});

test('remove: the message keeps its place, loses its text, and every participant is told', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const message = await say(alice, { threadId: thread }, UNCLEAN, { metadata: { colour: 'red' } });
  await say(alice, { threadId: thread }, 'after it');
  const [item] = await pending(message.id);
  await decide(item, 'remove');
  for (const client of [alice, bob]) {
    const updated = isMessage(await client.next('message_updated'));
    assert.deepEqual([updated.id, updated.seq, updated.content, updated.metadata], [message.id, 1, '', null]);
    assert.match(updated.deletedAt, TIME);
    assert.ok(updated.version > message.version + 1, 'the change takes the next version of the thread');
  }
  const history = await b.history(thread);
  assert.deepEqual(history.map((m) => [m.seq, m.content]), [[2, 'after it'], [1, '']]);
  assert.match(history[1].deletedAt, TIME);
  assert.equal((await pending(message.id)).length, 0);
});

test('approve: the message stays and leaves the queue', async () => {
  const { a, b, thread } = await server.pair();
  const message = await a.send(thread, UNCLEAN);
  const [item] = await pending(message.id);
  await decide(item, 'approve');
  assert.equal((await b.history(thread))[0].content, UNCLEAN);
  assert.equal((await pending(message.id)).length, 0);
});

test('a report of a user or a message comes up in the queue too', async () => {
  const { a, b, thread } = await server.pair();
  const message = await a.send(thread, 'a friendly word');
  ok(await b.post('/reports', { messageId: message.id, reason: 'other' }), 201);
  const [item] = await pending(message.id);
  await decide(item, 'remove');
  assert.equal((await b.history(thread))[0].content, '');
  ok(await b.post('/reports', { userId: a.id, reason: 'scam' }), 201);
  assert.ok((await pending(a.id)).length > 0);
});

test('reject: an unclean text is refused on both ways and stored on none', async () => {
  const { a, thread } = await rejecting.pair();
  const alice = await a.connect();
  nacked(await alice.ask('private_message', { threadId: thread, content: UNCLEAN }), 'content_rejected');
  problem(await a.post(`/threads/${thread}/messages`, { content: UNCLEAN }), 'content_rejected');
  await say(alice, { threadId: thread }, 'a friendly word');
  assert.equal((await a.history(thread)).length, 1);
});

test('off: nothing is looked at', async () => {
  const { a, thread } = await off.pair();
  const message = await a.send(thread, UNCLEAN);
  assert.equal((await pending(message.id, off)).length, 0);
});

test('refusals', async () => {
  const moderator = server.internal('moderator');
  problem(await moderator.post(`/moderation/${NOBODYS_ID}`, { decision: 'approve' }), 'not_found');
  const { a, thread } = await server.pair();
  const [item] = await pending((await a.send(thread, UNCLEAN)).id);
  for (const body of [{}, [], { decision: 'shrug' }, { decision: 'approve', extra: 1 }]) {
    invalid(await moderator.post(`/moderation/${item.id}`, body));
  }
  invalid(await moderator.get('/moderation?status=lost'), 'status');
  problem(await moderator.get('/moderation?status=pending&cursor=nonsense'), 'invalid_cursor');
  for (const [method, path, body] of [['GET', '/moderation'], ['POST', `/moderation/${item.id}`, { decision: 'approve' }]]) {
    problem(await server.fetch(INTERNAL + path, { method, body }), 'unauthenticated');
    for (const roles of [[], ['premium']]) {
      problem(await server.fetch(INTERNAL + path, { method, body, token: server.user('x', { roles }).token }), 'forbidden');
    }
  }
  for (const role of ['service', 'admin']) ok(await server.internal(role).get('/moderation?status=pending'));
});
