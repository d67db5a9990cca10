//! What ends sockets from outside: the end of a token, a revocation, a newer socket. One task watches them all, and
//! keeps their leases.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use chat_domain::{id::UserId, service::auth::AuthService};
use tokio::time::{self, MissedTickBehavior};

use crate::{
    connection::Client,
    events::{Empty, ServerEventName},
    gateway::Core,
    registry::Registry,
};

/// A token's end is noticed within this time; the contract's clients count on a second.
const TICK: Duration = Duration::from_millis(500);
/// Revocations from other nodes, which nobody tells us of: every 2 s, well within the contract's 5 s.
const TICKS_PER_RECHECK: u64 = 4;
/// Leases last 60 s: every 20 s survives a lost renewal.
const TICKS_PER_RENEWAL: u64 = 40;
/// Addresses that stopped trying are forgotten every minute.
const TICKS_PER_CLEANING: u64 = 120;

/// Watches the sockets until the gateway is gone.
pub(crate) async fn watch(core: Weak<Core>) {
    let mut ticks = time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in 1_u64.. {
        ticks.tick().await;
        let Some(core) = core.upgrade() else { return };
        end_expired(&core);
        if tick.is_multiple_of(TICKS_PER_RECHECK) {
            end_invalid(core.fanout.registry(), None, &*core.services.auth);
        }
        if tick.is_multiple_of(TICKS_PER_RENEWAL) {
            renew(&core);
        }
        if tick.is_multiple_of(TICKS_PER_CLEANING) {
            core.connects.forget_idle();
        }
    }
}

/// Tells the client why, and closes the connection after it. Only the first farewell counts.
pub(crate) fn end(client: &Client, farewell: ServerEventName) {
    if client.session.end() {
        tracing::debug!(parent: &client.session.span, farewell = farewell.as_str(), "closed");
        client.emit(farewell, &Empty {});
        client.connection.disconnect();
    }
}

/// Ends the sockets of the user, or of everybody, whose tokens are no longer accepted.
pub(crate) fn end_invalid(registry: &Registry, user: Option<&UserId>, auth: &dyn AuthService) {
    for client in registry.clients(user) {
        if !client
            .session
            .with_claims(|claims| auth.still_valid(claims))
        {
            end(&client, ServerEventName::SessionExpired);
        }
    }
}

fn end_expired(core: &Core) {
    let now = core.services.clock.now();
    for client in core.fanout.registry().clients(None) {
        if client
            .session
            .with_claims(|claims| claims.expires_at <= now)
        {
            end(&client, ServerEventName::SessionExpired);
        }
    }
}

/// Renews all leases in one call, beside the watch, which must not wait for a store.
fn renew(core: &Arc<Core>) {
    let sockets: Vec<_> = core
        .fanout
        .registry()
        .clients(None)
        .into_iter()
        .map(|client| (client.session.user.clone(), client.session.id.clone()))
        .collect();
    if sockets.is_empty() {
        return;
    }
    let presence = Arc::clone(&core.services.presence);
    core.handle.spawn(async move {
        if let Err(error) = presence.renew(sockets).await {
            tracing::warn!(%error, "leases of sockets were not renewed");
        }
    });
}

#[cfg(test)]
mod tests {
    use chat_domain::{port::notifier::Notifier, testing::builder::user, time::Timestamp};
    use serde_json::json;

    use super::*;
    use crate::testing::{Bed, EXPIRES, Mocks, NOW, Seen, rest};

    fn farewell(name: &str) -> [Seen; 2] {
        [Seen::Event(name.into(), json!({})), Seen::Closed]
    }

