// `private_message`: what is stored, who hears of it, and every refusal.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { acked, nacked } from '../harness/client.js';
import { ok } from '../harness/rest.js';
import { barrier, say, useServer } from '../harness/server.js';
import { MARKUP, NOBODYS_ID, isMessage, isThread } from '../harness/shapes.js';

const server = await useServer();

test('a message is acked, reaches the recipient and is in the history', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const ack = acked(await alice.ask('private_message', {
    threadId: thread, content: 'hello', metadata: { mood: 'good' }, clientMessageId: 'c-1',
  }));
  assert.deepEqual(Object.keys(ack).sort(), ['message', 'ok']);
  const message = isMessage(ack.message);
  assert.equal(message.threadId, thread);
  assert.equal(message.seq, 1);
  assert.equal(message.fromUserId, a.id);
  assert.equal(message.toUserId, b.id);
  assert.equal(message.content, 'hello');
  assert.deepEqual(message.metadata, { mood: 'good' });
  assert.equal(message.clientMessageId, 'c-1');
  assert.equal(message.read, false);

  const received = isMessage(await bob.next('message'));
  assert.equal(received.id, message.id);
  assert.equal(received.seq, 1);
  assert.equal(received.content, 'hello');
  assert.ok(!('clientMessageId' in received), 'the client message id is for its sender only');

  const [stored] = await b.history(thread);
  assert.equal(stored.id, message.id);
  assert.equal(stored.createdAt, message.createdAt);
  assert.ok(!('clientMessageId' in stored));
  assert.equal((await a.history(thread))[0].clientMessageId, 'c-1');
});

test('metadata that was not given is null', async () => {
  const { a, thread } = await server.pair();
  const message = await say(await a.connect(), { threadId: thread }, 'bare');
  assert.equal(message.metadata, null);
  assert.ok(!('clientMessageId' in message));
});

test("the sender's other sockets get the message, the sending one does not, nobody twice", async () => {
  const { a, b, thread } = await server.pair();
  const [phone, laptop, bob] = await Promise.all([a.connect(), a.connect(), b.connect()]);
  const message = await say(phone, { threadId: thread }, 'from the phone', { clientMessageId: 'p-1' });
  const echoed = await laptop.next('message');
  assert.equal(echoed.id, message.id);
  assert.equal(echoed.clientMessageId, 'p-1');
  await bob.next('message');

  const reply = await say(bob, { threadId: thread }, 'reply');
  for (const client of [phone, laptop]) {
    await client.next('message', (m) => m.id === reply.id);
  }
  assert.deepEqual(phone.seen('message').map((m) => m.id), [reply.id]);
  assert.deepEqual(laptop.seen('message').map((m) => m.id), [message.id, reply.id]);
  assert.deepEqual(bob.seen('message').map((m) => m.id), [message.id]);
});

test('toUserId finds the thread of the pair', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  const first = await say(alice, { toUserId: b.id }, 'one');
  const second = await say(alice, { threadId: thread }, 'two');
  assert.equal(first.threadId, thread);
  assert.deepEqual([first.seq, second.seq], [1, 2]);
  assert.ok(second.version > first.version);
});

test('toUserId opens the thread when an admin writes to somebody new, and says so to both', async () => {
  const admin = server.user('admin', { roles: ['admin'] });
  const bob = server.user('bob');
  const [adminClient, bobClient] = await Promise.all([admin.connect(), bob.connect()]);
  const message = await say(adminClient, { toUserId: bob.id }, 'welcome');
  for (const client of [adminClient, bobClient]) {
    const thread = isThread(await client.next('thread_created'));
    assert.equal(thread.id, message.threadId);
    assert.deepEqual(thread.participants.map((p) => p.userId).sort(), [admin.id, bob.id].sort());
  }
  assert.equal((await bobClient.next('message')).id, message.id);
});

