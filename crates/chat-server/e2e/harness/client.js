// A Socket.IO client whose events and acks can be awaited: the official one, wrapped.

import assert from 'node:assert/strict';
import { io } from 'socket.io-client';

import { PATIENCE_MS, until, within } from './await.js';

export class Client {
  #taken = new Set();

  constructor(url, options) {
    /** Every event that came, in order: `{ name, payload, at }`. */
    this.log = [];
    this.socket = io(url, { forceNew: true, reconnection: false, transports: ['websocket'], ...options });
    this.socket.onAny((name, payload) => this.log.push({ name, payload, at: Date.now() }));
    this.socket.on('disconnect', (reason) => { this.reason = reason; });
    this.socket.on('connect_error', (error) => { this.refusal = error; });
  }

  /** Waits for the namespace; fails at once when it is refused. */
  async ready(timeout = PATIENCE_MS) {
    await until(() => this.socket.connected || this.refusal, { timeout, what: 'connected' });
    if (!this.socket.connected) throw this.refusal;
    return this;
  }

  /** Waits for the refusal of the connection and returns the error that the client shows. */
  async refused(timeout = PATIENCE_MS) {
    await until(() => this.refusal || this.socket.connected, { timeout, what: 'connection refused' });
    assert.ok(this.refusal, 'the connection was accepted');
    return this.refusal;
  }

  /** Emits with an ack and returns the ack; fails when the connection ends first. */
  ask(event, payload, timeout = 10_000) {
    const ack = new Promise((answer, fail) => {
      this.socket.emit(event, payload, answer);
      this.socket.once('disconnect', (reason) => fail(new Error(`${reason} before the ack of ${event}`)));
    });
    return within(timeout, ack, `ack of ${event}`);
  }

  /** Emits without asking for an ack. */
  tell(event, payload) {
    this.socket.emit(event, payload);
  }

  /** The next event of this name that `matches` and that no earlier call has returned. */
  async next(name, matches = () => true, timeout = PATIENCE_MS) {
    const entry = await until(
      () => this.log.find((e) => e.name === name && !this.#taken.has(e) && matches(e.payload)),
      { timeout, what: `event ${name}; seen: ${this.log.map((e) => e.name).join(' ')}` },
    );
    this.#taken.add(entry);
    return entry.payload;
  }

  /** The payloads of all events of this name so far. */
  seen(name) {
    return this.log.filter((e) => e.name === name).map((e) => e.payload);
  }

  /** Waits for the end of the connection and returns the client's reason. */
  async disconnected(timeout = PATIENCE_MS) {
    await until(() => this.reason, { timeout, what: 'disconnected' });
    return this.reason;
  }

  close() {
    this.socket.disconnect();
  }
}

/** Asserts a positive ack and returns it. */
export function acked(ack) {
  assert.equal(ack?.ok, true, `not acked: ${JSON.stringify(ack)}`);
  return ack;
}

/** Asserts an ack that refuses with `code` and returns the error. */
export function nacked(ack, code) {
  assert.equal(ack?.ok, false, `not refused: ${JSON.stringify(ack)}`);
  assert.equal(ack.error.code, code, JSON.stringify(ack));
  assert.equal(typeof ack.error.message, 'string');
  return ack.error;
}
