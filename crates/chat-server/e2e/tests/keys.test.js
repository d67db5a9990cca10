// The kinds of keys: PEM files, JWKS, issuer and audience. The key fixes the algorithm, never the token.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { CHATS, ok, problem } from '../harness/rest.js';
import { scratch, useServer } from '../harness/server.js';
import { hs256, claimsFor, keyPair, tokenFor } from '../harness/token.js';

const folder = scratch();
const file = (name, text) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const pairs = Object.fromEntries(['RS256', 'ES256', 'EdDSA'].map((alg) => [alg, keyPair(alg)]));
const [first, second, unlisted] = [keyPair('RS256', 'one'), keyPair('ES256', 'two'), keyPair('RS256', 'three')];
const NO_SECRET = { JWT_SECRET: undefined };

const servers = {};
for (const [alg, pair] of Object.entries(pairs)) {
  servers[alg] = await useServer({ ...NO_SECRET, JWT_PUBLIC_KEY_FILE: file(`${alg}.pem`, pair.pem) });
}
const jwks = await useServer({
  ...NO_SECRET, JWT_JWKS_FILE: file('jwks.json', JSON.stringify({ keys: [first.jwk, second.jwk] })),
});
const strict = await useServer({ JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'chat' });

const threads = (server, token) => server.fetch(`${CHATS}/threads`, { token });

for (const [alg, pair] of Object.entries(pairs)) {
  test(`a PEM file for ${alg}`, async () => {
    const server = servers[alg];
    ok(await threads(server, pair.mint('alice')));
    await server.connect(pair.mint('alice'));
    problem(await threads(server, keyPair(alg).mint('alice')), 'unauthenticated');
    problem(await threads(server, hs256(claimsFor('alice'), pair.pem)), 'unauthenticated');
    for (const [other, foreign] of Object.entries(pairs)) {
      if (other !== alg) problem(await threads(server, foreign.mint('alice')), 'unauthenticated');
    }
    const error = await server.dial(hs256(claimsFor('alice'), pair.pem)).refused();
    assert.equal(error.data.code, 'unauthenticated');
  });
}

test('a JWKS picks the key by its id', async () => {
  ok(await threads(jwks, first.mint('alice')));
  ok(await threads(jwks, second.mint('alice')));
  await jwks.connect(second.mint('alice'));
  problem(await threads(jwks, unlisted.mint('alice')), 'unauthenticated');
  problem(await threads(jwks, keyPair('RS256', 'one').mint('alice')), 'unauthenticated');
  problem(await threads(jwks, keyPair('RS256', 'two').mint('alice')), 'unauthenticated');
});

test('issuer and audience are checked when set', async () => {
  const good = { iss: 'https://id.example', aud: 'chat' };
  ok(await threads(strict, tokenFor('alice', good)));
  ok(await threads(strict, tokenFor('alice', { ...good, aud: ['other', 'chat'] })));
  for (const claims of [{}, { iss: good.iss }, { aud: good.aud }, { ...good, iss: 'https://evil.example' }, { ...good, aud: 'mail' }]) {
    problem(await threads(strict, tokenFor('alice', claims)), 'unauthenticated');
  }
});
