//! The `Notifier` port: an event is encoded once and handed to the rooms of its audience.

use std::sync::{Arc, OnceLock};

use actix_socketio::Encoded;
use chat_domain::{
    id::UserId,
    model::event::{ClientEvent, Push},
    port::notifier::Notifier,
    service::auth::AuthService,
};
use tokio::runtime::Handle;

use crate::{
    connection::{Rooms, encode},
    deliveries::{Deliveries, Written},
    events::ServerEventName,
    joining::{Held, JoiningSockets},
    registry::Registry,
    watch,
};

/// Brings events to the sockets of this node. Made before the use cases, which need it as their notifier;
/// [`Gateway::new`](crate::Gateway::new) then binds it to what it needs of them. Until then events reach nobody,
/// since nobody can be connected.
#[derive(Clone, Default)]
pub struct Fanout(Arc<Parts>);

#[derive(Default)]
struct Parts {
    registry: Registry,
    joining: Arc<JoiningSockets>,
    bound: OnceLock<Bound>,
}

/// What exists only once the gateway does.
pub(crate) struct Bound {
    pub(crate) rooms: Arc<dyn Rooms>,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) auth: Arc<dyn AuthService>,
    pub(crate) handle: Handle,
}

impl Fanout {
    /// A fan-out that reaches nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The port for the use cases.
    #[must_use]
    pub fn notifier(&self) -> Arc<dyn Notifier> {
        Arc::new(self.clone())
    }

    /// Binds it, the first time only.
    pub(crate) fn bind(&self, bound: Bound) {
        if self.0.bound.set(bound).is_err() {
            tracing::error!("a fan-out belongs to one gateway and was given to a second one");
        }
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    pub(crate) fn joining(&self) -> &Arc<JoiningSockets> {
        &self.0.joining
    }
}

impl Notifier for Fanout {
    fn notify(&self, push: Push) {
        let Some(bound) = self.0.bound.get() else {
            return;
        };
        let Some(packet) = packet(&push.event) else {
            return;
        };
        let (message, hook) = match &push.event {
            ClientEvent::Message { message, receipt } => (
                Some((message.thread_id, message.seq)),
                receipt.then(|| Written::delivers(&bound.deliveries, message)),
            ),
            _ => (None, None),
        };
        let held = Held {
            packet,
            message,
            hook,
        };
        let (users, except) = (&*push.audience.users, push.audience.except.as_ref());
        self.0.joining.pass(users, except, &push.event, &held, || {
            bound
                .rooms
                .send(&held.packet, users, except, held.hook.clone());
        });
    }

