// Calls over HTTP: a thin layer over fetch that keeps status, headers and the parsed body together.

import assert from 'node:assert/strict';

export const CHATS = '/api/v1/chats';
export const INTERNAL = '/api/v1/internal';

/**
 * Makes one request. `body` is sent as JSON; `raw` as it is, with `contentType`.
 * @returns {Promise<{status: number, headers: Headers, text: string, body: any}>} `body` is the parsed JSON, if it is any
 */
export async function request(url, { method = 'GET', token, body, raw, contentType, headers = {} } = {}) {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const type = contentType ?? (content === undefined ? undefined : 'application/json');
  const response = await fetch(url, {
    method,
    body: content,
    redirect: 'manual',
    signal: AbortSignal.timeout(20_000),
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(type && { 'content-type': type }),
      ...headers,
    },
  });
  const text = await response.text();
  const json = /^application\/(.+\+)?json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
}

/** The verbs, with a token, below a common path. */
export function api(url, prefix, token) {
  const call = (method) => (path, body, options = {}) =>
    request(url + prefix + path, { method, body, token, ...options });
  return { get: (path, options) => call('GET')(path, undefined, options), post: call('POST'), put: call('PUT'), delete: call('DELETE') };
}

/** Asserts the status and returns the body: `ok(await alice.get('/threads'))`. */
export function ok(response, status = 200) {
  assert.equal(response.status, status, `expected ${status}, got ${response.status}: ${response.text}`);
  return response.body;
}

const STATUS = {
  validation_failed: 400, invalid_cursor: 400, malformed_json: 400,
  unauthenticated: 401,
  not_participant: 403, chat_not_allowed: 403, forbidden: 403,
  thread_not_found: 404, message_not_found: 404, not_found: 404,
  conflict: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  content_rejected: 422,
  rate_limited: 429,
  unavailable: 503,
};

/** Asserts an RFC 9457 problem with `code`, in full, and returns it. */
export function problem(response, code) {
  assert.equal(response.status, STATUS[code], `expected ${code}, got ${response.status}: ${response.text}`);
  assert.match(response.headers.get('content-type'), /^application\/problem\+json/);
  const { body } = response;
  assert.equal(body.code, code);
  assert.equal(body.status, response.status);
  assert.equal(typeof body.type, 'string');
  assert.equal(typeof body.title, 'string');
  assert.equal(typeof body.detail, 'string');
  assert.equal(body.requestId, response.headers.get('x-request-id'));
  if (code === 'unauthenticated') assert.match(response.headers.get('www-authenticate'), /^Bearer/);
  if (response.status === 429 || response.status === 503) {
    assert.match(response.headers.get('retry-after'), /^\d+$/);
  }
  return body;
}

/** Asserts `validation_failed` with an entry for `field`. */
export function invalid(response, field) {
  const { errors } = problem(response, 'validation_failed');
  assert.ok(Array.isArray(errors) && errors.length > 0, `no errors in ${response.text}`);
  for (const error of errors) {
    assert.deepEqual(Object.keys(error).sort(), ['field', 'message']);
  }
  if (field) {
    assert.ok(errors.some((error) => error.field.includes(field)), `nothing about ${field} in ${response.text}`);
  }
}

/** Walks a list from its first page to its last and returns all items; fails on a page beyond `most`. */
export async function walk(get, path, { limit, most = 1000 } = {}) {
  const items = [];
  let cursor = null;
  for (let page = 0; page < most; page += 1) {
    const query = new URLSearchParams({ ...(limit && { limit }), ...(cursor && { cursor }) });
    const body = ok(await get(`${path}?${query}`));
    if (limit) assert.ok(body.items.length <= limit, `a page of ${body.items.length} for limit ${limit}`);
    items.push(...body.items);
    cursor = body.nextCursor;
    assert.ok(cursor === null || /^[A-Za-z0-9_.~-]+$/.test(cursor), `cursor ${cursor} is not URL-safe`);
    if (cursor === null) return items;
  }
  throw new Error(`${path} did not end within ${most} pages`);
}
