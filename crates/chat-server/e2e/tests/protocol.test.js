// Packets that break the protocol close their connection, and nobody else's.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawSocket } from '../harness/raw.js';
import { acked } from '../harness/client.js';
import { useServer } from '../harness/server.js';

const server = await useServer();
const { token } = server.user('raw');

const BREAKING = {
  'an unknown packet type': '9',
  'an empty frame': '',
  'a ping from the client': '2',
  'a Socket.IO packet of no type': '4',
  'an event that is no array': '42{}',
  'an event without a name': '42[]',
  'broken JSON': '42["ping",',
  'a reserved event': '42["disconnect"]',
  'a second CONNECT': `40${JSON.stringify({ token })}`,
  'a binary event': '451-["private_message",{"_placeholder":true,"num":0}]',
  'a frame beyond the limit': `42["ping","${'x'.repeat(70_000)}"]`,
};

for (const [what, packet] of Object.entries(BREAKING)) {
  test(`${what} closes the connection`, async () => {
    const bystander = await server.user('bystander').connect();
    const raw = await RawSocket.joined(server, token);
    raw.send(packet);
    await raw.end();
    acked(await bystander.ask('ping', {}));
  });
}

test('an event before CONNECT closes the connection', async () => {
  const raw = new RawSocket(server);
  await raw.next((packet) => packet.startsWith('0{'));
  raw.send('42["ping",{}]');
  await raw.end();
});

test('the handshake announces the limits, and an empty list of upgrades on WebSocket', async () => {
  const raw = new RawSocket(server);
  const open = JSON.parse((await raw.next((packet) => packet.startsWith('0{'))).slice(1));
  assert.deepEqual(Object.keys(open).sort(), ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
  assert.deepEqual([open.maxPayload, open.pingInterval, open.pingTimeout, open.upgrades], [65_536, 25_000, 20_000, []]);
  const polled = await server.fetch('/socket.io/?EIO=4&transport=polling');
  assert.deepEqual(JSON.parse(polled.text.slice(1)).upgrades, ['websocket']);
});

test('requests that break the handshake get a JSON error', async () => {
  const errors = [['EIO=3&transport=polling', 5], ['EIO=4&transport=carrier', 0], ['EIO=4&transport=polling&sid=unknown', 1],
    ['EIO=4&transport=polling&sid=__proto__', 1]];
  for (const [query, code] of errors) {
    const response = await server.fetch(`/socket.io/?${query}`);
    assert.equal(response.status, 400);
    assert.equal(response.body.code, code);
  }
  const posted = await server.fetch('/socket.io/?EIO=4&transport=polling', { method: 'POST', raw: '40', contentType: 'text/plain' });
  assert.deepEqual([posted.status, posted.body.code], [400, 2]);
});

test('a polling body beyond the limit', async () => {
  const open = await server.fetch('/socket.io/?EIO=4&transport=polling');
  const { sid } = JSON.parse(open.text.slice(1));
  const response = await server.fetch(`/socket.io/?EIO=4&transport=polling&sid=${sid}`, {
    method: 'POST', raw: `4${'x'.repeat(70_000)}`, contentType: 'text/plain;charset=UTF-8',
  });
  assert.equal(response.status, 413);
});

test('no JSONP', async () => {
  const response = await server.fetch('/socket.io/?EIO=4&transport=polling&j=0');
  assert.doesNotMatch(response.text, /___eio/);
});
