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
