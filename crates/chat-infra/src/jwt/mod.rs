//! Tokens (JWT, RFC 7519): verifying those of others, and signing our own with a shared secret.
//!
//! RFC 8725 is the guide: the algorithm belongs to the key and never comes from the token, keys named or embedded in
//! a token are not looked at, and whatever is not understood is refused. Options come as plain values; nothing here
//! reads the environment.

mod claims;
mod jwks;
mod key;
mod pem;
mod secret;
mod signer;
mod verifier;

#[cfg(test)]
mod hostile_tests;

pub use key::{KeyError, KeySet};
pub use secret::HmacSecret;
pub use signer::{JwtSigner, SignError, SignedToken};
pub use verifier::JwtVerifier;

/// What a token must say beyond who and until when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JwtOptions {
    /// The only issuer that is accepted, and that our own tokens name; `None` accepts any, and none at all.
    pub issuer: Option<String>,
    /// The audience that must be among the token's, and that our own tokens name; `None` accepts any, and none at all.
    pub audience: Option<String>,
}
