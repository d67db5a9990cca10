// The demo page: two people side by side, each with a session of their own, in one conversation.
// Own code, no library. Everything a person wrote reaches the page through textContent only.
import { Socket } from './socket.js';

const PAGE_SIZE = 30;
const NEAR_BOTTOM_PX = 60;
const TYPING_REPEAT_MS = 3000; // the server forgets a typing note after 6 s
const TYPING_EXPIRES_MS = 6000;
// Errors after which the same clientMessageId is sent again; everything else is final.
const TRY_AGAIN = new Set(['rate_limited', 'unavailable']);
const STATE_ICONS = { sending: 'clock', sent: 'tick', delivered: 'ticks', read: 'ticks', failed: 'alert' };
const STATE_LABELS = { sending: 'Sending', sent: 'Sent', delivered: 'Delivered', read: 'Read', failed: 'Not sent' };

// ---------------------------------------------------------------- REST

class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || `The server answered ${status}.`);
    this.status = status;
    this.code = problem?.code;
  }
}

async function http(method, path, { token, body } = {}) {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers['content-type'] = 'application/json';
  let res;
  try {
    res = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Error('The server can’t be reached.');
  }
  const text = await res.text();
  let json = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch { /* an error page of some proxy: the status says enough */ }
  if (!res.ok) throw new ApiError(res.status, json);
  return json;
}

/** Development servers sign in anyone; a real one gets its tokens from the login service. */
const devToken = (userId, extra) => http('POST', '/dev/token', { body: { userId, ...extra } });

// ---------------------------------------------------------------- small helpers

const enc = encodeURIComponent;
const initial = (name) => [...(name || '?')][0].toUpperCase();
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

/** Works on plain http too, where crypto.randomUUID is missing. */
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');

function dayName(date) {
  const midnight = (d) => new Date(d).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(date) - midnight(Date.now())) / 86_400_000);
  const name = days >= -1 ? relative.format(days, 'day') : calendar.format(date);
  return name[0].toUpperCase() + name.slice(1);
}

function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}

