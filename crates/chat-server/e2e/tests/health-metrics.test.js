// `/health/live`, `/health/ready`, `/metrics`, `/docs`, and what production does not serve.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { say, useServer } from '../harness/server.js';

const server = await useServer();

test('live and ready', async () => {
  for (const path of ['/health/live', '/health/ready']) {
    assert.equal((await server.fetch(path)).status, 200, path);
  }
});

test('metrics are Prometheus text, and name no user, thread or text', async () => {
  const { a, thread } = await server.pair('metric-canary');
  const alice = await a.connect();
  await say(alice, { threadId: thread }, 'metric-canary-text');
  await a.history(thread);
  const response = await server.fetch('/metrics');
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/plain/);
  assert.match(response.text, /^# TYPE \S+ (counter|gauge|histogram|summary)$/m);
  for (const line of response.text.split('\n').filter(Boolean)) {
    assert.match(line, /^(# (HELP|TYPE|EOF|UNIT)\b.*|[a-zA-Z_:][\w:]*(\{.*\})? [-+0-9.eEinfINFaN]+( \d+)?)$/, line);
  }
  for (const secret of ['metric-canary', thread, a.id]) assert.ok(!response.text.includes(secret), secret);
});

test('the metrics count what happens', async () => {
  const total = async () => (await server.fetch('/metrics')).text.split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .reduce((sum, line) => sum + (Number(line.split(' ').at(-1)) || 0), 0);
  const { a, thread } = await server.pair();
  const before = await total();
  await a.send(thread, 'counted');
  assert.notEqual(await total(), before);
});

test('the API browser is served whole, from this server alone', async () => {
  let response = await server.fetch('/docs');
  if ([301, 302, 307, 308].includes(response.status)) {
    response = await server.fetch(new URL(response.headers.get('location'), `${server.url}/docs`).pathname);
  }
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/html/);
  assert.doesNotMatch(response.text, /(src|href)="(https?:)?\/\//, 'something is loaded from elsewhere');
});

test('production has no demo page and gives out no tokens', async () => {
  assert.equal((await server.fetch('/')).status, 404);
  assert.equal((await server.fetch('/dev/token', { method: 'POST', body: { userId: 'alice' } })).status, 404);
});
