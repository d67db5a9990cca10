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
        }
        self.client.connection.join(&self.client.session.user);
    }
}

#[cfg(test)]
mod tests {
    use chat_domain::{
        id::UserId,
        model::event::{Audience, ClientEvent, Push, Typing},
        port::notifier::Notifier,
        testing::builder::{thread_id, user},
        view::MessageView,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Bed, Mocks, Seen, TestClient, message, rest};

    fn waiting(seqs: &'static [Seq], more: Option<Seq>) -> Mocks {
        let mut mocks = Mocks::default();
        mocks.messages.expect_waiting().returning(move |_| {
            Ok(WaitingMessages {
                messages: seqs.iter().map(|seq| message("alice", *seq)).collect(),
                more: more.map(|seq| (thread_id(), seq)).into_iter().collect(),
            })
        });
        mocks
    }

    fn push(bed: &Bed, seq: Seq) {
        push_message(bed, message("alice", seq));
    }

    fn push_message(bed: &Bed, message: MessageView) {
        let event = ClientEvent::Message {
            message: Arc::new(message),
            receipt: true,
        };
        notify(bed, event);
    }

    fn notify(bed: &Bed, event: ClientEvent) {
        bed.core.fanout.notify(Push {
            event,
            audience: Audience::user(user("bob")),
        });
    }

    /// Messages by their place, everything else by its name.
    fn seen(client: &TestClient) -> Vec<Value> {
        let seen = client.log.take().into_iter().map(|seen| match seen {
            Seen::Event(name, payload) if name == "message" => payload["seq"].clone(),
            Seen::Event(name, payload) if name == "sync_required" => payload["threads"].clone(),
            Seen::Event(name, _) => json!(name),
            other => panic!("{other:?}"),
        });
        seen.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_waited_comes_first_then_what_came_meanwhile_then_the_room() {
        let bed = Bed::new(waiting(&[1, 2], None));
        let bob = bed.accepted("bob").await;
        push(&bed, 3);
        push(&bed, 4);
        assert!(seen(&bob).is_empty());
        bed.core.connected(&bob.client).await;
        push(&bed, 5);
        assert_eq!(seen(&bob), [1, 2, 3, 4, 5]);
        assert!(bed.rooms.has(&bob.client));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_gets_a_message_once() {
        let bed = Bed::new(waiting(&[1, 2, 3], None));
        let bob = bed.accepted("bob").await;
        // Committed before the store was asked, announced after it.
        for seq in [2, 3, 4, 4] {
            push(&bed, seq);
        }
        bed.core.connected(&bob.client).await;
        assert_eq!(seen(&bob), [1, 2, 3, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn where_more_waits_the_client_has_to_ask() {
        let bed = Bed::new(waiting(&[1, 2], Some(3)));
        let bob = bed.accepted("bob").await;
        push(&bed, 9);
        bed.core.connected(&bob.client).await;
        push(&bed, 10);
        let ask = json!([{ "threadId": thread_id(), "fromSeq": 3 }]);
        assert_eq!(seen(&bob), [json!(1), json!(2), ask, json!(10)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_fit_is_announced_and_the_rest_is_kept() {
        let bed = Bed::new(waiting(&[], None));
        let bob = bed.accepted("bob").await;
        for seq in 1..=200 {
            push(&bed, seq);
        }
        bed.core.connected(&bob.client).await;
        let mut expected: Vec<_> = (1..=128).map(|seq| json!(seq)).collect();
        expected.push(json!([{ "threadId": thread_id(), "fromSeq": 129 }]));
        assert_eq!(seen(&bob), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn large_messages_fill_the_backlog_earlier() {
        let bed = Bed::new(waiting(&[], None));
        let bob = bed.accepted("bob").await;
        for seq in 1..=60 {
            let mut large = message("alice", seq);
            large.content = "x".repeat(16_000);
            push_message(&bed, large);
        }
        bed.core.connected(&bob.client).await;
        let seen = seen(&bob);
        assert!((20..40).contains(&seen.len()), "{}", seen.len());
        assert_eq!(seen.last().unwrap()[0]["fromSeq"], json!(seen.len()));
    }

    #[tokio::test(start_paused = true)]
    async fn other_events_keep_their_place_among_the_messages() {
        let bed = Bed::new(waiting(&[1], None));
        let bob = bed.accepted("bob").await;
        notify(
            &bed,
            ClientEvent::Typing(Typing {
                thread_id: thread_id(),
                user_id: user("alice"),
                is_typing: true,
            }),
        );
        push(&bed, 2);
        bed.core.connected(&bob.client).await;
        assert_eq!(seen(&bob), [json!(1), json!("typing"), json!(2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_is_not_flooded_and_gets_everything() {
        static SEQS: [Seq; 200] = {
            let mut seqs = [0; 200];
            let mut at = 0;
            while at < 200 {
                seqs[at] = at as Seq + 1;
                at += 1;
            }
            seqs
        };
        let bed = Arc::new(Bed::new(waiting(&SEQS, None)));
        let bob = Arc::new(bed.accepted("bob").await);
        bob.connection.stall();
        let connected = tokio::spawn({
            let (bed, bob) = (Arc::clone(&bed), Arc::clone(&bob));
            async move { bed.core.connected(&bob.client).await }
        });
        rest().await;
        assert_eq!(seen(&bob).len(), MAX_UNDER_WAY);
        push(&bed, 201);
        bob.connection.flow();
        connected.await.unwrap();
        let rest: Vec<_> = (65..=201).map(|seq| json!(seq)).collect();
        assert_eq!(seen(&bob), rest);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_meanwhile_leaves_nothing_behind() {
        let bed = Arc::new(Bed::new(waiting(&[1; 100], None)));
        let bob = Arc::new(bed.accepted("bob").await);
        bob.connection.stall();
        let connected = tokio::spawn({
            let (bed, bob) = (Arc::clone(&bed), Arc::clone(&bob));
            async move { bed.core.connected(&bob.client).await }
        });
        rest().await;
        bob.connection.lose();
        connected.await.unwrap();
        bed.core.disconnected(&bob.client).await;
        assert_eq!(bed.core.fanout.joining().count(), 0);
        assert_eq!(bed.core.fanout.registry().count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_written_counts_as_delivered() {
        let mut mocks = waiting(&[1], None);
        let (sender, receiver) = std::sync::mpsc::channel();
        mocks.receipts.expect_delivered().returning(move |burst| {
            sender.send(burst).unwrap();
        });
        let bed = Bed::new(mocks);
        let bob = bed.accepted("bob").await;
        bob.connection.stall();
        push(&bed, 2);
        bed.core.connected(&bob.client).await;
        push(&bed, 3);
        rest().await;
        assert!(receiver.try_recv().is_err(), "nothing was written yet");
        bob.connection.flow();
        rest().await;
        // One call for the whole burst.
        let burst = receiver.try_recv().unwrap();
        let places: Vec<_> = burst.iter().map(|delivery| delivery.seq).collect();
        assert_eq!(places, [1, 2, 3]);
        let names = |id: &UserId| id.to_string();
        assert_eq!(names(&burst[0].recipient), "bob");
        assert_eq!(names(&burst[0].author), "alice");
        assert_eq!(burst[0].at.as_millis(), crate::testing::NOW);
        assert!(receiver.try_recv().is_err());
    }
}