function el(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

function toast(who, text) {
  const box = document.getElementById('toasts');
  [...box.children].find((t) => t.dataset.who === who)?.remove(); // only the latest of each person
  const node = el('p', 'toast');
  node.dataset.who = who;
  if (who) node.append(el('b', '', who), ' ');
  node.append(text);
  box.append(node);
  setTimeout(() => node.remove(), 6000);
}

// ---------------------------------------------------------------- one person

class Pane {
  me = null; // user id while signed in
  other = null; // the pane next to this one
  socket = null;
  thread = null; // see resetThread

  constructor(side, name) {
    this.side = side;
    this.root = document.getElementById('pane').content.firstElementChild.cloneNode(true);
    this.root.classList.add(`side-${side}`);
    this.root.dataset.testid = `pane-${side}`;
    this.chip = document.querySelector(`[data-chip="${side}"]`);
    const $ = (selector) => this.root.querySelector(selector);
    this.ui = {
      gate: $('.gate'), name: $('[name=user]'), signin: $('.gate button'), room: $('.room'), signout: $('.signout'),
      peerName: $('.peer-name'), peerAvatar: $('.peer-avatar'), presence: $('.presence'),
      block: $('.block'), blockLabel: $('.block-label'), banner: $('.banner'), bannerText: $('.banner-text'),
      retry: $('.retry-now'), messages: $('.messages'), empty: $('.empty'), jump: $('.jump'),
      typing: $('.typing'), typingText: $('.typing-text'), composer: $('.composer'), input: $('textarea'),
      send: $('.send'),
    };
    this.ui.name.value = name;
    this.resetThread();
    this.listen();
    this.showNames();
  }

  get name() { return this.me ?? this.ui.name.value.trim(); }
  get peer() { return this.thread?.peer ?? this.other?.name ?? ''; }

  listen() {
    const ui = this.ui;
    // The pane somebody works in is the one that is being looked at; only that one reads messages.
    for (const type of ['focusin', 'pointerdown']) this.root.addEventListener(type, () => activate(this));
    this.chip.addEventListener('click', () => {
      activate(this);
      (this.me ? ui.input : ui.name).focus();
    });
    ui.name.addEventListener('input', () => panes.forEach((p) => p.showNames()));
    ui.gate.addEventListener('submit', (event) => {
      event.preventDefault();
      this.signIn().catch((error) => toast(this.name, error.message));
    });
    ui.signout.addEventListener('click', () => this.signOut());
    ui.retry.addEventListener('click', () => this.socket?.connect());
    ui.block.addEventListener('click', () => this.toggleBlock());
    ui.jump.addEventListener('click', () => this.scrollDown());
    ui.composer.addEventListener('submit', (event) => {
      event.preventDefault();
      this.compose();
    });
    ui.input.addEventListener('keydown', (event) => {
      // isComposing: Enter that picks a word in an input method must not send.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.compose();
    });
    ui.input.addEventListener('input', () => this.typed());
    ui.input.addEventListener('blur', () => this.tellTyping(false));
    ui.messages.addEventListener('scroll', () => {
      this.atBottom = ui.messages.scrollHeight - ui.messages.scrollTop - ui.messages.clientHeight < NEAR_BOTTOM_PX;
      if (this.atBottom) {
        ui.jump.hidden = true;
        this.markRead();
      }
      if (ui.messages.scrollTop < 120) this.loadOlder();
    }, { passive: true });
    // Keyboard of a phone, growing composer: whoever was at the bottom stays there.
    new ResizeObserver(() => this.atBottom && this.scrollDown()).observe(ui.messages);
  }

  // -------------------------------------------------------------- session

  /** Safe to call twice: the match button signs in whoever isn't yet, or is just about to. */
  async signIn() {
    if (this.me) return this.ready;
    this.ready ??= this.enter().catch((error) => {
      this.ready = null;
      throw error;
    });
    return this.ready;
  }

  async enter() {
    if (!this.ui.name.reportValidity()) throw new Error('Names may have letters, digits and . _ : @ -');
    const name = this.ui.name.value.trim();
    if (name === this.other.me) throw new Error('This name is signed in on the other side. Please take another name.');
    await this.takeToken(name);
    this.me = name;
    this.blocked = false;
    this.ui.gate.hidden = true;
    this.ui.room.hidden = false;
    this.showNames();
    this.showPresence(null);
    this.showThread();
    await new Promise((done) => this.open(done));
    this.other.peerChanged(name);
    if (active === this) this.ui.input.focus();
  }

  signOut() {
    this.socket?.disconnect();
    clearTimeout(this.refreshTimer);
    this.socket = this.me = this.token = this.ready = null;
    this.resetThread();
    this.ui.room.hidden = true;
    this.ui.gate.hidden = false;
    this.showNames();
    this.ui.signin.focus();
  }

  async takeToken(name = this.me) {
    const { token, expiresAt } = await devToken(name, { ttlSecs: 3600 });
    this.token = token;
    clearTimeout(this.refreshTimer);
    this.refreshTimer = setTimeout(() => this.refresh(), Math.max(5000, new Date(expiresAt) - Date.now() - 60_000));
    return token;
  }

  /** A socket doesn't outlive its token, so it is handed the next one in good time. */
  async refresh() {
    try {
      await this.socket?.request('refresh_token', { token: await this.takeToken() });
    } catch { /* session_expired, or the next connect, will ask again */ }
  }

  async rest(method, path, body) {
    try {
      return await http(method, `/api/v1/chats${path}`, { token: this.token, body });
    } catch (error) {
      if (error.status !== 401 || !this.me) throw error;
      // Most likely the development server was restarted and made itself a new key.
      return http(method, `/api/v1/chats${path}`, { token: await this.takeToken(), body });
    }
  }

  /** `onFirst` is called when the first connection stands and the conversation is there, or failed. */
  open(onFirst) {
    let mayReturn = true; // false once another session took this one's place
    const socket = new Socket({ auth: async () => ({ token: this.token ?? (await this.takeToken()) }) });
    this.socket = socket;
    // Events of a socket that was left behind by signing out and in again are none of our business.
    const on = (name, handler) => socket.on(name, (...args) => this.socket === socket && handler(...args));

    on('connect', async () => {
      mayReturn = true;
      this.ui.banner.hidden = true;
      try {
        await this.connected();
      } catch (error) {
        toast(this.me, error.message);
      }
      onFirst();
    });
    on('disconnect', ({ byServer }) => {
      this.showTyping(false);
      this.showPresence(null);
      this.showBanner(mayReturn ? 'Connection lost. Reconnecting…' : 'Signed in somewhere else.');
      if (byServer && mayReturn) socket.connectIn(1000);
      onFirst();
    });
    on('connect_error', (error) => {
      this.showBanner(error.data?.code === 'too_many_attempts' ? 'Too many attempts. Waiting…' : 'Signing in again…');
      this.token = null; // refused: whatever it was, a fresh one is the cure
      socket.connectIn(error.data?.retryAfterMs ?? 2000);
      onFirst();
    });
    on('session_expired', () => { this.token = null; });
    on('session_replaced', () => { mayReturn = false; });

    on('message', (message) => this.live(message));
    on('message_updated', (message) => this.live(message));
    on('thread_created', (thread) => this.isOurs(thread)
      && this.openThread(thread.id).catch((error) => toast(this.me, error.message)));
    on('sync_required', () => this.sync());
    on('delivery_receipt', (r) => r.threadId === this.thread.id && this.receipt(r.userId, r.seq, 0));
    on('read_receipt', (r) => r.threadId === this.thread.id && this.receipt(r.userId, r.upToSeq, r.upToSeq));
    on('typing', (t) => t.threadId === this.thread.id && t.userId === this.peer && this.showTyping(t.isTyping));
    on('presence', (p) => p.userId === this.peer && this.showPresence(p));
    on('rate_limited', (limit) => {
      if (limit.event !== 'private_message') return; // typing and the like repair themselves
      toast(this.me, `That was fast. Sending again in ${Math.ceil(limit.retryAfterMs / 1000)} s.`);
      this.sendOutcome?.({ ok: false, error: { code: 'rate_limited', retryAfterMs: limit.retryAfterMs } });
    });
    on('chat_error', (error) => toast(this.me, error.message));
    socket.connect();
  }

  /** First connect and every reconnect. */
  async connected() {
    if (this.thread.id) {
      await this.sync();
    } else {
      await this.findThread();
      const { items } = await this.rest('GET', '/blocks');
      this.showBlocked(items.some((b) => (b.userId ?? b) === this.peer));
    }
    this.askPresence();
    this.markRead();
    this.pump();
  }

  async askPresence() {
    if (!this.thread.id) return;
    try {
      const { users } = await this.socket.request('presence', { userIds: [this.peer] });
      this.showPresence(users?.find((u) => u.userId === this.peer) ?? null);
    } catch { /* asked again after the reconnect */ }
  }

  // -------------------------------------------------------------- conversation

  resetThread() {
    this.thread = { id: null, version: 0, cursor: null, myRead: 0, peerRead: 0, peerDelivered: 0, lastSeq: 0 };
    this.rows = []; // in order of display: by seq, then those not sent yet
    this.byId = new Map();
    this.byClientId = new Map(); // mine, so that ack, echo, history and retry meet in one row
    this.outbox = [];
    this.unread = 0;
    this.atBottom = true;
    this.ui.messages.replaceChildren();
    this.ui.jump.hidden = true;
    this.showTyping(false);
    this.showUnread();
    this.showThread();
  }

  isOurs(thread) {
    return thread.kind === 'pair' && thread.participants.some((p) => p.userId === this.peer);
  }

  /** The other side signed in, perhaps as somebody new. */
  async peerChanged(name) {
    if (!this.me) return this.showNames();
    if (this.thread.id && this.thread.peer === name) return;
    this.resetThread();
    this.showNames();
    this.showPresence(null);
    if (this.socket?.connected) await this.connected().catch((error) => toast(this.me, error.message));
  }

  async findThread() {
    for (let cursor = ''; cursor !== null; ) {
      const page = await this.rest('GET', `/threads?limit=100${cursor && `&cursor=${enc(cursor)}`}`);
      const thread = page.items.find((t) => this.isOurs(t));
      if (thread) return this.openThread(thread.id);
      cursor = page.nextCursor;
    }
    this.showThread();
  }

  async openThread(id) {
    if (this.thread.id === id) return;
    this.resetThread();
    const state = this.thread;
    Object.assign(state, { id, peer: this.peer, loading: true });
    // The thread first, then its messages: what happens in between is newer than `version`
    // and so comes by event or by the next sync; the other way round it could be lost.
    let thread, page;
    try {
      thread = await this.rest('GET', `/threads/${enc(id)}`);
      page = await this.rest('GET', `/threads/${enc(id)}/messages?limit=${PAGE_SIZE}`);
    } catch (error) {
      if (this.thread === state) this.resetThread(); // so that the next attempt starts afresh
      throw error;
    }
    if (this.thread !== state) return; // signed out or moved on meanwhile
    state.version = Math.max(state.version, thread.version);
    this.unread = thread.unreadCount;
    state.lastSeq = Math.max(state.lastSeq, thread.lastSeq);
    for (const p of thread.participants) {
      if (p.userId === this.me) state.myRead = Math.max(state.myRead, p.readSeq);
      else this.receipt(p.userId, p.deliveredSeq, p.readSeq);
    }
    for (const message of page.items) this.put(message);
    state.cursor = page.nextCursor;
    state.loading = false;
    this.tidy();
    this.scrollDown();
    this.showThread();
    this.showUnread();
    this.askPresence();
    this.markRead();
    if (this.ui.messages.scrollHeight <= this.ui.messages.clientHeight) this.loadOlder();
  }

  async loadOlder() {
    const state = this.thread;
    if (!state.cursor || state.loading) return;
    state.loading = true;
    try {
      const page = await this.rest('GET', `/threads/${enc(state.id)}/messages?limit=${PAGE_SIZE}&cursor=${enc(state.cursor)}`);
      if (this.thread !== state) return;
      const box = this.ui.messages;
      const fromBottom = box.scrollHeight - box.scrollTop;
      for (const message of page.items) this.put(message);
      state.cursor = page.nextCursor;
      this.tidy();
      box.scrollTop = box.scrollHeight - fromBottom; // what was being read stays where it was
    } catch (error) {
      toast(this.me, error.message);
    } finally {
      state.loading = false;
    }
  }

  /** Everything that changed in the thread since the version we know. */
  async sync() {
    const state = this.thread;
    clearTimeout(this.syncTimer);
    this.syncTimer = 0;
    if (!state.id || state.loading || !this.socket?.connected) return;
    try {
      for (let complete = false; !complete; ) {
        const ack = await this.socket.request('sync', { threads: [{ threadId: state.id, version: state.version }] });
        if (!ack.ok) throw new Error(ack.error.message);
        const news = ack.threads[0];
        if (this.thread !== state || !news || news.gone) return;
        for (const message of news.messages) this.arrived(message);
        for (const r of news.receipts ?? []) this.receipt(r.userId, r.deliveredSeq, r.readSeq);
        state.version = Math.max(state.version, news.version);
        complete = news.complete;
      }
    } catch { /* the connection went again: the next connect syncs */ }
  }

  /** A message by event. A version that was skipped means that something was missed. */
  live(message) {
    if (message.threadId !== this.thread.id) return;
    this.arrived(message);
    this.sawVersion(message.version);
  }

  sawVersion(version) {
    if (version === this.thread.version + 1) this.thread.version = version;
    else if (version > this.thread.version) this.syncTimer ||= setTimeout(() => this.sync(), 400);
  }

  arrived(message) {
    const mine = message.fromUserId === this.me;
    const isNew = message.seq > this.thread.lastSeq;
    const row = this.put(message);
    if (isNew) this.thread.lastSeq = message.seq;
    if (mine && message.seq > this.thread.myRead) { // sending moves one's own read mark
      this.thread.myRead = message.seq;
      this.unread = 0;
    }
    if (row && isNew && !mine) {
      if (message.seq > this.thread.myRead) this.unread++;
      this.showTyping(false);
      document.getElementById('announce').textContent = `${message.fromUserId}: ${message.content}`;
      if (!this.atBottom) this.ui.jump.hidden = false;
    }
    this.tidy();
    if (this.atBottom || (isNew && mine)) this.scrollDown();
    this.showThread();
    this.showUnread();
    this.markRead();
  }

  /** Adds a message, or updates the row that shows it already. */
  put(message) {
    const { byId, byClientId, rows, thread } = this;
    const mine = message.fromUserId === this.me;
    let row = byId.get(message.id) ?? (mine ? byClientId.get(message.clientMessageId) : undefined);
    // An old message that changed, but whose page was never loaded: it will come with its page.
    if (!row && thread.cursor && message.seq && rows[0]?.message.seq > message.seq && !thread.loading) return null;
    if (row?.message.version > message.version) return row;
    if (!row) {
      row = { mine, message, node: this.build(mine) };
      rows.push(row);
    }
    row.message = message;
    if (message.id) byId.set(message.id, row);
    if (mine && message.clientMessageId) byClientId.set(message.clientMessageId, row);
    if (message.id) row.failed = false;
    if (mine && message.seq) this.receipt(null, message.delivered ? message.seq : 0, message.read ? message.seq : 0);
    const text = row.node.querySelector('.text');
    text.textContent = message.deletedAt ? 'Message removed' : message.content;
    row.node.classList.toggle('removed', Boolean(message.deletedAt));
    const time = row.node.querySelector('time');
    time.dateTime = message.createdAt;
    time.textContent = clock.format(new Date(message.createdAt));
    this.showState(row);
    return row;
  }

  build(mine) {
    const node = el('div', `message ${mine ? 'mine' : 'theirs'}`);
    node.dataset.testid = 'message';
    const bubble = el('div', 'bubble');
    const text = el('p', 'text');
    text.dir = 'auto'; // right-to-left text reads right
    const meta = el('span', 'meta');
    meta.append(el('time'));
    if (mine) meta.append(el('span', 'ticks'));
    bubble.append(text, meta);
    node.append(bubble);
    return node;
  }

  /** Puts the rows in order, and marks where a day or another person's turn begins. */
  tidy() {
    this.rows.sort((a, b) => (a.message.seq ?? Infinity) - (b.message.seq ?? Infinity) || 0);
    const box = this.ui.messages;
    let before = null;
    this.rows.forEach((row, i) => {
      if (box.children[i] !== row.node) box.insertBefore(row.node, box.children[i] ?? null);
      const at = new Date(row.message.createdAt);
      const newDay = !before || before.at.toDateString() !== at.toDateString();
      if (newDay) row.node.dataset.day = dayName(at);
      else delete row.node.dataset.day;
      row.node.classList.toggle('follows', !newDay && before.row.mine === row.mine && at - before.at < 180_000);
      before = { row, at };
    });
  }

  stateOf({ mine, message, failed }) {
    if (!mine) return 'received';
    if (failed) return 'failed';
    if (!message.seq) return 'sending';
    if (message.seq <= this.thread.peerRead) return 'read';
    return message.seq <= this.thread.peerDelivered ? 'delivered' : 'sent';
  }

  showState(row) {
    const state = this.stateOf(row);
    if (row.node.dataset.state === state) return;
    row.node.dataset.state = state;
    const ticks = row.node.querySelector('.ticks');
    if (!ticks) return;
    ticks.replaceChildren(icon(STATE_ICONS[state]));
    ticks.setAttribute('role', 'img');
    ticks.setAttribute('aria-label', STATE_LABELS[state]);
    row.node.querySelector('.again')?.remove();
    if (state === 'failed') {
      const again = el('button', 'again', 'Not sent. Try again');
      again.type = 'button';
      again.addEventListener('click', () => this.enqueue(row));
      row.node.append(again);
    }
  }

  /** Receipts are positions, not flags per message, and only ever move forward. */
  receipt(userId, delivered, read) {
    const t = this.thread;
    if (userId === this.me) { // I read it on another device
      if (read <= t.myRead) return;
      t.myRead = read;
      this.unread = this.rows.filter((r) => !r.mine && r.message.seq > read).length;
      return this.showUnread();
    }
    if (Math.max(delivered, read) <= t.peerDelivered && read <= t.peerRead) return;
    t.peerRead = Math.max(t.peerRead, read);
    t.peerDelivered = Math.max(t.peerDelivered, delivered, t.peerRead);
    for (const row of this.rows) if (row.mine) this.showState(row);
  }

  get isLookedAt() {
    return active === this && document.visibilityState === 'visible' && this.atBottom;
  }

  /** Read is what somebody could see: the pane in use, in a visible tab, scrolled to the end. */
  markRead() {
    if (this.readTimer) return;
    this.readTimer = setTimeout(async () => { // a burst of messages is one mark
      this.readTimer = 0;
      const t = this.thread;
      if (!t.id || t.loading || !this.isLookedAt || !this.socket?.connected) return;
      const upToSeq = this.rows.findLast((row) => !row.mine && row.message.seq)?.message.seq ?? 0;
      if (upToSeq <= t.myRead) return;
      let ack = null;
      try {
        ack = await this.socket.request('mark_read', { threadId: t.id, upToSeq });
      } catch { return; /* marked after the reconnect */ }
      if (t !== this.thread) return;
      if (ack.ok) {
        t.myRead = Math.max(t.myRead, ack.upToSeq);
        this.unread = ack.unreadCount;
        this.showUnread();
      } else if (TRY_AGAIN.has(ack.error.code)) {
        setTimeout(() => this.markRead(), ack.error.retryAfterMs ?? 1000);
      } else {
        toast(this.me, ack.error.message);
      }
    }, 150);
  }

  // -------------------------------------------------------------- sending

  compose() {
    const content = this.ui.input.value.trim();
    if (!content || !this.thread.id) return;
    this.ui.input.value = '';
    this.fitInput();
    this.tellTyping(false);
    const message = { fromUserId: this.me, content, createdAt: new Date().toISOString(), clientMessageId: newId() };
    this.enqueue(this.put(message));
    this.tidy();
    this.scrollDown();
    this.showThread();
  }

  enqueue(row) {
    row.failed = false;
    this.showState(row);
    this.outbox.push(row);
    this.pump();
  }

  /**
   * One message at a time, so that they keep their order. Whenever the outcome is unknown (no ack,
   * connection lost) the same clientMessageId is sent again: the server then answers with the
   * message it has already, and nobody sees it twice.
   */
  async pump() {
    const { outbox, thread, socket } = this;
    if (this.sending === outbox || !outbox.length || !socket?.connected) return;
    this.sending = outbox;
    clearTimeout(this.pumpTimer);
    const row = outbox[0];
    const { content, clientMessageId } = row.message;
    let waitMs = 0;
    try {
      const ack = await Promise.race([
        socket.request('private_message', { threadId: thread.id, content, clientMessageId }),
        new Promise((resolve) => { this.sendOutcome = resolve; }), // a rate_limited event
      ]);
      if (thread !== this.thread) return;
      if (ack.ok) {
        outbox.shift();
        this.arrived({ ...ack.message, clientMessageId });
        this.sawVersion(ack.message.version);
      } else if (TRY_AGAIN.has(ack.error.code)) {
        waitMs = ack.error.retryAfterMs ?? 1000;
      } else {
        outbox.shift();
        row.failed = true;
        this.showState(row);
        if (this.atBottom) this.scrollDown(); // the way to try again is below the text
        toast(this.me, ack.error.message);
      }
    } catch {
      waitMs = 1000; // if the connection is gone, connected() comes first
    } finally {
      if (this.sending === outbox) this.sending = null;
    }
    if (waitMs) this.pumpTimer = setTimeout(() => this.pump(), waitMs);
    else this.pump();
  }

  typed() {
    this.fitInput();
    this.tellTyping(this.ui.input.value.trim() !== '');
  }

  tellTyping(isTyping) {
    clearTimeout(this.pauseTimer);
    if (isTyping) this.pauseTimer = setTimeout(() => this.tellTyping(false), 5000);
    const now = Date.now();
    const known = isTyping ? now - (this.typingToldAt ?? 0) < TYPING_REPEAT_MS : !this.typingToldAt;
    if (known || !this.thread.id) return;
    this.typingToldAt = isTyping ? now : 0;
    this.socket?.emit('typing', { threadId: this.thread.id, isTyping });
  }

  fitInput() {
    const { input } = this.ui;
    input.style.height = 'auto';
    input.style.height = `${Math.min(input.scrollHeight, 140)}px`;
  }

  async toggleBlock() {
    const peer = this.peer;
    const block = !this.blocked;
    try {
      await this.rest(block ? 'PUT' : 'DELETE', `/blocks/${enc(peer)}`);
      this.showBlocked(block);
      if (!block) this.askPresence();
    } catch (error) {
      toast(this.me, error.message);
    }
  }

  // -------------------------------------------------------------- showing

  showNames() {
    const { ui, peer, name } = this;
    for (const a of this.root.querySelectorAll('.avatar:not(.peer-avatar)')) a.textContent = initial(name);
    this.root.querySelector('.self-name').textContent = name;
    this.root.setAttribute('aria-label', `${name || 'Nobody'}’s side`);
    this.chip.querySelector('.avatar').textContent = initial(name);
    this.chip.querySelector('.chip-name').textContent = name;
    this.chip.classList.toggle('signed-in', Boolean(this.me));
    ui.peerAvatar.textContent = initial(peer);
    ui.peerName.textContent = peer;
    ui.typingText.textContent = `${peer} is typing`;
    ui.messages.setAttribute('aria-label', `Messages with ${peer}`);
    this.showThread();
  }

  showThread() {
    const { ui, thread, peer } = this;
    ui.empty.hidden = this.rows.length > 0 || Boolean(thread.loading);
    ui.empty.textContent = thread.id ? `Say hello to ${peer}.` : `No conversation with ${peer} yet. Press Match to begin one.`;
    ui.input.disabled = ui.send.disabled = ui.block.disabled = !thread.id;
    ui.input.placeholder = thread.id ? `Message ${peer}` : '';
    showMatch();
  }

  /** null: not known (offline here, blocked, or not asked yet). */
  showPresence(presence) {
    const online = Boolean(presence?.online);
    this.ui.presence.dataset.online = online;
    this.ui.peerAvatar.classList.toggle('online', online);
    this.ui.presence.textContent = online ? 'Online'
      : this.blocked ? 'Blocked by you'
      : presence?.lastSeenAt ? `Last seen ${ago(presence.lastSeenAt)}`
      : !this.socket?.connected ? 'Waiting for the connection'
      : this.thread.id ? 'Offline' : 'Not matched yet';
  }

  showTyping(isTyping) {
    clearTimeout(this.typingTimer);
    this.ui.typing.hidden = !isTyping;
    if (isTyping) this.typingTimer = setTimeout(() => this.showTyping(false), TYPING_EXPIRES_MS);
  }

  showUnread() {
    const text = this.unread > 99 ? '99+' : String(this.unread);
    for (const badge of [this.root.querySelector('.badge'), this.chip.querySelector('.badge')]) {
      badge.hidden = !this.unread;
      badge.textContent = text;
      badge.setAttribute('role', 'img');
      badge.setAttribute('aria-label', `${this.unread} unread`);
    }
    document.title = panes.some((p) => p.unread) ? `(${panes.reduce((n, p) => n + p.unread, 0)}) Chat demo` : 'Chat demo';
  }

  showBlocked(blocked) {
    this.blocked = blocked;
    this.ui.block.setAttribute('aria-pressed', blocked);
    this.ui.blockLabel.textContent = blocked ? 'Unblock' : 'Block';
    this.showTyping(false);
    this.showPresence(null);
  }

  showBanner(text) {
    this.ui.bannerText.textContent = text;
    this.ui.banner.hidden = false;
  }

  scrollDown() {
    this.ui.messages.scrollTop = this.ui.messages.scrollHeight;
    this.atBottom = true;
    this.ui.jump.hidden = true;
  }
}

// ---------------------------------------------------------------- the page

const panes = [];
let active = null;

function activate(pane) {
  if (active === pane) return;
  active = pane;
  for (const p of panes) {
    p.root.classList.toggle('active', p === pane);
    p.chip.setAttribute('aria-pressed', p === pane);
  }
  pane.markRead();
}

panes.push(new Pane('a', 'alice'), new Pane('b', 'bob'));
[panes[0].other, panes[1].other] = [panes[1], panes[0]];
document.getElementById('panes').append(...panes.map((p) => p.root));
panes.forEach((p) => p.showNames());
activate(panes[0]);

function showMatch() {
  const matched = panes.every((p) => p.thread.id);
  document.body.classList.toggle('matched', matched);
  document.getElementById('match').textContent = matched ? 'Matched' : 'Match';
}

// In a real system the matching service does this; its token never comes near a browser.
document.getElementById('match').addEventListener('click', async ({ currentTarget: button }) => {
  button.setAttribute('aria-busy', 'true');
  try {
    for (const pane of panes) await pane.signIn();
    const [a, b] = panes.map((p) => p.me);
    const { token } = await devToken('demo-matcher', { roles: ['service'], ttlSecs: 60 });
    const thread = await http('PUT', `/api/v1/internal/matches/${enc(a)}/${enc(b)}`, { token });
    await Promise.all(panes.map((p) => p.openThread(thread.id)));
  } catch (error) {
    toast('', error.message);
  } finally {
    button.removeAttribute('aria-busy');
  }
});

document.addEventListener('visibilitychange', () => active.markRead());
// The network is back: no need to sit out the back-off.
window.addEventListener('online', () => panes.forEach((p) => p.me && !p.socket.connected && p.socket.connect()));
// "Last seen 2 minutes ago" grows old, and being blocked isn't announced: ask now and then.
setInterval(() => panes.forEach((p) => p.socket?.connected && p.askPresence()), 30_000);
