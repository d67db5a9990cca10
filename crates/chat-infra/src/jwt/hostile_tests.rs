//! Hostile tokens: the attacks of RFC 8725 §2, and broken input.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chat_domain::{
    model::token::TokenError, port::auth::TokenVerifier, testing::fakes::ManualClock,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto::sign, jwk::Jwk};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{HmacSecret, JwtOptions, JwtVerifier, KeySet};

const SECRET: &str = "a secret of this test, 32 bytes or more";
const RSA_PUBLIC: &str = include_str!("../../tests/fixtures/jwt/rsa2048.public.pem");
const RSA_PRIVATE: &[u8] = include_bytes!("../../tests/fixtures/jwt/rsa2048.private.pem");
const EC_PUBLIC: &str = include_str!("../../tests/fixtures/jwt/p256.public.pem");
const EC_PRIVATE: &[u8] = include_bytes!("../../tests/fixtures/jwt/p256.private.pem");
const ED_PUBLIC: &str = include_str!("../../tests/fixtures/jwt/ed25519.public.pem");
const ED_PRIVATE: &[u8] = include_bytes!("../../tests/fixtures/jwt/ed25519.private.pem");

fn verifier(keys: KeySet) -> JwtVerifier {
    let clock = Arc::new(ManualClock::at(1_000_000_000_000));
    JwtVerifier::new(keys, JwtOptions::default(), clock)
}

fn with_secret() -> JwtVerifier {
    verifier(KeySet::from_secret(&HmacSecret::new(SECRET).unwrap()).unwrap())
}

fn with_pem(pem: &str) -> JwtVerifier {
    verifier(KeySet::from_pem(pem).unwrap())
}

fn secret() -> EncodingKey {
    EncodingKey::from_secret(SECRET.as_bytes())
}

fn rsa() -> EncodingKey {
    EncodingKey::from_rsa_pem(RSA_PRIVATE).unwrap()
}

fn ec() -> EncodingKey {
    EncodingKey::from_ec_pem(EC_PRIVATE).unwrap()
}

fn claims() -> Value {
    json!({ "sub": "alice", "exp": 1_000_000_060 })
}

fn encoded(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

/// A token with exactly this header, signed with `algorithm` whatever the header says.
fn token(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!(
        "{}.{}",
        encoded(header.to_string()),
        encoded(claims.to_string())
    );
    let signature = sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn hs256(header: &Value) -> String {
    token(header, &claims(), &secret(), Algorithm::HS256)
}

#[track_caller]
fn refused(verifier: &JwtVerifier, token: &str) {
    assert_eq!(
        verifier.verify(token),
        Err(TokenError::Invalid),
        "{token:.200}"
    );
}

#[test]
fn every_kind_of_key_verifies_its_own_algorithm() {
    let signed = |alg: &str, key: &EncodingKey, algorithm| {
        token(
            &json!({ "alg": alg, "typ": "JWT" }),
            &claims(),
            key,
            algorithm,
        )
    };
    let ed = EncodingKey::from_ed_pem(ED_PRIVATE).unwrap();
    assert!(
        with_secret()
            .verify(&signed("HS256", &secret(), Algorithm::HS256))
            .is_ok()
    );
    assert!(
        with_pem(RSA_PUBLIC)
            .verify(&signed("RS256", &rsa(), Algorithm::RS256))
            .is_ok()
    );
    assert!(
        with_pem(EC_PUBLIC)
            .verify(&signed("ES256", &ec(), Algorithm::ES256))
            .is_ok()
    );
    assert!(
        with_pem(ED_PUBLIC)
            .verify(&signed("EdDSA", &ed, Algorithm::EdDSA))
            .is_ok()
    );
}

#[test]
fn unsigned_tokens_are_refused() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = encoded(json!({ "alg": alg }).to_string());
        let payload = encoded(claims().to_string());
        for verifier in [with_secret(), with_pem(RSA_PUBLIC), with_pem(ED_PUBLIC)] {
            refused(&verifier, &format!("{header}.{payload}."));
            refused(&verifier, &format!("{header}.{payload}.AAAA"));
            refused(&verifier, &format!("{header}.{payload}"));
        }
    }
    let signed = hs256(&json!({ "alg": "HS256" }));
    let (message, _) = signed.rsplit_once('.').unwrap();
    refused(&with_secret(), &format!("{message}."));
}

