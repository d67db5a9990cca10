//! The key that tokens are checked with: `JWT_SECRET`, `JWT_PUBLIC_KEY_FILE`, `JWT_JWKS_FILE`, `JWT_ISSUER`,
//! `JWT_AUDIENCE`.

use std::{fs::File, io::Read};

use chat_infra::jwt::{HmacSecret, JwtOptions, KeyError, KeySet};

use super::{Mode, env::Reader, http::Bind};

/// No key file is longer; a longer one is something else.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

const SECRET: &str = "JWT_SECRET";
const PEM: &str = "JWT_PUBLIC_KEY_FILE";
const JWKS: &str = "JWT_JWKS_FILE";

/// How tokens are checked.
#[derive(Debug)]
pub struct AuthConfig {
    /// The key.
    pub key: KeyConfig,
    /// The `iss` and `aud` that tokens must have: `JWT_ISSUER`, `JWT_AUDIENCE`, default any.
    pub options: JwtOptions,
}

/// A key, which fixes the algorithm.
#[derive(Debug)]
pub enum KeyConfig {
    /// HS256 with a secret of one's own: `JWT_SECRET`.
    Secret(HmacSecret),
    /// Public keys: `JWT_PUBLIC_KEY_FILE` or `JWT_JWKS_FILE`.
    Public(KeySet),
    /// None was given, so development makes one up for this run.
    Generated,
}

impl AuthConfig {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            key: key(r).unwrap_or(KeyConfig::Generated),
            options: JwtOptions {
                issuer: r.text("JWT_ISSUER").map(str::to_owned),
                audience: r.text("JWT_AUDIENCE").map(str::to_owned),
            },
        }
    }
}

/// `None` where no key is given, or one that can't be used.
fn key(r: &mut Reader<'_>) -> Option<KeyConfig> {
    let set: Vec<&'static str> = [SECRET, PEM, JWKS]
        .into_iter()
        .filter(|name| r.is_set(name))
        .collect();
    match set[..] {
        [] => None,
        [SECRET] => secret(r).map(KeyConfig::Secret),
        [PEM] => public(r, PEM, KeySet::from_pem).map(KeyConfig::Public),
        [JWKS] => public(r, JWKS, KeySet::from_jwks).map(KeyConfig::Public),
        [first, ..] => {
            let names = [SECRET, PEM, JWKS].join(", ");
            r.problem(
                first,
                format!("must be the only key: set just one of {names}"),
            );
            None
        }
    }
}

fn secret(r: &mut Reader<'_>) -> Option<HmacSecret> {
    let text = r.text(SECRET)?;
    let least = HmacSecret::MIN_BYTES;
    HmacSecret::new(text)
        .map_err(|error| r.problem(SECRET, format!("must have at least {least} bytes: {error}")))
        .ok()
}

fn public(
    r: &mut Reader<'_>,
    name: &'static str,
    parse: fn(&str) -> Result<KeySet, KeyError>,
) -> Option<KeySet> {
    let path = r.path(name)?;
    let mut text = String::new();
    // At most so much is read, whatever the path names: a device may never end.
    let read =
        File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text));
    if read.is_err() {
        r.problem(name, "must be the path of a text file that can be read");
        return None;
    }
    parse(&text)
        .map_err(|error| r.problem(name, format!("must name a file with a public key: {error}")))
        .ok()
}

/// The server may make up a key on a developer's machine only, out of reach for others.
pub(super) fn check_generated(r: &mut Reader<'_>, mode: Mode, bind: &Bind) {
    if [SECRET, PEM, JWKS].iter().any(|name| r.is_set(name)) {
        return;
    }
    if mode == Mode::Production {
        let least = HmacSecret::MIN_BYTES;
        r.problem(
            SECRET,
            format!(
                "must be set in production to at least {least} bytes, or {PEM} or {JWKS} to a file"
            ),
        );
    } else if !bind.is_loopback() {
        r.problem(
            "CHAT_BIND",
            format!(
                "must be a loopback address such as 127.0.0.1:5001 as long as there is no key: \
                 set {SECRET}, {PEM} or {JWKS}"
            ),
        );
    }
}