test('strangers may not chat, and the answer does not say why', async () => {
  const [a, stranger] = [server.user('alice'), server.user('stranger')];
  const alice = await a.connect();
  const unmatched = nacked(await alice.ask('private_message', { toUserId: stranger.id, content: 'hi' }), 'chat_not_allowed');
  const { b } = await pairOf(a);
  ok(await b.put(`/blocks/${a.id}`), 204);
  const blocked = nacked(await alice.ask('private_message', { toUserId: b.id, content: 'hi' }), 'chat_not_allowed');
  assert.equal(unmatched.message, blocked.message);
  assert.deepEqual((await a.history((await server.match(a, b)).id)), []);
});

test('a block in either direction stops messages in an existing thread; an unblock replays nothing', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  await say(alice, { threadId: thread }, 'before');
  ok(await b.put(`/blocks/${a.id}`), 204);
  nacked(await alice.ask('private_message', { threadId: thread, content: 'blocked' }), 'chat_not_allowed');
  nacked(await bob.ask('private_message', { threadId: thread, content: 'blocker' }), 'chat_not_allowed');
  assert.equal((await a.history(thread)).length, 1, 'history stays readable');
  ok(await b.delete(`/blocks/${a.id}`), 204);
  await say(alice, { threadId: thread }, 'after');
  await bob.next('message', (m) => m.content === 'after');
  assert.deepEqual(bob.seen('message').map((m) => m.content), ['before', 'after']);
  assert.deepEqual(bob.seen('message').map((m) => m.seq), [1, 2]);
});

test('a match taken back stops messages, history stays', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  await say(alice, { threadId: thread }, 'before');
  ok(await server.internal().delete(`/matches/${a.id}/${b.id}`), 204);
  nacked(await alice.ask('private_message', { threadId: thread, content: 'after' }), 'chat_not_allowed');
  nacked(await alice.ask('private_message', { toUserId: b.id, content: 'after' }), 'chat_not_allowed');
  assert.equal((await b.history(thread)).length, 1);
});

test('in a group, everybody but the sender hears of a message, and toUserId is null', async () => {
  const { members, thread } = await server.group(3);
  const clients = await Promise.all(members.map((m) => m.connect()));
  const message = await say(clients[0], { threadId: thread }, 'all of you');
  assert.equal(message.toUserId, null);
  assert.equal((await clients[1].next('message')).id, message.id);
  assert.equal((await clients[2].next('message')).id, message.id);
  await barrier(clients[0], members[1], thread);
  assert.ok(!clients[0].seen('message').some((m) => m.id === message.id));
});

test('a retry with a known client message id writes and emits nothing', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob, laptop] = await Promise.all([a.connect(), b.connect(), a.connect()]);
  const payload = { threadId: thread, content: 'once', clientMessageId: 'only-once' };
  const first = acked(await alice.ask('private_message', payload));
  assert.ok(!('duplicate' in first));
  const again = acked(await alice.ask('private_message', payload));
  assert.equal(again.duplicate, true);
  assert.equal(again.message.id, first.message.id);
  assert.equal(again.message.seq, first.message.seq);
  const byRest = ok(await a.post(`/threads/${thread}/messages`, { content: 'once', clientMessageId: 'only-once' }), 200);
  assert.equal(byRest.id, first.message.id);
  await barrier(bob, a, thread);
  await barrier(laptop, a, thread);
  for (const client of [bob, laptop]) {
    assert.equal(client.seen('message').filter((m) => m.id === first.message.id).length, 1);
  }
  assert.equal((await a.history(thread)).length, 3, 'the message and two barriers');
});

test('the same client message id with another text is a conflict', async () => {
  const { a, thread } = await server.pair();
  const alice = await a.connect();
  await say(alice, { threadId: thread }, 'one', { clientMessageId: 'same' });
  nacked(await alice.ask('private_message', { threadId: thread, content: 'two', clientMessageId: 'same' }), 'conflict');
  assert.equal((await a.history(thread)).length, 1);
});

test('a client message id is unique per sender and thread only', async () => {
  const { a, b, thread } = await server.pair();
  const { thread: other } = await pairOf(a);
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const ids = new Set();
  for (const [client, threadId] of [[alice, thread], [bob, thread], [alice, other]]) {
    ids.add((await say(client, { threadId }, `text in ${threadId}`, { clientMessageId: 'shared' })).id);
  }
  assert.equal(ids.size, 3);
});

