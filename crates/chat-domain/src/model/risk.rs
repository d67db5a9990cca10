//! Suspicious behaviour: signals, their weights, and the score.

use serde::Serialize;

use crate::{id::UserId, time::Timestamp};

/// A kind of suspicious behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// Many failed authentications from one address.
    AuthFailures,
    /// One token in use from too many addresses at once.
    TokenSharing,
    /// A revoked token was presented.
    RevokedToken,
    /// A limit was hit.
    RateLimited,
    /// The filter found a text unclean.
    UncleanText,
    /// Somebody reported the user.
    Reported,
}

impl SignalKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::AuthFailures,
        Self::TokenSharing,
        Self::RevokedToken,
        Self::RateLimited,
        Self::UncleanText,
        Self::Reported,
    ];

    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthFailures => "auth_failures",
            Self::TokenSharing => "token_sharing",
            Self::RevokedToken => "revoked_token",
            Self::RateLimited => "rate_limited",
            Self::UncleanText => "unclean_text",
            Self::Reported => "reported",
        }
    }

    /// What one such signal adds to the score.
    #[must_use]
    pub const fn weight(self) -> i64 {
        match self {
            Self::RateLimited => 1,
            Self::UncleanText | Self::AuthFailures => 5,
            Self::Reported => 10,
            Self::TokenSharing | Self::RevokedToken => 20,
        }
    }
}

/// How often a kind of signal was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RiskSignal {
    /// The kind's name.
    pub kind: String,
    /// How often.
    pub count: i64,
    /// When last.
    pub last_at: Timestamp,
}

/// What is known of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RiskReport {
    /// Whose.
    pub user_id: UserId,
    /// The sum of counts times weights, at most 100.
    pub score: i64,
    /// The signals, most recent first.
    pub signals: Vec<RiskSignal>,
}

impl RiskReport {
    /// The highest score.
    pub const MAX_SCORE: i64 = 100;

    /// Sums up the signals.
    #[must_use]
    pub fn new(user_id: UserId, mut signals: Vec<RiskSignal>) -> Self {
        signals.sort_by(|a, b| b.last_at.cmp(&a.last_at).then_with(|| a.kind.cmp(&b.kind)));
        let weight = |name: &str| {
            SignalKind::ALL
                .iter()
                .find(|kind| kind.as_str() == name)
                .map_or(0, |kind| kind.weight())
        };
        let sum = signals
            .iter()
            .map(|signal| signal.count.saturating_mul(weight(&signal.kind)))
            .fold(0, i64::saturating_add);
        Self {
            user_id,
            score: sum.clamp(0, Self::MAX_SCORE),
            signals,
        }
    }
}

/// Something that must be provable later. Holds no text, token, address or e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// What happened, such as `auth.token_sharing`.
    pub action: &'static str,
    /// Who did it; `None` if nobody is known.
    pub actor: Option<UserId>,
    /// Whom or what it was done to: an id.
    pub subject: Option<String>,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::builder::user;

    #[test]
    fn the_score_sums_weighted_counts_and_is_capped() {
        let signal = |kind: SignalKind, count| RiskSignal {
            kind: kind.as_str().into(),
            count,
            last_at: Timestamp::from_millis(0),
        };
        let report = |signals| RiskReport::new(user("a"), signals).score;
        assert_eq!(report(vec![]), 0);
        assert_eq!(
            report(vec![
                signal(SignalKind::Reported, 2),
                signal(SignalKind::RateLimited, 3)
            ]),
            23
        );
        assert_eq!(
            report(vec![signal(SignalKind::RevokedToken, i64::MAX)]),
            100
        );
    }
}
