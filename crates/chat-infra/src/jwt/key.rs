//! Keys that tokens are verified with. Each has its algorithm, fixed when it is loaded, and is strong enough.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, Validation,
    jwk::{AlgorithmParameters, Jwk},
};

use super::{HmacSecret, jwks, pem};

/// Why a key can't be used. Says nothing of a secret's or private key's content.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Too easy to guess.
    #[error("the secret must have at least {} bytes", HmacSecret::MIN_BYTES)]
    SecretTooShort,
    /// A key of another kind.
    #[error("the secret is a PEM key: a public key goes into a file of its own")]
    SecretIsPem,
    /// The system's random source failed.
    #[error("the system gave no randomness for a key")]
    NoRandomness(#[source] getrandom::Error),
    /// Whoever can read this server's files could sign tokens.
    #[error("it holds a private key: only the public key belongs here")]
    Private,
    /// No PEM, several, or one of another kind such as a certificate.
    #[error("it must hold exactly one PEM block, \"PUBLIC KEY\" or \"RSA PUBLIC KEY\"")]
    NotOnePem,
    /// A kind of key that is not for us.
    #[error("the key must be RSA, P-256 or Ed25519")]
    UnsupportedPem,
    /// RSA: too weak, or more than the library computes with.
    #[error("the RSA key has {bits} bits: 2048 to 4096 are allowed")]
    RsaBits {
        /// The length of its modulus.
        bits: usize,
    },
    /// The numbers in the key make no key.
    #[error("the {algorithm:?} key is not valid")]
    Invalid {
        /// What it was to be used for.
        algorithm: Algorithm,
    },
    /// The key set can't be used.
    #[error("the JWKS can't be used: {0}")]
    Jwks(&'static str),
}

/// The keys of which one must have signed a token.
#[derive(Debug)]
pub struct KeySet(Vec<VerificationKey>);

impl KeySet {
    /// One shared secret, HS256.
    pub fn from_secret(secret: &HmacSecret) -> Result<Self, KeyError> {
        let key = DecodingKey::from_secret(secret.bytes());
        VerificationKey::new(None, Algorithm::HS256, key).map(|key| Self(vec![key]))
    }

    /// One public key: RSA (RS256), P-256 (ES256) or Ed25519 (`EdDSA`), as the PEM says.
    ///
    /// # Errors
    /// If there is not exactly one public key, it is of another kind, or too weak.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        pem::parse(text).map(|key| Self(vec![key]))
    }

    /// The keys of a JWKS (RFC 7517), by their `kid`. Keys for encryption and of kinds that we don't know are left
    /// out, as §5 of the RFC asks.
    ///
    /// # Errors
    /// If no key remains, one is weak or private, or they can't be told apart.
    pub fn from_jwks(text: &str) -> Result<Self, KeyError> {
        jwks::parse(text).map(Self)
    }

    /// The key for a token that names `kid`. A key without a name serves every token; with several keys, a token must
    /// name one.
    pub(super) fn find(&self, kid: Option<&str>) -> Option<&VerificationKey> {
        match (self.0.as_slice(), kid) {
            ([only], None) => Some(only),
            ([only], _) if only.kid.is_none() => Some(only),
            (keys, Some(kid)) => keys.iter().find(|key| key.kid.as_deref() == Some(kid)),
            (_, None) => None,
        }
    }
}

/// A key with its algorithm.
#[derive(Debug)]
pub(super) struct VerificationKey {
    pub(super) kid: Option<String>,
    pub(super) key: DecodingKey,
    pub(super) validation: Validation,
}

impl VerificationKey {
    /// Takes the key if it is valid for the algorithm and strong enough.
    pub(super) fn new(
        kid: Option<String>,
        algorithm: Algorithm,
        key: DecodingKey,
    ) -> Result<Self, KeyError> {
        let invalid = || KeyError::Invalid { algorithm };
        match algorithm.family() {
            AlgorithmFamily::Hmac => check_secret(algorithm, &key)?,
            AlgorithmFamily::Rsa => check_rsa(&key).ok_or_else(invalid)??,
            AlgorithmFamily::Ec => {}
            // The library takes the first 32 bytes without asking whether they are there.
            AlgorithmFamily::Ed => match key.try_get_as_bytes() {
                Ok(bytes) if bytes.len() == 32 => {}
                _ => return Err(invalid()),
            },
        }
        // Builds the verifier once, so that a point off the curve is found now and not with the first token.
        jsonwebtoken::crypto::verify("", b"", &key, algorithm).map_err(|_| invalid())?;

        // The claims' rules need our clock: claims.rs has them. What remains for the library is the signature.
        let mut validation = Validation::new(algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        Ok(Self {
            kid,
            key,
            validation,
        })
    }
}

/// RFC 7518 §3.2: at least as long as the hash.
fn check_secret(algorithm: Algorithm, key: &DecodingKey) -> Result<(), KeyError> {
    let needed = match algorithm {
        Algorithm::HS384 => 48,
        Algorithm::HS512 => 64,
        _ => HmacSecret::MIN_BYTES,
    };
    match key.try_get_as_bytes() {
        Ok(bytes) if bytes.len() >= needed => Ok(()),
        _ => Err(KeyError::SecretTooShort),
    }
}

/// Modulus of 2048 (RFC 7518 §3.3) to 4096 bits, the most that the `rsa` crate computes with; odd exponent from 3 to
/// 2^33-1, its bounds again. `None` if there is no modulus to look at.
fn check_rsa(key: &DecodingKey) -> Option<Result<(), KeyError>> {
    let jwk = Jwk::from_decoding_key(key, None).ok()?;
    let AlgorithmParameters::RSA(rsa) = jwk.algorithm else {
        return None;
    };
    let modulus = URL_SAFE_NO_PAD.decode(rsa.n).ok()?;
    let exponent = URL_SAFE_NO_PAD.decode(rsa.e).ok()?;
    let bits = bit_length(&modulus);
    if !(2048..=4096).contains(&bits) {
        return Some(Err(KeyError::RsaBits { bits }));
    }
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    let sane = odd(&modulus) && odd(&exponent) && (2..=33).contains(&bit_length(&exponent));
    sane.then_some(Ok(()))
}

fn bit_length(big_endian: &[u8]) -> usize {
    let zeros = big_endian.iter().take_while(|byte| **byte == 0).count();
    big_endian[zeros..].first().map_or(0, |first| {
        (big_endian.len() - zeros) * 8 - first.leading_zeros() as usize
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_without_leading_zeros() {
        assert_eq!(bit_length(&[]), 0);
        assert_eq!(bit_length(&[0, 0]), 0);
        assert_eq!(bit_length(&[0, 1, 0]), 9);
        assert_eq!(bit_length(&[0x80]), 8);
    }

    #[test]
    fn a_secret_is_not_shown_with_the_key() {
        let secret = HmacSecret::new("correct horse battery staple and more").unwrap();
        let shown = format!("{:?}", KeySet::from_secret(&secret).unwrap());
        assert!(
            !shown.contains("horse") && !shown.contains("99, 111"),
            "{shown}"
        );
    }
}