test('client message ids have 1 to 64 characters', async () => {
  const { a, thread } = await server.pair();
  const alice = await a.connect();
  await say(alice, { threadId: thread }, 'short', { clientMessageId: 'x' });
  await say(alice, { threadId: thread }, 'long', { clientMessageId: 'x'.repeat(64) });
  for (const clientMessageId of ['', 'x'.repeat(65), 'a\u0000b', 7]) {
    nacked(await alice.ask('private_message', { threadId: thread, content: 'hi', clientMessageId }), 'validation_failed');
  }
  assert.equal((await a.history(thread)).length, 2);
});

test('a thread one is no part of, or that nobody has', async () => {
  const { thread } = await server.pair();
  const outsider = await server.user('outsider').connect();
  nacked(await outsider.ask('private_message', { threadId: thread, content: 'hi' }), 'not_participant');
  nacked(await outsider.ask('private_message', { threadId: NOBODYS_ID, content: 'hi' }), 'thread_not_found');
});

test('payloads of the wrong shape are refused and the socket goes on', async () => {
  const { a, b, thread } = await server.pair();
  const alice = await a.connect();
  const wrong = [
    null, 'text', 7, [], {},
    { content: 'no address' },
    { threadId: thread, toUserId: b.id, content: 'two addresses' },
    { threadId: thread },
    { threadId: thread, content: null },
    { threadId: thread, content: 7 },
    { threadId: thread, content: ['a'] },
    { threadId: 'not-an-id', content: 'hi' },
    { threadId: 7, content: 'hi' },
    { toUserId: '', content: 'hi' },
    { toUserId: 'x'.repeat(129), content: 'hi' },
    { toUserId: 'no spaces allowed', content: 'hi' },
    { threadId: thread, content: 'hi', surprise: true },
    { threadId: thread, content: 'hi', metadata: 'text' },
    { threadId: thread, content: 'hi', metadata: ['list'] },
  ];
  for (const payload of wrong) {
    nacked(await alice.ask('private_message', payload), 'validation_failed');
  }
  await say(alice, { threadId: thread }, 'still here');
  assert.equal((await a.history(thread)).length, 1);
});

test('texts: empty, only markup and too long are refused, 4000 characters are not', async () => {
  const { a, thread } = await server.pair();
  const alice = await a.connect();
  for (const content of ['', '   \n\t ', '\u0000\u0001', '<b></b>', 'x'.repeat(4001), '😀'.repeat(4001)]) {
    nacked(await alice.ask('private_message', { threadId: thread, content }), 'validation_failed');
  }
  for (const content of ['x'.repeat(4000), '😀'.repeat(4000)]) {
    assert.equal((await say(alice, { threadId: thread }, content)).content, content);
  }
});

test('ordinary text survives to the character', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const texts = ['Tom & Jerry', '1 < 2', 'I <3 you', 'a > b', '"quoted" and \'single\'', '👨‍👩‍👧‍👦 ❤️', 'שלום עולם', 'مرحبا',
    'tab\tand\nline', 'naïve café', '100% & <= 5'];
  for (const content of texts) {
    assert.equal((await say(alice, { threadId: thread }, content)).content, content);
    assert.equal((await bob.next('message')).content, content);
  }
  assert.deepEqual((await b.history(thread)).map((m) => m.content).reverse(), texts);
});

test('markup never gets in, alone or with anything after it', async () => {
  const { a, thread } = await server.pair();
  const alice = await a.connect();
  const texts = [
    '<script>alert(1)</script>hello', 'hello <img src=x onerror=alert(1)>', '<b>hello</b>', 'hello <!-- there -->',
    'hello</p>', '<svg/onload=alert(1)>hello', 'hello <', 'hello <scr<script>ipt>alert(1)</scr</script>ipt>',
    '<a href="javascript:alert(1)">hello</a>', 'hello <?php', '<<b>b>hello', 'hello <\u0000b>', 'hello <\u0001img src=x>',
  ];
  for (const content of texts) {
    const stored = (await say(alice, { threadId: thread }, content)).content;
    assert.doesNotMatch(stored, MARKUP, `${content} became ${stored}`);
    assert.match(stored, /hello/);
    assert.equal((await say(alice, { threadId: thread }, stored)).content, stored, 'sanitising twice changes nothing');
  }
});