    fn recheck(&self, user: Option<UserId>) {
        let Some(bound) = self.0.bound.get() else {
            return;
        };
        let this = self.clone();
        let auth = Arc::clone(&bound.auth);
        bound.handle.spawn(async move {
            watch::end_invalid(&this.0.registry, user.as_ref(), &*auth);
        });
    }
}

fn packet(event: &ClientEvent) -> Option<Encoded> {
    match event {
        ClientEvent::Message { message, .. } => encode(ServerEventName::Message, &**message),
        ClientEvent::MessageUpdated(message) => encode(ServerEventName::MessageUpdated, &**message),
        ClientEvent::DeliveryReceipt(receipt) => encode(ServerEventName::DeliveryReceipt, receipt),
        ClientEvent::ReadReceipt(receipt) => encode(ServerEventName::ReadReceipt, receipt),
        ClientEvent::ThreadCreated(thread) => encode(ServerEventName::ThreadCreated, &**thread),
        ClientEvent::Typing(typing) => encode(ServerEventName::Typing, typing),
        ClientEvent::Presence(presence) => encode(ServerEventName::Presence, presence),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use chat_domain::{
        model::{
            event::{Audience, DeliveryReceipt, ReadReceipt, Typing},
            presence::PresenceState,
        },
        testing::builder::{self, message_id, thread_id, user},
        time::Timestamp,
        view::ThreadView,
    };
    use serde_json::json;

    use super::*;
    use crate::testing::{Bed, Mocks, Seen, message, rest};

    fn events() -> Vec<(ClientEvent, &'static str)> {
        let at = Timestamp::from_millis(0);
        let thread = builder::thread(&["alice", "bob"]);
        let view = ThreadView::new(&thread, None, Some(&user("bob")), &|_| true);
        let message = Arc::new(message("alice", 1));
        vec![
            (
                ClientEvent::Message {
                    message: Arc::clone(&message),
                    receipt: false,
                },
                "message",
            ),
            (ClientEvent::MessageUpdated(message), "message_updated"),
            (
                ClientEvent::DeliveryReceipt(DeliveryReceipt {
                    thread_id: thread_id(),
                    message_id: message_id(1),
                    seq: 1,
                    user_id: user("bob"),
                    delivered_at: at,
                }),
                "delivery_receipt",
            ),
            (
                ClientEvent::ReadReceipt(ReadReceipt {
                    thread_id: thread_id(),
                    user_id: user("bob"),
                    up_to_message_id: None,
                    up_to_seq: 1,
                    read_at: at,
                }),
                "read_receipt",
            ),
            (ClientEvent::ThreadCreated(Arc::new(view)), "thread_created"),
            (
                ClientEvent::Typing(Typing {
                    thread_id: thread_id(),
                    user_id: user("alice"),
                    is_typing: true,
                }),
                "typing",
            ),
            (
                ClientEvent::Presence(PresenceState {
                    user_id: user("alice"),
                    online: true,
                    last_seen_at: None,
                }),
                "presence",
            ),
        ]
    }

    #[tokio::test(start_paused = true)]
    async fn every_event_has_its_name_and_is_encoded_once_for_all_sockets() {
        let bed = Bed::new(Mocks::default());
        let (bob, second) = (bed.connect("bob").await, bed.connect("bob").await);
        let alice = bed.connect("alice").await;
        for (sent, (event, name)) in events().into_iter().enumerate() {
            let audience = Audience::users([user("bob"), user("nobody")]);
            bed.core.fanout.notify(Push { event, audience });
            assert_eq!(bob.log.events(), [name]);
            assert_eq!(second.log.events(), [name]);
            assert_eq!(bed.rooms.encoded.load(Ordering::SeqCst), sent + 1);
        }
        assert!(alice.log.take().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_payload_is_the_contracts() {
        let bed = Bed::new(Mocks::default());
        let bob = bed.connect("bob").await;
        for (event, _) in events() {
            let audience = Audience::user(user("bob"));
            bed.core.fanout.notify(Push { event, audience });
        }
        let seen = bob.log.take();
        let payload = |name: &str| {
            let found = seen.iter().find_map(|seen| match seen {
                Seen::Event(event, payload) if event == name => Some(payload.clone()),
                _ => None,
            });
            found.unwrap()
        };
        assert_eq!(payload("message"), json!(message("alice", 1)));
        let receipt = json!({
            "threadId": thread_id(), "messageId": message_id(1), "seq": 1, "userId": "bob",
            "deliveredAt": "1970-01-01T00:00:00.000Z",
        });
        assert_eq!(payload("delivery_receipt"), receipt);
        let presence = json!({ "userId": "alice", "online": true, "lastSeenAt": null });
        assert_eq!(payload("presence"), presence);
    }

    #[tokio::test(start_paused = true)]
    async fn the_excepted_socket_gets_nothing_while_joining_or_joined() {
        let bed = Bed::new(Mocks::default());
        let (bob, other) = (bed.accepted("bob").await, bed.connect("bob").await);
        for joined in [false, true] {
            if joined {
                bed.core.connected(&bob.client).await;
            }
            for (event, _) in events() {
                let audience = Audience::user(user("bob"));
                let audience = audience.except(Some(bob.client.session.id.clone()));
                bed.core.fanout.notify(Push { event, audience });
            }
            assert_eq!(other.log.take().len(), events().len());
        }
        assert!(bob.log.take().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_authors_other_sockets_are_no_delivery() {
        let mut mocks = Mocks::default();
        mocks.receipts.expect_delivered().never();
        let bed = Bed::new(mocks);
        let alice = bed.connect("alice").await;
        for (event, _) in events() {
            let audience = Audience::user(user("alice"));
            bed.core.fanout.notify(Push { event, audience });
        }
        rest().await;
        assert_eq!(alice.log.take().len(), events().len());
    }

    #[test]
    fn before_there_is_a_gateway_events_reach_nobody() {
        let fanout = Fanout::new();
        for (event, _) in events() {
            let audience = Audience::user(user("bob"));
            fanout.notifier().notify(Push { event, audience });
        }
        fanout.notifier().recheck(None);
    }
}