#[test]
fn a_public_key_can_not_be_used_as_a_secret() {
    let public = DecodingKey::from_rsa_pem(RSA_PUBLIC.as_bytes()).unwrap();
    let der = public.try_get_as_bytes().unwrap();
    let guesses = [RSA_PUBLIC.as_bytes(), RSA_PUBLIC.trim().as_bytes(), der];
    for guess in guesses {
        let key = EncodingKey::from_secret(guess);
        for header in [json!({ "alg": "HS256" }), json!({ "alg": "RS256" })] {
            let forged = token(&header, &claims(), &key, Algorithm::HS256);
            refused(&with_pem(RSA_PUBLIC), &forged);
        }
    }
}

#[test]
fn the_token_does_not_choose_the_algorithm() {
    let other_hash = token(
        &json!({ "alg": "RS512" }),
        &claims(),
        &rsa(),
        Algorithm::RS512,
    );
    refused(&with_pem(RSA_PUBLIC), &other_hash);
    let other_padding = token(
        &json!({ "alg": "PS256" }),
        &claims(),
        &rsa(),
        Algorithm::PS256,
    );
    refused(&with_pem(RSA_PUBLIC), &other_padding);
    let lied = token(
        &json!({ "alg": "RS256" }),
        &claims(),
        &rsa(),
        Algorithm::RS512,
    );
    refused(&with_pem(RSA_PUBLIC), &lied);
    let longer = token(
        &json!({ "alg": "HS512" }),
        &claims(),
        &secret(),
        Algorithm::HS512,
    );
    refused(&with_secret(), &longer);
    refused(&with_pem(EC_PUBLIC), &hs256(&json!({ "alg": "HS256" })));
}

#[test]
fn keys_in_the_token_are_not_used() {
    let own = Jwk::from_encoding_key(&ec(), Algorithm::ES256).unwrap();
    let header = json!({ "alg": "ES256", "jwk": own, "jku": "https://evil.example/jwks.json", "x5u": "https://evil.example/c.pem" });
    let forged = token(&header, &claims(), &ec(), Algorithm::ES256);
    let jwks = json!({ "keys": [Jwk::from_decoding_key(
        &DecodingKey::from_rsa_pem(RSA_PUBLIC.as_bytes()).unwrap(), None).unwrap()] });
    refused(
        &verifier(KeySet::from_jwks(&jwks.to_string()).unwrap()),
        &forged,
    );
    refused(&with_secret(), &forged);
    // The same fields on a token that our own key signed make no difference.
    assert!(with_pem(EC_PUBLIC).verify(&forged).is_ok());
}

#[test]
fn a_key_set_is_searched_by_name_only() {
    let named = |jwk: Jwk, kid: &str| {
        let mut jwk = jwk;
        jwk.common.key_id = Some(kid.into());
        jwk
    };
    let keys = json!({ "keys": [
        named(Jwk::from_encoding_key(&ec(), Algorithm::ES256).unwrap(), "ec"),
        named(Jwk::from_encoding_key(&rsa(), Algorithm::RS256).unwrap(), "rsa"),
    ]});
    let verifier = verifier(KeySet::from_jwks(&keys.to_string()).unwrap());
    let by_ec = |header: Value| token(&header, &claims(), &ec(), Algorithm::ES256);
    assert!(
        verifier
            .verify(&by_ec(json!({ "alg": "ES256", "kid": "ec" })))
            .is_ok()
    );
    let signed = token(
        &json!({ "alg": "RS256", "kid": "rsa" }),
        &claims(),
        &rsa(),
        Algorithm::RS256,
    );
    assert!(verifier.verify(&signed).is_ok());
    for header in [
        json!({ "alg": "ES256" }),
        json!({ "alg": "ES256", "kid": "rsa" }),
        json!({ "alg": "RS256", "kid": "ec" }),
        json!({ "alg": "ES256", "kid": "" }),
        json!({ "alg": "ES256", "kid": "../ec" }),
        json!({ "alg": "ES256", "kid": "ec' OR '1'='1" }),
        json!({ "alg": "ES256", "kid": null }),
        json!({ "alg": "ES256", "kid": 1 }),
    ] {
        refused(&verifier, &by_ec(header));
    }
}

#[test]
fn headers_that_must_be_understood_are_refused() {
    for header in [
        json!({ "alg": "HS256", "crit": ["exp"] }),
        json!({ "alg": "HS256", "crit": [] }),
        json!({ "alg": "HS256", "crit": ["b64"], "b64": false }),
        json!({ "alg": "HS256", "crit": "exp" }),
        json!({ "alg": "HS256", "typ": "logout+jwt" }),
        json!({ "alg": "HS256", "typ": "secevent+jwt" }),
        json!({ "alg": ["HS256"] }),
        json!({ "alg": null }),
        json!({}),
    ] {
        refused(&with_secret(), &hs256(&header));
    }
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        assert!(
            with_secret()
                .verify(&hs256(&json!({ "alg": "HS256", "typ": typ })))
                .is_ok()
        );
    }
}

