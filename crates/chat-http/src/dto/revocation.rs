//! Taking tokens back.

use chat_domain::{
    id::{TokenId, UserId},
    model::token::Revocation,
    time::Timestamp,
};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// Which tokens: all parts that are given must fit; at least one of the three.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub(crate) struct RevocationBody {
    /// The token with this `jti`.
    #[garde(skip)]
    jti: Option<TokenId>,
    /// Tokens of this user; without `issuedBefore`, those issued before now.
    #[garde(skip)]
    user_id: Option<UserId>,
    /// Tokens issued before this moment, and those that don't say when.
    #[garde(skip)]
    issued_before: Option<Timestamp>,
}

impl RevocationBody {
    /// # Errors
    /// If nothing is given: that would take back every token of everybody.
    pub(crate) fn into_revocation(self) -> Result<Revocation, ApiError> {
        let revocation = Revocation {
            token_id: self.jti,
            user_id: self.user_id,
            issued_before: self.issued_before,
        };
        match &revocation {
            Revocation {
                token_id: None,
                user_id: None,
                issued_before: None,
            } => Err(ApiError::invalid(
                "jti",
                "give at least one of jti, userId and issuedBefore",
            )),
            _ => Ok(revocation),
        }
    }
}