    fn watched(bed: &Bed) {
        tokio::spawn(watch(Arc::downgrade(&bed.core)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_ends_with_its_token_within_a_second() {
        let bed = Bed::new(Mocks::default());
        watched(&bed);
        let alice = bed.connect("alice").await;
        bed.clock.advance(EXPIRES - NOW - 1);
        time::sleep(Duration::from_secs(1)).await;
        assert!(alice.log.take().is_empty());
        bed.clock.advance(1);
        time::sleep(Duration::from_secs(1)).await;
        assert_eq!(alice.log.take(), farewell("session_expired"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refreshed_token_lets_it_live_on() {
        let bed = Bed::new(Mocks::default());
        watched(&bed);
        let alice = bed.connect("alice").await;
        let mut claims = crate::testing::claims("alice");
        claims.expires_at = Timestamp::from_millis(EXPIRES + 10_000);
        alice.client.session.replace_claims(claims);
        bed.clock.advance(EXPIRES - NOW + 5_000);
        time::sleep(Duration::from_secs(1)).await;
        assert!(alice.log.take().is_empty());
    }

    fn revoking(name: &'static str) -> Mocks {
        let mut mocks = Mocks::default();
        mocks
            .auth
            .expect_still_valid()
            .returning(move |claims| claims.caller.user != user(name));
        mocks
    }

    #[tokio::test(start_paused = true)]
    async fn a_revocation_ends_the_users_sockets_at_once() {
        let bed = Bed::new(revoking("alice"));
        let (alice, bob) = (bed.connect("alice").await, bed.connect("bob").await);
        bed.core.fanout.recheck(Some(user("bob")));
        rest().await;
        assert!(alice.log.take().is_empty(), "only bob's were looked at");
        bed.core.fanout.recheck(Some(user("alice")));
        rest().await;
        assert_eq!(alice.log.take(), farewell("session_expired"));
        bed.core.fanout.recheck(None);
        rest().await;
        assert!(alice.log.take().is_empty(), "one farewell");
        assert!(bob.log.take().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_revocation_from_another_node_is_found_within_5_s() {
        let bed = Bed::new(revoking("alice"));
        watched(&bed);
        let alice = bed.connect("alice").await;
        time::sleep(Duration::from_secs(5)).await;
        assert_eq!(alice.log.take(), farewell("session_expired"));
    }

    #[tokio::test(start_paused = true)]
    async fn all_leases_are_renewed_in_one_call_in_time() {
        let mut mocks = Mocks::default();
        mocks
            .presence
            .expect_renew()
            .withf(|sockets| sockets.len() == 3)
            .times(3)
            .returning(|_| Ok(()));
        let bed = Bed::new(mocks);
        watched(&bed);
        let _sockets = [
            bed.connect("alice").await,
            bed.connect("alice").await,
            bed.connect("bob").await,
        ];
        time::sleep(Duration::from_secs(61)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_socket_makes_room_for_a_new_one() {
        let options = crate::Options {
            max_sockets_per_user: 2,
            ..crate::Options::default()
        };
        let bed = Bed::with(Mocks::default(), options);
        let first = bed.connect("alice").await;
        let second = bed.connect("alice").await;
        let bob = bed.connect("bob").await;
        assert!(first.log.take().is_empty());
        let third = bed.connect("alice").await;
        assert_eq!(first.log.take(), farewell("session_replaced"));
        // The first one may still be on its way out when the next one comes.
        let _fourth = bed.connect("alice").await;
        assert_eq!(second.log.take(), farewell("session_replaced"));
        assert!(first.log.take().is_empty() && third.log.take().is_empty());
        assert!(bob.log.take().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_on_its_way_out_takes_nobodys_place() {
        let options = crate::Options {
            max_sockets_per_user: 2,
            ..crate::Options::default()
        };
        let bed = Bed::with(Mocks::default(), options);
        let first = bed.connect("alice").await;
        let second = bed.connect("alice").await;
        end(&second.client, ServerEventName::SessionExpired);
        let _third = bed.connect("alice").await;
        assert!(first.log.take().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_means_none_is_replaced() {
        let options = crate::Options {
            max_sockets_per_user: 0,
            ..crate::Options::default()
        };
        let bed = Bed::with(Mocks::default(), options);
        let first = bed.connect("alice").await;
        for _ in 0..30 {
            bed.connect("alice").await;
        }
        assert!(first.log.take().is_empty());
    }
}
