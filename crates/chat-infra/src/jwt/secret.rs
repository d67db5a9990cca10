//! The shared secret of HS256.

use std::fmt;

use super::KeyError;

/// A shared secret of at least 32 bytes, as RFC 7518 §3.2 asks for HS256. Never shown by `Debug`.
#[derive(Clone)]
pub struct HmacSecret(Box<[u8]>);

impl HmacSecret {
    /// The fewest bytes a secret may have: the output of SHA-256.
    pub const MIN_BYTES: usize = 32;

    /// Takes the bytes of a secret.
    ///
    /// # Errors
    /// If they are fewer than [`HmacSecret::MIN_BYTES`], or are a PEM: a public key is no secret, and whoever knows
    /// it could sign with it.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let secret = secret.as_ref();
        if secret.trim_ascii_start().starts_with(b"-----BEGIN") {
            return Err(KeyError::SecretIsPem);
        }
        if secret.len() < Self::MIN_BYTES {
            return Err(KeyError::SecretTooShort);
        }
        Ok(Self(secret.into()))
    }

    /// A secret for this run only, from the operating system's random source: for development.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn random() -> Result<Self, KeyError> {
        let mut secret = [0_u8; Self::MIN_BYTES];
        getrandom::fill(&mut secret).map_err(KeyError::NoRandomness)?;
        Ok(Self(secret.into()))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for HmacSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_at_least_32_bytes() {
        assert!(HmacSecret::new("x".repeat(32)).is_ok());
        let refused = HmacSecret::new("x".repeat(31)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the secret must have at least 32 bytes"
        );
    }

    #[test]
    fn a_public_key_is_no_secret() {
        let pem = include_str!("../../tests/fixtures/jwt/rsa2048.public.pem");
        assert!(matches!(HmacSecret::new(pem), Err(KeyError::SecretIsPem)));
    }

    #[test]
    fn random_secrets_differ_and_are_not_shown() {
        let (one, other) = (HmacSecret::random().unwrap(), HmacSecret::random().unwrap());
        assert_ne!(one.bytes(), other.bytes());
        assert_eq!(format!("{one:?}"), "HmacSecret(…)");
    }
}
