//! `presence`: who of those the caller shares a thread with is online.

use chat_domain::model::presence::PresenceState;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    events::AskPresence,
    gateway::Core,
    payload::parse,
    reply::{Outcome, acknowledge},
    session::Session,
};

/// `{ ok: true, users: [{ userId, online, lastSeenAt }] }`.
#[derive(Serialize)]
struct Users {
    users: Vec<PresenceState>,
}

pub(crate) async fn presence(core: &Core, session: &Session, args: &[Box<RawValue>]) -> Outcome {
    let AskPresence { user_ids } = parse(args)?;
    let users = core
        .services
        .presence
        .lookup(session.caller(), user_ids)
        .await?;
    acknowledge(Users { users })
}

#[cfg(test)]
mod tests {
    use chat_domain::{error::RepoError, testing::builder::user, time::Timestamp};
    use serde_json::json;

    use super::*;
    use crate::testing::{Bed, Mocks};

    #[tokio::test(start_paused = true)]
    async fn the_answer_lists_whom_the_domain_tells_of() {
        let mut mocks = Mocks::default();
        mocks
            .presence
            .expect_lookup()
            .withf(|caller, users| {
                caller.user == user("alice") && *users == [user("bob"), user("stranger")]
            })
            .returning(|_, _| {
                Ok(vec![PresenceState {
                    user_id: user("bob"),
                    online: false,
                    last_seen_at: Some(Timestamp::from_millis(0)),
                }])
            });
        let bed = Bed::new(mocks);
        let alice = bed.connect("alice").await;
        let payload = json!({ "userIds": ["bob", "stranger"] }).to_string();
        let answer = bed.answer(&alice, "presence", &payload).await;
        let bob =
            json!({ "userId": "bob", "online": false, "lastSeenAt": "1970-01-01T00:00:00.000Z" });
        assert_eq!(answer, json!({ "ok": true, "users": [bob] }));
    }

    #[tokio::test(start_paused = true)]
    async fn at_most_100_valid_ids() {
        let bed = Bed::new(Mocks::default());
        let alice = bed.connect("alice").await;
        let many: Vec<_> = (0..101).map(|n| format!("user-{n}")).collect();
        for payload in [
            json!({ "userIds": many }),
            json!({ "userIds": ["a b"] }),
            json!({ "userIds": "bob" }),
            json!({}),
        ] {
            let code = bed.error(&alice, "presence", &payload.to_string()).await;
            assert_eq!(code, "validation_failed", "{payload}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_is_unavailable() {
        let mut mocks = Mocks::default();
        mocks
            .presence
            .expect_lookup()
            .returning(|_, _| Err(RepoError::unavailable("gone")));
        let bed = Bed::new(mocks);
        let alice = bed.connect("alice").await;
        assert_eq!(
            bed.error(&alice, "presence", r#"{"userIds":[]}"#).await,
            "unavailable"
        );
    }
}
