// `GET /events`: what other services are told, in order, and what never is.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { INTERNAL, invalid, ok, problem } from '../harness/rest.js';
import { useServer } from '../harness/server.js';
import { exactly } from '../harness/shapes.js';

const server = await useServer();
const service = server.internal();

/** All events so far, from the first page to the last. */
async function events(limit = 100) {
  const all = [];
  for (let after = null; ;) {
    const page = ok(await service.get(`/events?${new URLSearchParams({ limit, ...(after && { after }) })}`));
    exactly(page, 'items', 'nextCursor');
    assert.ok(page.items.length <= limit);
    all.push(...page.items);
    if (page.nextCursor === null) return all;
    after = page.nextCursor;
  }
}

const about = (items, type, ...ids) =>
  items.filter((e) => JSON.stringify(e).includes(`"${type}"`) && ids.every((id) => JSON.stringify(e).includes(`"${id}"`)));

test('a recipient who is offline: one notification, without the text', async () => {
  const { a, b, thread } = await server.pair();
  const message = await a.send(thread, 'canary-notification-text', { metadata: { canary: 'canary-notification-metadata' } });
  const [event] = await until(async () => {
    const found = about(await events(), 'chat.message', message.id);
    return found.length > 0 && found;
  }, { timeout: 10_000, every: 200 });
  const text = JSON.stringify(event);
  for (const id of [thread, message.id, a.id, b.id]) assert.ok(text.includes(`"${id}"`), `${id} is missing in ${text}`);
  assert.ok(event.id);
  assert.doesNotMatch(text, /canary/);
});

test('a recipient who got the message, or a retry, causes none', async () => {
  const { a, b, thread } = await server.pair();
  const { a: c, thread: other } = await server.pair();
  const bob = await b.connect();
  const got = await a.send(thread, 'delivered', { clientMessageId: 'n-1' });
  await bob.next('message');
  ok(await a.post(`/threads/${thread}/messages`, { content: 'delivered', clientMessageId: 'n-1' }), 200);
  const waiting = await c.send(other, 'waiting', { clientMessageId: 'n-2' });
  ok(await c.post(`/threads/${other}/messages`, { content: 'waiting', clientMessageId: 'n-2' }), 200);
  // The one that waits is told after the grace: by then the other one would have been told too.
  await until(async () => about(await events(), 'chat.message', waiting.id).length > 0, { timeout: 10_000, every: 200 });
  const all = await events();
  assert.equal(about(all, 'chat.message', got.id).length, 0);
  assert.equal(about(all, 'chat.message', waiting.id).length, 1);
});

test('thread.created, report.created and message.flagged are told once, with their ids', async () => {
  const { a, b, thread } = await server.pair();
  const message = await a.send(thread, 'you fucking asshole, fuck you');
  const report = ok(await b.post('/reports', { messageId: message.id, reason: 'harassment', details: 'canary-report-details' }), 201);
  const all = await until(async () => {
    const items = await events();
    return about(items, 'report.created', report.id).length > 0 && items;
  });
  assert.equal(about(all, 'thread.created', thread).length, 1);
  assert.equal(about(all, 'message.flagged', message.id).length, 1);
  assert.equal(about(all, 'report.created', report.id).length, 1);
  assert.doesNotMatch(JSON.stringify(all), /asshole|canary/);
});

test('pages: in order, none twice, from where one has stopped', async () => {
  const { thread } = await server.pair();
  const { thread: later } = await server.pair();
  const whole = await until(async () => {
    const all = await events();
    return about(all, 'thread.created', later).length > 0 && all;
  });
  const inPages = await events(1);
  assert.deepEqual(inPages.slice(0, whole.length).map((e) => e.id), whole.map((e) => e.id));
  assert.equal(new Set(inPages.map((e) => e.id)).size, inPages.length);
  const position = (id) => whole.findIndex((e) => about([e], 'thread.created', id).length);
  assert.ok(position(thread) >= 0 && position(thread) < position(later));
});

test('refusals', async () => {
  invalid(await service.get('/events?limit=0'), 'limit');
  problem(await service.get('/events?after=nonsense%21'), 'invalid_cursor');
  problem(await server.fetch(`${INTERNAL}/events`), 'unauthenticated');
  for (const roles of [[], ['moderator']]) {
    problem(await server.fetch(`${INTERNAL}/events`, { token: server.user('somebody', { roles }).token }), 'forbidden');
  }
});
