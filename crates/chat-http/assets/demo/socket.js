// A minimal Socket.IO v5 client over one WebSocket (Engine.IO v4), namespace "/" only.
// It knows what this page needs: auth, events, acks with a timeout, heartbeat, reconnection with
// back-off. Polling, binary packets and other namespaces are left to the official client.
//
// Local events: "connect", "disconnect" { byServer, retryInMs | null }, "connect_error" { message, data }.

const CONNECT_TIMEOUT_MS = 10_000;

export class Socket {
  connected = false;
  #url; #auth; #backoff;
  #handlers = new Map(); // event name -> [function]
  #acks = new Map(); // ack id -> { resolve, reject, timer }
  #nextAck = 0;
  #ws = null; // the one connection that counts; anything heard from an older one is ignored
  #watchdog = 0;
  #retryTimer = 0;
  #attempts = 0;

  /** `auth` is an (async) function: a reconnect may need a newer token than the first connect did. */
  constructor({ auth, path = '/socket.io/', backoff = { minMs: 500, maxMs: 8000 } }) {
    const url = new URL(`${path}?EIO=4&transport=websocket`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#url = url;
    this.#auth = auth;
    this.#backoff = backoff;
  }

  on(name, handler) {
    this.#handlers.set(name, [...(this.#handlers.get(name) ?? []), handler]);
    return this;
  }

  async connect() {
    this.#drop();
    const attempt = (this.#ws = {}); // holds the place while the token is fetched
    let auth;
    try {
      auth = await this.#auth();
    } catch {
      if (this.#ws === attempt) this.#lost();
      return;
    }
    if (this.#ws !== attempt) return; // disconnected, or connected anew, meanwhile
    const ws = (this.#ws = new WebSocket(this.#url));
    this.#watch(CONNECT_TIMEOUT_MS);
    let silenceMs = CONNECT_TIMEOUT_MS;
    ws.onclose = () => ws === this.#ws && this.#lost();
    ws.onmessage = ({ data }) => {
      if (ws !== this.#ws || typeof data !== 'string') return;
      const body = data.slice(1);
      switch (data[0]) {
        case '0': { // Engine.IO open: now join the namespace
          const open = JSON.parse(body);
          silenceMs = open.pingInterval + open.pingTimeout;
          ws.send('40' + JSON.stringify(auth));
          break;
        }
        case '1': return this.#lost();
        case '2': // heartbeat: the server asks, we answer; silence means the line is dead
          ws.send('3');
          this.#watch(silenceMs);
          break;
        case '4': return this.#packet(body, silenceMs);
      }
    };
  }

  /** Leaves for good: no reconnection until connect() is called. */
  disconnect() {
    if (this.connected) this.#ws.send('41');
    this.#drop();
  }

  /** Connects again after `ms`: for the caller who knows better than the back-off. */
  connectIn(ms) {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.connect(), ms);
  }

  /** Fire and forget. Nothing is queued while offline: stale typing notes help nobody. */
  emit(name, payload) {
    if (this.connected) this.#ws.send('42' + JSON.stringify([name, payload]));
  }

  /** Emits and resolves with the ack; rejects on timeout or a lost connection: outcome unknown. */
  request(name, payload, timeoutMs = 8000) {
    return new Promise((resolve, reject) => {
      if (!this.connected) return reject(new Error('not connected'));
      const id = this.#nextAck++;
      const timer = setTimeout(() => {
        this.#acks.delete(id);
        reject(new Error('no answer in time'));
      }, timeoutMs);
      this.#acks.set(id, { resolve, reject, timer });
      this.#ws.send(`42${id}` + JSON.stringify([name, payload]));
    });
  }

  #packet(packet, silenceMs) {
    const [, type, id, json] = /^(\d)(\d*)(.*)$/s.exec(packet) ?? [];
    const data = json ? JSON.parse(json) : undefined;
    switch (type) {
      case '0': // CONNECT
        this.connected = true;
        this.#attempts = 0;
        this.#watch(silenceMs);
        return this.#fire('connect', data);
      case '1': // DISCONNECT: the server wants us gone, so there is no automatic retry
        this.#drop();
        return this.#fire('disconnect', { byServer: true, retryInMs: null });
      case '2': // EVENT (this server never asks the client for an ack)
        return this.#fire(...data);
      case '3': { // ACK
        const ack = this.#acks.get(+id);
        this.#acks.delete(+id);
        clearTimeout(ack?.timer);
        return ack?.resolve(data[0]);
      }
      case '4': // CONNECT_ERROR: refused; whether to try again is the caller's decision
        this.#drop();
        return this.#fire('connect_error', data);
    }
  }

  #fire(name, ...args) {
    for (const handler of this.#handlers.get(name) ?? []) handler(...args);
  }

  #watch(ms) {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(), ms);
  }

  #lost() {
    this.#drop();
    const { minMs, maxMs } = this.#backoff;
    // Half of the delay is random, so that a restarted server isn't met by everybody at once.
    const delay = Math.min(maxMs, minMs * 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
    this.connectIn(delay);
    this.#fire('disconnect', { byServer: false, retryInMs: delay });
  }

  #drop() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#retryTimer);
    const ws = this.#ws;
    this.#ws = null;
    this.connected = false;
    ws?.close?.();
    for (const { reject, timer } of this.#acks.values()) {
      clearTimeout(timer);
      reject(new Error('connection lost'));
    }
    this.#acks.clear();
  }
}
