//! V1–V2: [`RevocationList`](crate::port::auth::RevocationList).
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use super::{Case, World, case};
use crate::{
    id::TokenId,
    model::{
        token::{Claims, Revocation},
        user::Caller,
    },
    testing::builder::user,
    time::Timestamp,
};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(v1_a_revoked_token_is_known_at_once),
    case!(v1_a_users_tokens_until_now_are_revoked),
    case!(v2_revocations_survive_a_restart),
];

fn claims(name: &str, token: &str, issued_at: Timestamp) -> Claims {
    Claims {
        caller: Caller::user(user(name)),
        expires_at: issued_at.plus_millis(3_600_000),
        issued_at: Some(issued_at),
        token_id: TokenId::parse(token).ok(),
    }
}

fn token(id: &str) -> Revocation {
    Revocation {
        token_id: TokenId::parse(id).ok(),
        user_id: None,
        issued_before: None,
    }
}

async fn v1_a_revoked_token_is_known_at_once(w: World) {
    let (revoked, other) = (
        claims("alice", "t-1", w.now()),
        claims("alice", "t-2", w.now()),
    );
    assert!(!w.revocations.is_revoked(&revoked));
    w.revocations.revoke(token("t-1"), w.now()).await.unwrap();
    assert!(w.revocations.is_revoked(&revoked));
    assert!(!w.revocations.is_revoked(&other));
}

async fn v1_a_users_tokens_until_now_are_revoked(w: World) {
    let old = |name| claims(name, "t-1", w.now().plus_millis(-1_000));
    let all_of_alice = Revocation {
        token_id: None,
        user_id: Some(user("alice")),
        issued_before: None,
    };
    w.revocations.revoke(all_of_alice, w.now()).await.unwrap();
    assert!(w.revocations.is_revoked(&old("alice")));
    assert!(!w.revocations.is_revoked(&old("bob")));
    let new = claims("alice", "t-2", w.now().plus_millis(1_000));
    assert!(!w.revocations.is_revoked(&new));
    let before = Revocation {
        token_id: None,
        user_id: None,
        issued_before: Some(w.now().plus_millis(-500)),
    };
    w.revocations.revoke(before, w.now()).await.unwrap();
    assert!(w.revocations.is_revoked(&old("bob")));
    assert!(!w.revocations.is_revoked(&claims("bob", "t-1", w.now())));
}

async fn v2_revocations_survive_a_restart(w: World) {
    let revoked = claims("alice", "t-1", w.now());
    w.revocations.revoke(token("t-1"), w.now()).await.unwrap();
    let w = (w.restart)().await;
    assert!(w.revocations.is_revoked(&revoked));
    assert!(!w.revocations.is_revoked(&claims("alice", "t-2", w.now())));
}
