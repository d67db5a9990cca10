//! Key sets (JWKS, RFC 7517).

use std::collections::HashSet;

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::{KeyError, key::VerificationKey};

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// The keys that verify signatures.
pub(super) fn parse(text: &str) -> Result<Vec<VerificationKey>, KeyError> {
    let document: Document = serde_json::from_str(text)
        .map_err(|_| KeyError::Jwks("it must be a JSON object with an array \"keys\""))?;
    let mut keys = Vec::new();
    for value in document.keys {
        keys.extend(verification_key(value)?);
    }
    if keys.is_empty() {
        return Err(KeyError::Jwks("no key in it can verify signatures"));
    }
    if keys.len() > 1 {
        let names: HashSet<_> = keys.iter().filter_map(|key| key.kid.as_deref()).collect();
        if names.len() < keys.len() {
            return Err(KeyError::Jwks(
                "among several keys each needs its own \"kid\"",
            ));
        }
    }
    Ok(keys)
}

/// `None` for keys that are for something else or unknown to us.
fn verification_key(value: Value) -> Result<Option<VerificationKey>, KeyError> {
    // RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2: the private part of every asymmetric kind.
    if value.get("d").is_some() {
        return Err(KeyError::Private);
    }
    let Ok(jwk) = serde_json::from_value::<Jwk>(value) else {
        tracing::warn!("a key of the JWKS has no known form and is left out");
        return Ok(None);
    };
    let kid = jwk.common.key_id.clone();
    if !verifies(&jwk) {
        return Ok(None);
    }
    let Some(algorithm) = algorithm(&jwk)? else {
        tracing::warn!(kid, "a key of the JWKS is of an unknown kind and left out");
        return Ok(None);
    };
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| KeyError::Invalid { algorithm })?;
    VerificationKey::new(kid, algorithm, key).map(Some)
}

fn verifies(jwk: &Jwk) -> bool {
    let used = !matches!(
        jwk.common.public_key_use,
        Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_))
    );
    let operations = jwk.common.key_operations.as_ref();
    used && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
}

/// What the key's `alg` says, or else its type; `None` if that is not among ours.
fn algorithm(jwk: &Jwk) -> Result<Option<Algorithm>, KeyError> {
    let by_type = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(ec) => match ec.curve {
            EllipticCurve::P256 => Algorithm::ES256,
            EllipticCurve::P384 => Algorithm::ES384,
            _ => return Ok(None),
        },
        AlgorithmParameters::OctetKeyPair(okp) if okp.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        AlgorithmParameters::OctetKey(_) => Algorithm::HS256,
        _ => return Ok(None),
    };
    let Some(named) = jwk.common.key_algorithm else {
        return Ok(Some(by_type));
    };
    let Ok(named) = Algorithm::try_from(named) else {
        return Ok(None);
    };
    // RSA and HMAC keys fit every algorithm of their family; a curve fits one.
    let by_family = matches!(
        by_type.family(),
        AlgorithmFamily::Rsa | AlgorithmFamily::Hmac
    );
    if named == by_type || (by_family && named.family() == by_type.family()) {
        Ok(Some(named))
    } else {
        Err(KeyError::Jwks("a key's \"alg\" does not fit its \"kty\""))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;

    fn jwk(pem: &str) -> Value {
        let key = match pem {
            "rsa" => DecodingKey::from_rsa_pem(include_bytes!(
                "../../tests/fixtures/jwt/rsa2048.public.pem"
            )),
            "weak" => DecodingKey::from_rsa_pem(include_bytes!(
                "../../tests/fixtures/jwt/rsa1024.public.pem"
            )),
            "ec" => {
                DecodingKey::from_ec_pem(include_bytes!("../../tests/fixtures/jwt/p256.public.pem"))
            }
            _ => DecodingKey::from_ed_pem(include_bytes!(
                "../../tests/fixtures/jwt/ed25519.public.pem"
            )),
        };
        serde_json::to_value(Jwk::from_decoding_key(&key.unwrap(), None).unwrap()).unwrap()
    }

    fn with(mut jwk: Value, extra: &Value) -> Value {
        let object = jwk.as_object_mut().unwrap();
        object.extend(extra.as_object().unwrap().clone());
        jwk
    }

    fn load(keys: &[Value]) -> Result<Vec<VerificationKey>, KeyError> {
        parse(&json!({ "keys": keys }).to_string())
    }

    fn algorithms(keys: &[Value]) -> Vec<Algorithm> {
        let loaded = load(keys).unwrap();
        loaded
            .iter()
            .map(|key| key.validation.algorithms[0])
            .collect()
    }

    #[test]
    fn the_algorithm_is_the_keys_own_or_follows_from_its_type() {
        let keys = [
            with(jwk("rsa"), &json!({ "kid": "1" })),
            with(jwk("rsa"), &json!({ "kid": "2", "alg": "PS512" })),
            with(jwk("ec"), &json!({ "kid": "3" })),
            with(
                jwk("ed"),
                &json!({ "kid": "4", "alg": "EdDSA", "use": "sig" }),
            ),
        ];
        let expected = [
            Algorithm::RS256,
            Algorithm::PS512,
            Algorithm::ES256,
            Algorithm::EdDSA,
        ];
        assert_eq!(algorithms(&keys), expected);
    }

    #[test]
    fn keys_for_something_else_are_left_out() {
        let keys = [
            with(jwk("rsa"), &json!({ "kid": "1", "use": "enc" })),
            with(jwk("rsa"), &json!({ "kid": "2", "alg": "RSA-OAEP" })),
            with(jwk("rsa"), &json!({ "kid": "3", "key_ops": ["encrypt"] })),
            json!({ "kty": "OKP", "crv": "X25519", "x": "AA", "kid": "4" }),
            json!({ "kty": "what", "kid": "5" }),
            json!("no key at all"),
            with(jwk("ec"), &json!({ "kid": "6", "key_ops": ["verify"] })),
        ];
        assert_eq!(algorithms(&keys), [Algorithm::ES256]);
        assert!(matches!(load(&keys[..6]), Err(KeyError::Jwks(_))));
    }

    #[test]
    fn unusable_keys_are_refused_and_not_left_out() {
        let short = URL_SAFE_NO_PAD.encode([7; 31]);
        let refused = [
            with(jwk("ec"), &json!({ "d": "AA" })),
            with(jwk("ec"), &json!({ "alg": "RS256" })),
            with(jwk("ec"), &json!({ "alg": "HS256" })),
            with(jwk("ec"), &json!({ "x": "AAAA" })),
            with(jwk("ec"), &json!({ "x": short.clone() })),
            with(jwk("ed"), &json!({ "x": short.clone() })),
            with(jwk("rsa"), &json!({ "e": "AQ" })),
            with(jwk("rsa"), &json!({ "n": "" })),
            jwk("weak"),
            json!({ "kty": "oct", "k": short }),
        ];
        for key in refused {
            assert!(load(std::slice::from_ref(&key)).is_err(), "{key}");
        }
    }

    #[test]
    fn several_keys_need_names_of_their_own() {
        let named = |kid: &str| with(jwk("ec"), &json!({ "kid": kid }));
        assert!(load(&[named("1"), named("2")]).is_ok());
        assert!(load(&[named("1"), named("1")]).is_err());
        assert!(load(&[named("1"), jwk("rsa")]).is_err());
        assert!(load(&[jwk("rsa")]).is_ok());
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for text in ["", "[]", "{}", r#"{"keys":[]}"#, r#"{"keys":{}}"#] {
            assert!(matches!(parse(text), Err(KeyError::Jwks(_))), "{text}");
        }
    }
}
