//! What a verified token says, and how tokens are taken back.

use crate::{
    id::{TokenId, UserId},
    model::user::Caller,
    time::Timestamp,
};

/// The claims of a token whose signature and times have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who, with which roles.
    pub caller: Caller,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// When it was made, if it says so.
    pub issued_at: Option<Timestamp>,
    /// Its own id, if it has one.
    pub token_id: Option<TokenId>,
}

/// Why a token can't be accepted; not told to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token, a wrong signature or algorithm, or claims that are missing or of the wrong shape.
    #[error("the token is not valid")]
    Invalid,
    /// Past its end.
    #[error("the token has expired")]
    Expired,
}

/// Which tokens are taken back. All parts that are set must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// This token.
    pub token_id: Option<TokenId>,
    /// Tokens of this user.
    pub user_id: Option<UserId>,
    /// Tokens issued before this moment, and those that don't say when.
    /// `None` for a user or everybody means: before the revocation.
    pub issued_before: Option<Timestamp>,
}

impl Revocation {
    /// Whether the token is one of those.
    #[must_use]
    pub fn covers(&self, claims: &Claims) -> bool {
        let token = self
            .token_id
            .as_ref()
            .is_none_or(|id| claims.token_id.as_ref() == Some(id));
        let user = self
            .user_id
            .as_ref()
            .is_none_or(|id| claims.caller.user == *id);
        let issued = self
            .issued_before
            .is_none_or(|before| claims.issued_at.is_none_or(|at| at < before));
        token && user && issued
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::builder::user;

    #[test]
    fn every_part_that_is_set_must_fit() {
        let claims = Claims {
            caller: Caller::user(user("alice")),
            expires_at: Timestamp::from_millis(9_000),
            issued_at: Some(Timestamp::from_millis(1_000)),
            token_id: TokenId::parse("t1").ok(),
        };
        let revoked = |token: Option<&str>, who: Option<&str>, before: Option<i64>| {
            Revocation {
                token_id: token.map(|id| TokenId::parse(id).unwrap()),
                user_id: who.map(user),
                issued_before: before.map(Timestamp::from_millis),
            }
            .covers(&claims)
        };
        assert!(revoked(Some("t1"), None, None));
        assert!(revoked(None, Some("alice"), Some(1_001)));
        assert!(!revoked(None, Some("alice"), Some(1_000)));
        assert!(!revoked(Some("t1"), Some("bob"), None));
    }
}
