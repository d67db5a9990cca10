// Start-up: bad values, missing keys, development mode, subcommands, and the end.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { until } from '../harness/await.js';
import { acked } from '../harness/client.js';
import { CHATS, invalid, ok, problem } from '../harness/rest.js';
import { DEVELOPMENT, Server, freePort, run, scratch, useServer } from '../harness/server.js';
import { TIME } from '../harness/shapes.js';
import { tokenFor } from '../harness/token.js';

const JWT = /eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g;

const production = await useServer();
const development = await useServer(DEVELOPMENT);
const ownKey = await useServer({ CHAT_ENV: 'development' });

const BAD = {
  CHAT_BIND: ['nonsense', '127.0.0.1', '127.0.0.1:99999'],
  DATABASE_URL: ['mysql://localhost/chat', 'nonsense', ''],
  ENABLE_SOCKET_REDIS: ['yes', '1', 'TRUE!'],
  CHAT_MIGRATE: ['no', '0'],
  JWT_SECRET: ['too short'],
  JWT_PUBLIC_KEY_FILE: ['/does/not/exist.pem'],
  JWT_JWKS_FILE: ['/does/not/exist.json'],
  CHAT_ENV: ['staging', ''],
  CHAT_MESSAGE_RATE: ['-1', 'many', '1.5'],
  CHAT_MESSAGE_WINDOW_SECS: ['-1', 'x'],
  CHAT_EVENT_RATE: ['x'],
  CHAT_CONNECT_RATE: ['x'],
  CHAT_AUTH_FAILURES: ['x'],
  CHAT_REST_RATE: ['x'],
  CHAT_USER_MESSAGE_RATE: ['x'],
  CHAT_TRUSTED_PROXIES: ['nonsense', '10.0.0.0/99'],
  CHAT_CORS_ORIGINS: ['*', 'not an origin', 'https://app.example/path'],
  CHAT_MAX_SOCKETS_PER_USER: ['x'],
  CHAT_MAX_CONTENT_CHARS: ['0', 'x'],
  CHAT_MAX_PAYLOAD: ['0', 'x'],
  CHAT_MAX_PARTICIPANTS: ['1', 'x'],
  CHAT_PING_INTERVAL_MS: ['0', 'x'],
  CHAT_PING_TIMEOUT_MS: ['0', 'x'],
  CHAT_CONNECT_TIMEOUT_MS: ['0', 'x'],
  CHAT_MODERATION: ['strict'],
  CHAT_LOG_FORMAT: ['xml'],
  CHAT_LOG_CONTENT: ['all'],
  CHAT_EVENTS: ['pigeon', 'ftp://host/x'],
  CHAT_MASK_DELETED: ['everything'],
  CHAT_SHUTDOWN_SECS: ['x', '-1'],
};

for (const [variable, values] of Object.entries(BAD)) {
  test(`a bad ${variable} stops the start with exit code 2 and a line that names it`, async () => {
    for (const value of values) {
      const only = variable.startsWith('JWT_') && variable !== 'JWT_SECRET' ? { JWT_SECRET: undefined } : {};
      const { code, output, stderr } = await run([], { ...only, [variable]: value });
      assert.equal(code, 2, `${variable}=${value}: exit code ${code}\n${output}`);
      assert.ok(stderr.split('\n').some((line) => line.includes(variable)), `${variable}=${value}: ${output}`);
      if (variable === 'JWT_SECRET') assert.ok(!output.includes(value), 'the secret is in the output');
    }
  });
}

test('two kinds of keys at once, or Redis without an address', async () => {
  for (const env of [{ JWT_PUBLIC_KEY_FILE: '/does/not/exist.pem' }, { ENABLE_SOCKET_REDIS: 'true' }]) {
    const { code, output } = await run([], env);
    assert.equal(code, 2, output);
  }
});

test('production without a key refuses to start, in one clear line', async () => {
  const { code, stderr } = await run([], { JWT_SECRET: undefined });
  assert.equal(code, 2);
  assert.match(stderr, /JWT_SECRET/);
  assert.equal(stderr.trim().split('\n').length, 1, stderr);
});

test('development without a key is refused unless bound to loopback', async () => {
  const port = await freePort();
  const { code, stderr } = await run([], { ...DEVELOPMENT, CHAT_BIND: `0.0.0.0:${port}` });
  assert.equal(code, 2);
  assert.match(stderr, /CHAT_BIND|JWT_SECRET|loopback/);
});

test('development without a key: printed tokens work', async () => {
  const tokens = await until(() => development.output().match(JWT));
  for (const token of new Set(tokens)) ok(await development.fetch(`${CHATS}/threads`, { token }));
});