test('control characters are removed, tab and line feed stay', async () => {
  const { a, thread } = await server.pair();
  const message = await say(await a.connect(), { threadId: thread }, 'a\u0000b\u0007c\u001bd\u007fe\tf\ng\u0085h');
  assert.equal(message.content, 'abcde\tf\ngh');
});

test('metadata: sanitised, bounded in size and depth', async () => {
  const nest = (levels) => (levels === 1 ? {} : { in: nest(levels - 1) });
  const { a, thread } = await server.pair();
  const alice = await a.connect();
  const message = await say(alice, { threadId: thread }, 'with metadata', {
    metadata: { note: '<img src=x onerror=alert(1)>fine', list: ['<b>x</b>', 1, true, null], plain: 'Tom & Jerry' },
  });
  assert.doesNotMatch(message.metadata.note, MARKUP);
  assert.doesNotMatch(message.metadata.list[0], MARKUP);
  assert.deepEqual(message.metadata.list.slice(1), [1, true, null]);
  assert.equal(message.metadata.plain, 'Tom & Jerry');
  assert.deepEqual((await say(alice, { threadId: thread }, 'deep', { metadata: nest(8) })).metadata, nest(8));
  for (const metadata of [nest(10), { big: 'x'.repeat(4097) }]) {
    nacked(await alice.ask('private_message', { threadId: thread, content: 'hi', metadata }), 'validation_failed');
  }
});

test('metadata.moderation belongs to the server', async () => {
  const { a, thread } = await server.pair();
  const alice = await a.connect();
  const ack = await alice.ask('private_message', {
    threadId: thread, content: 'nice try', metadata: { moderation: { approved: 'by me' } },
  });
  if (ack.ok) assert.doesNotMatch(JSON.stringify(ack.message), /by me/);
  else nacked(ack, 'validation_failed');
});

test('without an ack, a refusal comes as chat_error', async () => {
  const { a, thread } = await server.pair();
  const alice = await a.connect();
  alice.tell('private_message', { threadId: thread, content: '', clientMessageId: 'quiet' });
  const error = await alice.next('chat_error');
  assert.equal(error.event, 'private_message');
  assert.equal(error.code, 'validation_failed');
  assert.equal(typeof error.message, 'string');
  assert.equal(error.clientMessageId, 'quiet');
  alice.tell('private_message', { threadId: NOBODYS_ID, content: 'hi' });
  const second = await alice.next('chat_error');
  assert.equal(second.code, 'thread_not_found');
  assert.ok(!('clientMessageId' in second));
});

test('without an ack, a message is stored and delivered all the same', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  alice.tell('private_message', { threadId: thread, content: 'no ack wanted' });
  assert.equal((await bob.next('message')).content, 'no ack wanted');
  assert.equal(alice.seen('chat_error').length, 0);
});

test('the events of one socket are handled in the order they came', async () => {
  const { a, b, thread } = await server.pair();
  const [alice, bob] = await Promise.all([a.connect(), b.connect()]);
  const texts = Array.from({ length: 100 }, (_, n) => `text ${n}`);
  const acks = await Promise.all(texts.map((content) => alice.ask('private_message', { threadId: thread, content })));
  assert.deepEqual(acks.map((ack) => acked(ack).message.seq), texts.map((_, n) => n + 1));
  await bob.next('message', (m) => m.seq === 100);
  assert.deepEqual(bob.seen('message').map((m) => m.content), texts);
});

async function pairOf(a) {
  const b = server.user('partner');
  return { b, thread: (await server.match(a, b)).id };
}
