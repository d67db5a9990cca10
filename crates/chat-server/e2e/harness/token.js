// JSON Web Tokens as an identity provider would make them, with nothing but node:crypto.

import { createHmac, generateKeyPairSync, sign } from 'node:crypto';

/** The HS256 secret of the servers under test. */
export const SECRET = 'e2e-suite-secret-of-more-than-32-bytes';

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const seconds = () => Math.floor(Date.now() / 1000);

/** The claims of a token that is good for an hour, with `claims` on top; `undefined` removes one. */
export function claimsFor(sub, claims = {}) {
  return { sub, iat: seconds(), exp: seconds() + 3600, ...claims };
}

/** Signs `claims` (any JSON value or raw text) under `header`; `signer` makes the signature's bytes. */
export function assemble(header, claims, signer) {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${Buffer.from(signer(input)).toString('base64url')}`;
}

export const hs256 = (claims, secret = SECRET) =>
  assemble({ alg: 'HS256', typ: 'JWT' }, claims, (input) => createHmac('sha256', secret).update(input).digest());

/** A token for `sub`, accepted by a server that knows `SECRET`. */
export const tokenFor = (sub, claims) => hs256(claimsFor(sub, claims));

const ALGORITHMS = {
  RS256: {
    generate: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    sign: (key) => (input) => sign('sha256', Buffer.from(input), key),
  },
  ES256: {
    generate: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    sign: (key) => (input) => sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }),
  },
  EdDSA: {
    generate: () => generateKeyPairSync('ed25519'),
    sign: (key) => (input) => sign(null, Buffer.from(input), key),
  },
};

/** A key pair of one of the asymmetric algorithms: `pem` and `jwk` for the server, `mint` for the client. */
export function keyPair(alg, kid) {
  const { privateKey, publicKey } = ALGORITHMS[alg].generate();
  const header = { alg, typ: 'JWT', ...(kid && { kid }) };
  return {
    pem: publicKey.export({ type: 'spki', format: 'pem' }),
    jwk: { ...publicKey.export({ format: 'jwk' }), alg, use: 'sig', ...(kid && { kid }) },
    mint: (sub, claims) => assemble(header, claimsFor(sub, claims), ALGORITHMS[alg].sign(privateKey)),
  };
}
