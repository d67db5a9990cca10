// Engine.IO by hand over a bare WebSocket: for what the official client would never send.

import WebSocket from 'ws';

import { PATIENCE_MS, until } from './await.js';

export class RawSocket {
  constructor(server, { path = '/socket.io/?EIO=4&transport=websocket', headers = {}, origin } = {}) {
    this.packets = [];
    this.socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers, origin, perMessageDeflate: false });
    this.socket.on('message', (data) => {
      const packet = data.toString();
      if (packet === '2') this.socket.send('3');
      else this.packets.push(packet);
    });
    this.socket.on('close', (code) => { this.closed = { code }; });
    this.socket.on('unexpected-response', (_, response) => {
      this.refused = response.statusCode;
      response.destroy();
      this.closed = { code: 1006 };
    });
    this.socket.on('error', () => undefined);
  }

  /** Opens the session and joins the namespace. */
  static async joined(server, token) {
    const raw = new RawSocket(server);
    await raw.next((packet) => packet.startsWith('0{'));
    raw.send(`40${JSON.stringify({ token })}`);
    await raw.next((packet) => packet.startsWith('40{'));
    return raw;
  }

  send(packet) {
    this.socket.send(packet);
  }

  next(matches, timeout = PATIENCE_MS) {
    return until(() => this.packets.find(matches), { timeout, what: `packet; seen: ${this.packets.join(' | ').slice(0, 500)}` });
  }

  /** Waits until the server has closed the connection. */
  end(timeout = PATIENCE_MS) {
    return until(() => this.closed, { timeout, what: 'the server closes the connection' });
  }
}
