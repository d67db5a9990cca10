// The configured sizes: texts, payloads, participants.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nacked } from '../harness/client.js';
import { invalid, ok, problem } from '../harness/rest.js';
import { RawSocket } from '../harness/raw.js';
import { say, useServer } from '../harness/server.js';

const small = await useServer({ CHAT_MAX_CONTENT_CHARS: '10', CHAT_MAX_PAYLOAD: '4096', CHAT_MAX_PARTICIPANTS: '3' });
const large = await useServer({ CHAT_MAX_CONTENT_CHARS: '10000' });

test('the length of a text is counted in characters, after sanitising', async () => {
  const { a, thread } = await small.pair();
  const alice = await a.connect();
  for (const content of ['x'.repeat(10), '😀'.repeat(10), `\u0000${'x'.repeat(10)}`]) {
    await say(alice, { threadId: thread }, content);
  }
  nacked(await alice.ask('private_message', { threadId: thread, content: 'x'.repeat(11) }), 'validation_failed');
  invalid(await a.post(`/threads/${thread}/messages`, { content: '😀'.repeat(11) }), 'content');
});

test('a text has at most 16 KiB of UTF-8, whatever its length', async () => {
  const { a, thread } = await large.pair();
  const alice = await a.connect();
  await say(alice, { threadId: thread }, 'x'.repeat(10_000));
  await say(alice, { threadId: thread }, '😀'.repeat(4096));
  nacked(await alice.ask('private_message', { threadId: thread, content: '😀'.repeat(4097) }), 'validation_failed');
  invalid(await a.post(`/threads/${thread}/messages`, { content: '😀'.repeat(4097) }), 'content');
});

test('the payload limit is announced, and holds for bodies, frames and polls', async () => {
  const { token, ...alice } = small.user('alice');
  const raw = await RawSocket.joined(small, token);
  const open = JSON.parse(raw.packets.find((packet) => packet.startsWith('0{')).slice(1));
  assert.equal(open.maxPayload, 4096);
  raw.send(`42["ping","${'x'.repeat(4096)}"]`);
  await raw.end();
  problem(await alice.post('/threads', { participantIds: ['x'.repeat(4096)] }), 'payload_too_large');
  const polled = await small.fetch('/socket.io/?EIO=4&transport=polling');
  const { sid } = JSON.parse(polled.text.slice(1));
  const posted = await small.fetch(`/socket.io/?EIO=4&transport=polling&sid=${sid}`, {
    method: 'POST', raw: `4${'x'.repeat(4096)}`, contentType: 'text/plain;charset=UTF-8',
  });
  assert.equal(posted.status, 413);
});

test('a frame whose header declares too much is refused before it is sent', async () => {
  const raw = await RawSocket.joined(small, small.user('alice').token);
  // A masked text frame that claims 2^40 bytes, and of which nothing follows.
  raw.socket._socket.write(Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]));
  await raw.end();
});

test('the number of participants', async () => {
  const admin = small.user('admin', { roles: ['admin'] });
  const ids = ['p-1', 'p-2', 'p-3', 'p-4'];
  ok(await admin.post('/threads', { participantIds: ids.slice(0, 3) }), 201);
  invalid(await admin.post('/threads', { participantIds: ids }), 'participantIds');
});