test('development without a key: POST /dev/token', async () => {
  const given = ok(await development.fetch('/dev/token', { method: 'POST', body: { userId: 'ann', roles: ['service'], ttlSecs: 60 } }));
  assert.deepEqual(Object.keys(given).sort(), ['expiresAt', 'token']);
  assert.match(given.expiresAt, TIME);
  assert.ok(Math.abs(Date.parse(given.expiresAt) - Date.now() - 60_000) < 10_000);
  const ben = ok(await development.fetch('/dev/token', { method: 'POST', body: { userId: 'ben' } })).token;
  const match = await development.fetch('/api/v1/internal/matches/ann/ben', { method: 'PUT', token: given.token });
  assert.equal(match.status, 201, match.text);
  problem(await development.fetch('/api/v1/internal/matches/ann/ben', { method: 'PUT', token: ben }), 'forbidden');
  await development.connect(ben);
  for (const body of [{}, { userId: '' }, { userId: 'a b' }, { userId: 'a', roles: ['wizard'] }, { userId: 'a', ttlSecs: -1 },
    { userId: 'a', extra: 1 }]) {
    invalid(await development.fetch('/dev/token', { method: 'POST', body }));
  }
});

test('development: the demo page is served, and its own page may connect', async () => {
  const page = await development.fetch('/');
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  const polled = await development.fetch('/socket.io/?EIO=4&transport=polling', { headers: { origin: 'http://localhost:3000' } });
  assert.equal(polled.status, 200, 'loopback origins pass in development');
});

test('development keys are random: no token is good for another run', async () => {
  const [token] = await until(() => development.output().match(JWT));
  problem(await ownKey.fetch(`${CHATS}/threads`, { token }), 'unauthenticated');
});

test('development with a key of its own gives out no tokens', async () => {
  assert.equal((await ownKey.fetch('/dev/token', { method: 'POST', body: { userId: 'ann' } })).status, 404);
  assert.equal(ownKey.output().match(JWT), null);
  ok(await ownKey.fetch(`${CHATS}/threads`, { token: tokenFor('ann') }));
});

test('the token subcommand makes tokens that the server takes', async () => {
  const { code, stdout, output } = await run(['token', '--user', 'tool', '--role', 'service', '--role', 'moderator', '--ttl', '60']);
  assert.equal(code, 0, output);
  const token = stdout.trim();
  assert.match(token, new RegExp(`^${JWT.source}$`));
  ok(await production.fetch('/api/v1/internal/events', { token }));
  ok(await production.fetch('/api/v1/internal/moderation?status=pending', { token }));
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.equal(claims.sub, 'tool');
  assert.deepEqual([...claims.roles].sort(), ['moderator', 'service']);
  assert.ok(Math.abs(claims.exp - Date.now() / 1000 - 60) < 10);
});

test('subcommands: openapi, migrate, --help, --version, and one that does not exist', async () => {
  const openapi = await run(['openapi']);
  assert.equal(openapi.code, 0, openapi.output);
  assert.match(openapi.stdout, /^openapi: ['"]?3\./m);
  for (const path of ['/api/v1/chats/threads', '/api/v1/internal/matches/']) assert.ok(openapi.stdout.includes(path), path);

  const folder = scratch();
  const migrated = await run(['migrate'], { DATABASE_URL: `sqlite://${folder}/new/chat.db` });
  assert.equal(migrated.code, 0, migrated.output);
  assert.ok(existsSync(join(folder, 'new', 'chat.db')));

  const help = await run(['--help']);
  assert.equal(help.code, 0);
  for (const word of ['serve', 'migrate', 'token', 'openapi']) assert.ok(help.stdout.includes(word), word);
  const version = await run(['--version']);
  assert.deepEqual([version.code, /\d+\.\d+\.\d+/.test(version.stdout)], [0, true]);
  assert.equal((await run(['no-such-command'])).code, 2);
});

test('CHAT_MIGRATE=false leaves the database alone; after migrate the server starts', async () => {
  const folder = scratch();
  const server = new Server(await freePort(), folder, { CHAT_MIGRATE: 'false' });
  const { code, output } = await run(['migrate'], { DATABASE_URL: `sqlite://${folder}/chat.db` });
  assert.equal(code, 0, output);
  await server.start();
  const { a, thread } = await server.pair();
  await a.send(thread, 'hello');
  await server.stop();
});

test('SIGTERM and SIGINT: exit 0, and the clients come back by themselves', async () => {
  const server = new Server(await freePort(), scratch(), {});
  await server.start();
  const { a, thread } = await server.pair();
  const client = await a.connect({ reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 300 });
  const acks = Promise.all(Array.from({ length: 20 }, (_, n) =>
    client.ask('private_message', { threadId: thread, content: `in flight ${n}`, clientMessageId: `f-${n}` }).catch(() => undefined)));
  acked(await client.ask('ping', {}));
  assert.deepEqual(await server.terminate(), { code: 0, signal: null });
  assert.notEqual(await client.disconnected(), 'io server disconnect', 'after this reason the client would not reconnect');
  await server.start();
  await until(() => client.socket.connected, { timeout: 10_000 });
  const stored = new Set((await a.history(thread)).map((m) => m.id));
  for (const ack of (await acks).filter((ack) => ack?.ok)) assert.ok(stored.has(ack.message.id), 'an acked message is lost');
  assert.deepEqual(await server.terminate('SIGINT'), { code: 0, signal: null });
  await server.stop();
});
