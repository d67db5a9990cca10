//! What a token says, read strictly, and whether it holds now.

use chat_domain::{
    id::{TokenId, UserId},
    model::{
        token::{Claims, TokenError},
        user::{Caller, Role},
    },
    time::Timestamp,
};
use serde::{Deserialize, Deserializer};

use super::JwtOptions;

/// How far another clock may be ahead of ours, in milliseconds: for `nbf` and `iat`. `exp` is exact, since a socket ends
/// then and must not come back by the same token.
const LEEWAY_MS: i64 = 30_000;

/// The last moment that a token may name, in seconds: the end of the year 9999, where RFC 3339 ends too.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// The claims as they stand in a token whose signature is right. A claim that is there twice, or `null`, or of
/// another type, fails to parse; claims that are not ours are ignored.
#[derive(Deserialize)]
pub(super) struct RawClaims {
    sub: String,
    exp: f64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    jti: Option<String>,
    #[serde(default, deserialize_with = "present")]
    iss: Option<String>,
    #[serde(default, deserialize_with = "present")]
    aud: Option<Audience>,
    #[serde(default, deserialize_with = "present")]
    roles: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Unlike `Option`'s own, takes no `null`.
fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl RawClaims {
    /// The claims if they are well-formed, meant for us, and hold at that moment, the beginning give or take [`LEEWAY_MS`].
    pub(super) fn check(self, options: &JwtOptions, now: Timestamp) -> Result<Claims, TokenError> {
        let expires_at = moment(self.exp)?;
        let not_before = self.nbf.map(moment).transpose()?;
        let issued_at = self.iat.map(moment).transpose()?;
        let user = UserId::parse(&self.sub).map_err(|_| TokenError::Invalid)?;
        let token_id = self.jti.as_deref().map(TokenId::parse).transpose();
        let token_id = token_id.map_err(|_| TokenError::Invalid)?;

        let latest = now.plus_millis(LEEWAY_MS);
        let early = [not_before, issued_at]
            .into_iter()
            .flatten()
            .any(|at| at > latest);
        if early || !self.is_for_us(options) {
            return Err(TokenError::Invalid);
        }
        if expires_at <= now {
            return Err(TokenError::Expired);
        }
        let names = self.roles.unwrap_or_default();
        let roles = Role::ALL
            .into_iter()
            .filter(|role| names.iter().any(|name| name == role.as_str()));
        Ok(Claims {
            caller: Caller {
                user,
                roles: roles.collect(),
            },
            expires_at,
            issued_at,
            token_id,
        })
    }

    fn is_for_us(&self, options: &JwtOptions) -> bool {
        let issuer = options.issuer.as_ref();
        let audience = options.audience.as_ref();
        issuer.is_none_or(|ours| self.iss.as_ref() == Some(ours))
            && audience.is_none_or(|ours| match &self.aud {
                Some(Audience::One(only)) => only == ours,
                Some(Audience::Many(all)) => all.contains(ours),
                None => false,
            })
    }
}

/// A `NumericDate` (RFC 7519 §2): seconds since the epoch, with or without a fraction.
fn moment(seconds: f64) -> Result<Timestamp, TokenError> {
    if !(0.0..=LAST_SECOND).contains(&seconds) {
        return Err(TokenError::Invalid);
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    let millis = (seconds * 1_000.0) as i64;
    Ok(Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000_000);

    fn check(claims: &Value) -> Result<Claims, TokenError> {
        check_text(&claims.to_string(), &JwtOptions::default())
    }

    fn check_text(claims: &str, options: &JwtOptions) -> Result<Claims, TokenError> {
        serde_json::from_str::<RawClaims>(claims)
            .map_err(|_| TokenError::Invalid)?
            .check(options, NOW)
    }

    /// Good claims with one of them replaced.
    fn replaced(name: &str, value: Value) -> Value {
        let mut claims = json!({ "sub": "alice", "exp": 1_000_000_060 });
        claims[name] = value;
        claims
    }

    #[test]
    fn claims_become_caller_times_and_id() {
        let claims = check(&json!({
            "sub": "alice", "exp": 1_000_000_060, "iat": 999_999_999.5, "jti": "t-1",
            "roles": ["premium", "astronaut", "admin", "admin"], "iss": "anybody", "aud": ["anything"], "extra": {},
        }))
        .unwrap();
        assert_eq!(claims.caller.user.as_str(), "alice");
        assert_eq!(claims.caller.roles, [Role::Admin, Role::Premium]);
        assert_eq!(claims.expires_at.as_millis(), 1_000_000_060_000);
        assert_eq!(
            claims.issued_at,
            Some(Timestamp::from_millis(999_999_999_500))
        );
        assert_eq!(claims.token_id.unwrap().as_str(), "t-1");
    }

    #[test]
    fn an_end_is_exact_and_a_beginning_may_be_30_seconds_off() {
        let late = |exp: i64| check(&replaced("exp", json!(exp)));
        assert!(late(1_000_000_001).is_ok());
        assert_eq!(late(1_000_000_000), Err(TokenError::Expired));
        for claim in ["nbf", "iat"] {
            assert!(check(&replaced(claim, json!(1_000_000_030))).is_ok());
            let early = check(&replaced(claim, json!(1_000_000_031)));
            assert_eq!(early, Err(TokenError::Invalid), "{claim}");
        }
    }

    #[test]
    fn times_are_sane_numbers() {
        for claim in ["exp", "nbf", "iat"] {
            let values = [
                json!("1000000060"),
                json!(null),
                json!(-1),
                json!(1e300),
                json!([1]),
                json!(true),
            ];
            for value in values {
                let refused = check(&replaced(claim, value.clone()));
                assert_eq!(refused, Err(TokenError::Invalid), "{claim} {value}");
            }
        }
        let out_of_range = r#"{"sub":"alice","exp":1e999}"#;
        assert!(check_text(out_of_range, &JwtOptions::default()).is_err());
        assert!(check(&json!({ "sub": "alice" })).is_err());
    }

    #[test]
    fn subject_and_token_id_are_valid_ids() {
        for sub in [
            json!(""),
            json!("a b"),
            json!("x".repeat(129)),
            json!(7),
            json!(null),
        ] {
            assert!(check(&replaced("sub", sub.clone())).is_err(), "{sub}");
        }
        for jti in [
            json!(""),
            json!("a\u{0}"),
            json!("x".repeat(257)),
            json!(7),
            json!(null),
        ] {
            assert!(check(&replaced("jti", jti.clone())).is_err(), "{jti}");
        }
        assert!(check(&replaced("jti", json!("x".repeat(256)))).is_ok());
        assert!(check(&json!({ "exp": 1_000_000_060 })).is_err());
    }

    #[test]
    fn roles_are_an_array_of_strings() {
        for roles in [
            json!("admin"),
            json!(null),
            json!(["admin", 1]),
            json!({ "admin": true }),
        ] {
            assert!(check(&replaced("roles", roles.clone())).is_err(), "{roles}");
        }
        assert!(check(&replaced("roles", json!([]))).is_ok());
    }

    #[test]
    fn issuer_and_audience_are_checked_when_set() {
        let options = JwtOptions {
            issuer: Some("https://id.example".into()),
            audience: Some("chat".into()),
        };
        let accepted = |iss: Value, aud: Value| {
            let claims = json!({ "sub": "alice", "exp": 1_000_000_060, "iss": iss, "aud": aud });
            check_text(&claims.to_string(), &options).is_ok()
        };
        let ours = json!("https://id.example");
        assert!(accepted(ours.clone(), json!("chat")));
        assert!(accepted(ours.clone(), json!(["web", "chat"])));
        assert!(!accepted(ours.clone(), json!("chat2")));
        assert!(!accepted(ours.clone(), json!([])));
        assert!(!accepted(ours.clone(), json!([["chat"]])));
        assert!(!accepted(json!("https://id.example/"), json!("chat")));
        assert!(!accepted(json!([ours]), json!("chat")));
        assert!(check_text(r#"{"sub":"alice","exp":1000000060}"#, &options).is_err());
    }

    #[test]
    fn a_claim_that_is_there_twice_is_refused() {
        for twice in [r#""sub":"bob""#, r#""exp":2000000000"#] {
            let text = format!(r#"{{"sub":"alice","exp":1000000060,{twice}}}"#);
            assert!(check_text(&text, &JwtOptions::default()).is_err(), "{text}");
        }
        let roles = r#"{"sub":"alice","exp":1000000060,"roles":[],"roles":["admin"]}"#;
        assert!(check_text(roles, &JwtOptions::default()).is_err());
    }
}
