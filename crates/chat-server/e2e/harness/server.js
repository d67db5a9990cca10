// The server under test: one process per test file, on a free port, with an own data folder.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';

import { until, within } from './await.js';
import { Client, acked } from './client.js';
import { CHATS, INTERNAL, api, ok, request } from './rest.js';
import { SECRET, tokenFor } from './token.js';

const BINARY = process.env.CHAT_SERVER_BIN
  ?? fileURLToPath(new URL('../../../../target/debug/chat-server', import.meta.url));

/** What all servers share: production, a known key, and no limit that the test doesn't ask for. */
const PRODUCTION = {
  CHAT_ENV: 'production',
  JWT_SECRET: SECRET,
  CHAT_MESSAGE_RATE: '0',
  CHAT_EVENT_RATE: '0',
  CHAT_CONNECT_RATE: '0',
  CHAT_AUTH_FAILURES: '0',
  CHAT_REST_RATE: '0',
  CHAT_USER_MESSAGE_RATE: '0',
  CHAT_MAX_SOCKETS_PER_USER: '0',
};

/** The development mode of somebody who has set nothing at all. */
export const DEVELOPMENT = { CHAT_ENV: undefined, JWT_SECRET: undefined };

const running = new Set();
const folders = new Set();
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** A folder that goes when the test file ends. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'chat-e2e-'));
  folders.add(folder);
  return folder;
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** The environment of a server: nothing is inherited but what a program needs to run at all. */
function environment(folder, port, env) {
  const all = {
    PATH: process.env.PATH,
    RUST_BACKTRACE: '1',
    CHAT_BIND: `127.0.0.1:${port}`,
    DATABASE_URL: `sqlite://${folder}/chat.db`,
    ...PRODUCTION,
    ...env,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Runs the binary to its end: for subcommands, and for starts that are refused. */
export async function run(args = [], env = {}) {
  const folder = scratch();
  const port = await freePort();
  const result = spawnSync(BINARY, args, {
    cwd: folder, env: environment(folder, port, env), encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL',
  });
  if (result.error) throw result.error;
  return { code: result.status, stdout: result.stdout, stderr: result.stderr, output: result.stdout + result.stderr };
}

export class Server {
  #names = 0;
  #clients = new Set();
  #output = '';

  constructor(port, folder, env) {
    this.port = port;
    this.folder = folder;
    this.env = env;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts the process and waits until it says that it is ready. */
  async start() {
    const child = spawn(BINARY, [], {
      cwd: this.folder, env: environment(this.folder, this.port, this.env), stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    running.add(child);
    child.stdout.on('data', (data) => { this.#output += data; });
    child.stderr.on('data', (data) => { this.#output += data; });
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => resolve({ error }));
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    this.exited.then((end) => { running.delete(child); child.end = end; });
    await until(async () => {
      if (child.end) return true;
      return (await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2_000) })).status === 200;
    }, { timeout: 20_000, every: 50, what: 'the server is ready' });
    if (child.end) throw new Error(`the server did not start: ${JSON.stringify(child.end)}\n${this.#output}`);
    return this;
  }

  /** Everything it has printed so far, over all its starts. */
  output() {
    return this.#output;
  }

  /** Ends it as a power cut would. */
  async kill9() {
    this.child.kill('SIGKILL');
    await within(5_000, this.exited, 'killed');
  }

  /** Asks it to stop, and returns how it ended. */
  async terminate(signal = 'SIGTERM') {
    this.child.kill(signal);
    return within(12_000, this.exited, 'the server stops');
  }

  /** Disconnects the clients and stops the process. */
  async stop() {
    this.#clients.forEach((client) => client.close());
    if (this.child && !this.child.end) {
      this.child.kill('SIGTERM');
      await within(5_000, this.exited, 'stopped').catch(() => this.kill9());
    }
  }

  /** A user whose id nobody else in this file has. */
  user(name, claims = {}) {
    this.#names += 1;
    return new User(this, `${name}-${this.#names}`, claims);
  }

  /** A caller of the internal routes. */
  internal(...roles) {
    return api(this.url, INTERNAL, this.user('backend', { roles: roles.length ? roles : ['service'] }).token);
  }

  /** Records the mutual match of two users and returns their thread. */
  async match(a, b) {
    const response = await this.internal().put(`/matches/${a.id}/${b.id}`);
    assert.ok([200, 201].includes(response.status), response.text);
    return response.body;
  }

  /** Two users who are matched, and their thread's id. */
  async pair(first = 'alice', second = 'bob') {
    const [a, b] = [this.user(first), this.user(second)];
    const { id } = await this.match(a, b);
    return { a, b, thread: id };
  }

  /** A group of users, who need not be matched because an administrator opens it. */
  async group(count, name = 'member') {
    const members = Array.from({ length: count }, () => this.user(name));
    const admin = this.user('admin', { roles: ['admin'] });
    const { id } = ok(await admin.post('/threads', { participantIds: members.map((m) => m.id) }), 201);
    return { members, thread: id, admin };
  }

  /** A connected client of anybody who has a token. */
  async connect(token, options = {}) {
    const client = this.dial(token, options);
    return client.ready();
  }

  /** A client that is still connecting. */
  dial(token, options = {}) {
    const client = new Client(this.url, { auth: token === undefined ? undefined : { token }, ...options });
    this.#clients.add(client);
    return client;
  }

  fetch(path, options) {
    return request(this.url + path, options);
  }
}

/** Somebody with a token: REST calls go below `/api/v1/chats`. */
export class User {
  constructor(server, id, claims) {
    this.server = server;
    this.id = id;
    this.token = tokenFor(id, claims);
    Object.assign(this, api(server.url, CHATS, this.token));
  }

  connect(options) {
    return this.server.connect(this.token, options);
  }

  /** Sends by REST and returns the message. */
  async send(thread, content, more = {}) {
    return ok(await this.post(`/threads/${thread}/messages`, { content, ...more }), 201);
  }

  /** The thread's messages, newest first. */
  async history(thread, query = '') {
    return ok(await this.get(`/threads/${thread}/messages${query}`)).items;
  }

  async thread(id) {
    return ok(await this.get(`/threads/${id}`));
  }

  /** What the thread shows of a participant. */
  async participant(thread, userId) {
    return (await this.thread(thread)).participants.find((p) => p.userId === userId);
  }
}

/** A started server that stops when the test file ends, and that must not have panicked by then. */
export async function useServer(env = {}) {
  const server = new Server(await freePort(), scratch(), env);
  after(async () => {
    await server.stop();
    assert.doesNotMatch(server.output(), /panicked at/, 'the server panicked');
  });
  return server.start();
}

/** Proves that `client` has by now been sent all that came before: a fresh message reaches it last. */
export async function barrier(client, sender, thread) {
  const sent = await sender.send(thread, 'barrier');
  await client.next('message', (message) => message.id === sent.id);
}

/** Sends over a socket and returns the acked message. */
export async function say(client, target, content, more = {}) {
  return acked(await client.ask('private_message', { ...target, content, ...more })).message;
}
