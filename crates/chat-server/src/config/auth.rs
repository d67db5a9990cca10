//! The key that tokens are checked with: `JWT_SECRET`, `JWT_PUBLIC_KEY_FILE`, `JWT_JWKS_FILE`, `JWT_ISSUER`,
//! `JWT_AUDIENCE`.

use super::{Mode, env::Reader, http::Bind, secret::Secret};

/// HMAC-SHA256 wants a key as long as its output (RFC 7518 §3.2).
const MIN_SECRET_BYTES: usize = 32;
/// No key file is longer; a larger one is something else.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

const SECRET: &str = "JWT_SECRET";
const PEM: &str = "JWT_PUBLIC_KEY_FILE";
const JWKS: &str = "JWT_JWKS_FILE";

/// How tokens are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthConfig {
    /// The key.
    pub key: KeyConfig,
    /// The `iss` that tokens must have: `JWT_ISSUER`, default any.
    pub issuer: Option<String>,
    /// The `aud` that tokens must have: `JWT_AUDIENCE`, default any.
    pub audience: Option<String>,
}

/// A key, which fixes the algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyConfig {
    /// HS256 with a secret of one's own.
    Secret(Secret),
    /// The public key in a PEM file.
    Pem(String),
    /// A set of public keys.
    Jwks(String),
    /// None was given: development makes one up for this run.
    Generated,
}

impl AuthConfig {
    pub(super) fn read(r: &mut Reader<'_>, mode: Mode, bind: &Bind) -> Self {
        Self {
            key: key(r, mode, bind),
            issuer: r.text("JWT_ISSUER").map(str::to_owned),
            audience: r.text("JWT_AUDIENCE").map(str::to_owned),
        }
    }
}

impl KeyConfig {
    /// The variable that the key comes from, for messages about it.
    #[must_use]
    pub const fn variable(&self) -> &'static str {
        match self {
            Self::Secret(_) | Self::Generated => SECRET,
            Self::Pem(_) => PEM,
            Self::Jwks(_) => JWKS,
        }
    }
}

fn key(r: &mut Reader<'_>, mode: Mode, bind: &Bind) -> KeyConfig {
    let set: Vec<&'static str> = [SECRET, PEM, JWKS]
        .into_iter()
        .filter(|name| r.is_set(name))
        .collect();
    match set[..] {
        [] => generated(r, mode, bind),
        [SECRET] => secret(r),
        [PEM] => KeyConfig::Pem(file(r, PEM)),
        [JWKS] => KeyConfig::Jwks(file(r, JWKS)),
        [first, ..] => {
            let names = [SECRET, PEM, JWKS].join(", ");
            r.problem(
                first,
                format!("must be the only key: set just one of {names}"),
            );
            KeyConfig::Generated
        }
    }
}

fn generated(r: &mut Reader<'_>, mode: Mode, bind: &Bind) -> KeyConfig {
    if mode == Mode::Production {
        r.problem(
            SECRET,
            format!(
                "must be set in production to at least {MIN_SECRET_BYTES} bytes, or {PEM} or {JWKS} to a file"
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
    KeyConfig::Generated
}

fn secret(r: &mut Reader<'_>) -> KeyConfig {
    let text = r.text(SECRET);
    if text.is_some_and(|text| text.len() < MIN_SECRET_BYTES) {
        r.problem(
            SECRET,
            format!("must have at least {MIN_SECRET_BYTES} bytes"),
        );
    }
    KeyConfig::Secret(Secret::new(text.unwrap_or_default().as_bytes()))
}

fn file(r: &mut Reader<'_>, name: &'static str) -> String {
    let Some(path) = r.path(name) else {
        return String::new();
    };
    let small =
        std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= MAX_FILE_BYTES);
    match std::fs::read_to_string(path) {
        Ok(text) if small => text,
        _ => {
            r.problem(
                name,
                "must be the path of a readable text file with the key",
            );
            String::new()
        }
    }
}