#[test]
fn a_header_given_twice_is_refused() {
    let header = encoded(r#"{"alg":"HS256","alg":"HS256"}"#);
    let message = format!("{header}.{}", encoded(claims().to_string()));
    let signature = sign(message.as_bytes(), &secret(), Algorithm::HS256).unwrap();
    refused(&with_secret(), &format!("{message}.{signature}"));
}

#[test]
fn a_signed_token_can_not_be_changed() {
    let good = hs256(&json!({ "alg": "HS256" }));
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts");
    };
    let other = encoded(json!({ "sub": "root", "exp": 2_000_000_000 }).to_string());
    for changed in [
        format!("{header}.{other}.{signature}"),
        format!("{header}.{payload}.{signature}="),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.{signature}."),
        format!(".{header}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}\n"),
        format!(" {header}.{payload}.{signature}"),
        format!("{header}.{payload}.{}", &signature[1..]),
    ] {
        refused(&with_secret(), &changed);
    }
    let wrong = token(
        &json!({ "alg": "HS256" }),
        &claims(),
        &EncodingKey::from_secret(&[7; 40]),
        Algorithm::HS256,
    );
    refused(&with_secret(), &wrong);
}

#[test]
fn weak_signatures_are_refused() {
    // ECDSA with r = s = 0, the "psychic signature" (CVE-2022-21449), and other sizes than 64 bytes.
    let message = format!(
        "{}.{}",
        encoded(json!({ "alg": "ES256" }).to_string()),
        encoded(claims().to_string())
    );
    for signature in [vec![0; 64], vec![0; 72], vec![0xff; 64], vec![], vec![1]] {
        refused(
            &with_pem(EC_PUBLIC),
            &format!("{message}.{}", encoded(&signature)),
        );
        let for_rsa = message.replace(
            &encoded(json!({ "alg": "ES256" }).to_string()),
            &encoded(json!({ "alg": "RS256" }).to_string()),
        );
        refused(
            &with_pem(RSA_PUBLIC),
            &format!("{for_rsa}.{}", encoded(&signature)),
        );
    }
}

#[test]
fn only_tokens_of_up_to_8_kib_are_looked_at() {
    let padded = |length: usize| {
        let mut claims = claims();
        claims["padding"] = json!("x".repeat(length));
        token(
            &json!({ "alg": "HS256" }),
            &claims,
            &secret(),
            Algorithm::HS256,
        )
    };
    let (fits, too_long) = (padded(6_000), padded(6_200));
    assert!(fits.len() <= 8_192 && too_long.len() > 8_192);
    assert!(with_secret().verify(&fits).is_ok());
    refused(&with_secret(), &too_long);
}

#[test]
fn payloads_that_are_no_claims_are_refused() {
    let nested = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    for payload in [
        "",
        "null",
        "[]",
        "\"alice\"",
        "{",
        "{\"sub\":\"alice\",\"exp\":1000000060}}",
        &nested,
        "\u{feff}{}",
    ] {
        let message = format!(
            "{}.{}",
            encoded(json!({ "alg": "HS256" }).to_string()),
            encoded(payload)
        );
        let signature = sign(message.as_bytes(), &secret(), Algorithm::HS256).unwrap();
        refused(&with_secret(), &format!("{message}.{signature}"));
    }
    let message = format!(
        "{}.{}",
        encoded(json!({ "alg": "HS256" }).to_string()),
        encoded(b"{\"sub\":\"\xff\"}")
    );
    let signature = sign(message.as_bytes(), &secret(), Algorithm::HS256).unwrap();
    refused(&with_secret(), &format!("{message}.{signature}"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn garbage_is_refused_without_a_panic(text in "\\PC{0,80}|[A-Za-z0-9_.-]{0,120}|\\.{0,5}") {
        prop_assert_eq!(with_secret().verify(&text), Err(TokenError::Invalid));
        prop_assert_eq!(with_pem(ED_PUBLIC).verify(&text), Err(TokenError::Invalid));
    }

    #[test]
    fn a_flipped_character_is_noticed(at in 0_usize..200, to in "[A-Za-z0-9_.-]") {
        let good = hs256(&json!({ "alg": "HS256" }));
        let at = at % good.len();
        let mut changed = good.clone();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != good);
        prop_assert_eq!(with_secret().verify(&changed), Err(TokenError::Invalid));
    }
}
