//! The first thing a socket gets: what waited for its user, oldest first, then what came meanwhile, then its room.
//!
//! Nothing is lost: pushes are kept for the socket from before the store is asked. Nothing comes twice: of what was
//! kept, messages that the store had already told of are left out. Where too much came, `sync_required` says so.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_socketio::Encoded;
use chat_domain::{id::ThreadId, model::message::Seq, service::message::WaitingMessages};
use tokio::{sync::Notify, time};

use crate::{
    connection::{Client, encode},
    deliveries::{Deliveries, Written},
    events::{MissingFrom, ServerEventName, SyncRequired},
    joining::Ticket,
};

/// What was found for a socket at its CONNECT.
pub(crate) struct Welcome {
    pub(crate) ticket: Ticket,
    pub(crate) waiting: WaitingMessages,
}

/// Most that a catch-up has on its way to the client: well below the transport's queue (256 messages, 1 MiB), so that
/// catching up never looks like a client that reads too slowly.
const MAX_UNDER_WAY: usize = 64;
const MAX_UNDER_WAY_BYTES: usize = 256 * 1024;

/// How often a stalled catch-up looks whether the client is still there.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How much of a catch-up has not been written yet.
#[derive(Default)]
pub(crate) struct Pace {
    packets: AtomicUsize,
    bytes: AtomicUsize,
    written: Notify,
}

impl Pace {
    fn begin(&self, size_bytes: usize) {
        self.packets.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(size_bytes, Ordering::AcqRel);
    }

    pub(crate) fn written(&self, size_bytes: usize) {
        self.packets.fetch_sub(1, Ordering::AcqRel);
        self.bytes.fetch_sub(size_bytes, Ordering::AcqRel);
        self.written.notify_one();
    }

    fn has_room(&self) -> bool {
        self.packets.load(Ordering::Acquire) < MAX_UNDER_WAY
            && self.bytes.load(Ordering::Acquire) < MAX_UNDER_WAY_BYTES
    }
}

/// One socket's way from its CONNECT to its room.
struct CatchUp<'a> {
    client: &'a Client,
    pace: Arc<Pace>,
    /// The last place sent, by thread.
    sent: HashMap<ThreadId, Seq>,
    /// The first place not sent, by thread: the client has to ask.
    missing: BTreeMap<ThreadId, Seq>,
}

/// Sends what waited, then what came meanwhile, and joins the user's room. Returns early if the client goes away.
pub(crate) async fn welcome(client: &Client, welcome: Welcome, deliveries: &Arc<Deliveries>) {
    let Welcome { ticket, waiting } = welcome;
    let mut catch_up = CatchUp {
        client,
        pace: Arc::default(),
        sent: HashMap::new(),
        missing: waiting.more.into_iter().collect(),
    };
    for message in waiting.messages {
        let message = Arc::new(message);
        let hook = Written::delivers(deliveries, &message);
        if let Some(packet) = encode(ServerEventName::Message, &*message) {
            catch_up.send(&packet, hook).await;
            catch_up.sent.insert(message.thread_id, message.seq);
        }
    }
    while let Some(backlog) = ticket.take_or(|| catch_up.finish()) {
        for (thread, seq) in backlog.missing {
            catch_up.missing.entry(thread).or_insert(seq);
        }
        for held in backlog.held {
            if catch_up.wants(held.message) {
                catch_up
                    .send(&held.packet, held.hook.unwrap_or_default())
                    .await;
            }
        }
        if !client.connection.is_open() {
            return;
        }
    }
}

impl CatchUp<'_> {
    /// Whether the client should get it; a message is noted as sent.
    fn wants(&mut self, message: Option<(ThreadId, Seq)>) -> bool {
        let Some((thread, seq)) = message else {
            return true;
        };
        let known = self.sent.get(&thread).is_some_and(|sent| seq <= *sent);
        let behind = self.missing.get(&thread).is_some_and(|from| seq >= *from);
        if known || behind {
            return false;
        }
        self.sent.insert(thread, seq);
        true
    }

    async fn send(&self, packet: &Encoded, hook: Written) {
        while !self.pace.has_room() && self.client.connection.is_open() {
            // An elapsed wait only means to look again.
            drop(time::timeout(LOOK_AGAIN, self.pace.written.notified()).await);
        }
        let size_bytes = packet.args_json().len();
        self.pace.begin(size_bytes);
        self.client
            .connection
            .send_tracked(packet, hook.paced(&self.pace, size_bytes));
    }

    /// Everything before has been handed over, and nothing can come in between.
    fn finish(&self) {
        if !self.missing.is_empty() {
            let threads = self
                .missing
                .iter()
                .map(|(thread_id, from_seq)| MissingFrom {
                    thread_id: *thread_id,
                    from_seq: *from_seq,
                });
            let missing = SyncRequired {
                threads: threads.collect(),
            };
            self.client.emit(ServerEventName::SyncRequired, &missing);
            self.client.session.falls_behind(&self.missing);
        }
        self.client.connection.join(&self.client.session.user);
    }
}

#[cfg(test)]
mod tests;
