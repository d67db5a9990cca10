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
