// The profile mirror, erasing a user, and exporting what is stored of one.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { INTERNAL, invalid, ok, problem } from '../harness/rest.js';
import { useServer } from '../harness/server.js';
import { NOBODYS_ID, exactly } from '../harness/shapes.js';

const server = await useServer();
const service = server.internal();

test('a profile is shown in the thread; what is not given stays, null clears', async () => {
  const { a, b, thread } = await server.pair();
  const profile = async () => {
    const { displayName, avatarUrl, deleted } = await a.participant(thread, b.id);
    return { displayName, avatarUrl, deleted };
  };
  assert.deepEqual(await profile(), { displayName: null, avatarUrl: null, deleted: false });
  ok(await service.put(`/users/${b.id}`, { displayName: 'Bob', avatarUrl: 'https://pictures.example/bob.png' }), 204);
  assert.deepEqual(await profile(), { displayName: 'Bob', avatarUrl: 'https://pictures.example/bob.png', deleted: false });
  ok(await service.put(`/users/${b.id}`, { premium: true }), 204);
  ok(await service.put(`/users/${b.id}`, { displayName: 'Robert' }), 204);
  assert.deepEqual(await profile(), { displayName: 'Robert', avatarUrl: 'https://pictures.example/bob.png', deleted: false });
  ok(await service.put(`/users/${b.id}`, { avatarUrl: null }), 204);
  assert.deepEqual(await profile(), { displayName: 'Robert', avatarUrl: null, deleted: false });
});

test('a deleted author keeps an opaque id and loses name and picture', async () => {
  const { a, b, thread } = await server.pair();
  await b.send(thread, 'hello');
  ok(await service.put(`/users/${b.id}`, { displayName: 'Bob', avatarUrl: 'https://pictures.example/bob.png' }), 204);
  ok(await service.put(`/users/${b.id}`, { deleted: true }), 204);
  const shown = await a.participant(thread, b.id);
  assert.deepEqual([shown.deleted, shown.displayName, shown.avatarUrl], [true, 'Deleted user', null]);
  assert.equal((await a.history(thread))[0].fromUserId, b.id);
});

test('profiles of the wrong shape are refused', async () => {
  for (const body of [[], null, 'text', { displayName: 7 }, { deleted: 'yes' }, { premium: 1 }, { nickname: 'B' },
    { avatarUrl: 'javascript:alert(1)' }, { displayName: 'x'.repeat(10_000) }]) {
    invalid(await service.put('/users/somebody', body));
  }
  invalid(await service.put('/users/no%20spaces', { displayName: 'x' }));
});

/** Waits for the end of a job and returns what it says: the rows it emptied, and what a second look found. */
const finished = (jobId) => until(async () => {
  const job = ok(await service.get(`/jobs/${jobId}`));
  exactly(job, 'id', 'state', 'counts', 'remaining');
  return job.state === 'done' && job;
}, { timeout: 15_000, what: `job ${jobId} is done` });

const total = (counts) => Object.values(counts).reduce((sum, rows) => sum + rows, 0);

test('erasing empties what the user wrote, keeps the places, and a second look finds nothing', async () => {
  const { a, b, thread } = await server.pair();
  ok(await service.put(`/users/${b.id}`, { displayName: 'Bobby Canary' }), 204);
  await a.send(thread, 'from alice');
  await b.send(thread, 'canary-erased-text', { metadata: { canary: 'canary-erased-metadata' } });
  ok(await b.put('/blocks/somebody'), 204);
  ok(await b.post('/reports', { userId: a.id, reason: 'other', details: 'canary-erased-report' }), 201);
  const { jobId } = ok(await service.delete(`/users/${b.id}`), 202);
  const job = await finished(jobId);
  assert.ok(total(job.counts) >= 4, `a message, a profile, a block and a report: ${JSON.stringify(job.counts)}`);
  assert.deepEqual(Object.keys(job.remaining).sort(), Object.keys(job.counts).sort());
  assert.equal(total(job.remaining), 0, JSON.stringify(job.remaining));

  const history = await a.history(thread);
  assert.deepEqual(history.map((m) => [m.seq, m.content, m.metadata]), [[2, '', null], [1, 'from alice', null]]);
  const shown = await a.participant(thread, b.id);
  assert.ok(shown === undefined || shown.displayName !== 'Bobby Canary');
  const exported = await service.get(`/users/${b.id}/export`);
  assert.doesNotMatch(exported.text, /canary/i);
  const queue = ok(await server.internal('moderator').get('/moderation?status=pending'));
  assert.doesNotMatch(JSON.stringify(queue), /canary-erased/);

  const again = await finished(ok(await service.delete(`/users/${b.id}`), 202).jobId);
  assert.deepEqual([total(again.counts), total(again.remaining)], [0, 0], JSON.stringify(again));
});

test('the export holds all that is stored of the user, one JSON value a line', async () => {
  const { a, b, thread } = await server.pair();
  ok(await service.put(`/users/${b.id}`, { displayName: 'Bob Export' }), 204);
  ok(await b.put('/blocks/blocked-by-export'), 204);
  ok(await b.post('/reports', { userId: a.id, reason: 'other', details: 'reported-by-export' }), 201);
  for (let n = 0; n < 120; n += 1) await b.send(thread, `exported ${n}.`);
  await a.send(thread, 'not-mine-to-export');
  const response = await service.get(`/users/${b.id}/export`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^application\/x-ndjson/);
  const lines = response.text.trim().split('\n');
  lines.forEach((line) => JSON.parse(line));
  for (let n = 0; n < 120; n += 1) {
    assert.equal(lines.filter((line) => line.includes(`exported ${n}.`)).length, 1, `message ${n}`);
  }
  for (const word of ['Bob Export', 'blocked-by-export', 'reported-by-export', thread]) {
    assert.ok(response.text.includes(word), `${word} is missing`);
  }
  assert.ok(!response.text.includes('not-mine-to-export'), "another user's text");
});

test('an unknown job', async () => {
  problem(await service.get(`/jobs/${NOBODYS_ID}`), 'not_found');
});

test('all of it is for services and admins', async () => {
  const calls = [['PUT', '/users/bob'], ['DELETE', '/users/bob'], ['GET', '/users/bob/export'], ['GET', `/jobs/${NOBODYS_ID}`]];
  for (const [method, path] of calls) {
    const body = method === 'PUT' ? {} : undefined;
    problem(await server.fetch(INTERNAL + path, { method, body }), 'unauthenticated');
    for (const roles of [[], ['moderator'], ['premium']]) {
      const { token } = server.user('bob', { roles });
      problem(await server.fetch(INTERNAL + path, { method, body, token }), 'forbidden');
    }
  }
  ok(await server.internal('admin').put('/users/bob', {}), 204);
});
