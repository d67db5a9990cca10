//! Catching up: order, once and only once, gaps, slow clients, deliveries.

use std::sync::{OnceLock, atomic::AtomicI64};

use chat_domain::{
    id::UserId,
    model::event::{Audience, ClientEvent, Push, Typing},
    port::notifier::Notifier,
    testing::builder::{thread_id, user},
    view::{MessageView, SyncedThread},
};
use serde_json::{Value, json};

use super::*;
use crate::joining::{MAX_BYTES, MAX_PUSHES};
use crate::testing::{Bed, Mocks, Seen, TestClient, message, rest};
use crate::{Fanout, Options};

fn waiting(seqs: impl IntoIterator<Item = Seq>, more: Option<Seq>) -> Mocks {
    let mut mocks = Mocks::default();
    let seqs: Vec<_> = seqs.into_iter().collect();
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
    let bed = Bed::new(waiting([1, 2], None));
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
async fn what_is_announced_while_the_store_is_asked_is_not_lost() {
    let mut mocks = Mocks::default();
    let fanout: Arc<OnceLock<Fanout>> = Arc::default();
    let announcing = Arc::clone(&fanout);
    mocks.messages.expect_waiting().returning(move |_| {
        // The store has read message 1; message 2 is committed and announced before its answer is there.
        let event = ClientEvent::Message {
            message: Arc::new(message("alice", 2)),
            receipt: true,
        };
        let audience = Audience::user(user("bob"));
        announcing.wait().notify(Push { event, audience });
        Ok(WaitingMessages {
            messages: vec![message("alice", 1)],
            more: Vec::new(),
        })
    });
    let bed = Bed::new(mocks);
    assert!(fanout.set(bed.core.fanout.clone()).is_ok());
    let bob = bed.connect("bob").await;
    assert_eq!(seen(&bob), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_gets_a_message_once() {
    let bed = Bed::new(waiting([1, 2, 3], None));
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
    let bed = Bed::new(waiting([1, 2], Some(3)));
    let bob = bed.accepted("bob").await;
    push(&bed, 9);
    bed.core.connected(&bob.client).await;
    push(&bed, 10);
    let ask = json!([{ "threadId": thread_id(), "fromSeq": 3 }]);
    assert_eq!(seen(&bob), [json!(1), json!(2), ask, json!(10)]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_announced_and_the_rest_is_kept() {
    let bed = Bed::new(waiting([], None));
    let bob = bed.accepted("bob").await;
    let fits = Seq::try_from(MAX_PUSHES).unwrap();
    for seq in 1..=fits + 72 {
        push(&bed, seq);
    }
    bed.core.connected(&bob.client).await;
    let mut expected: Vec<_> = (1..=fits).map(|seq| json!(seq)).collect();
    expected.push(json!([{ "threadId": thread_id(), "fromSeq": fits + 1 }]));
    assert_eq!(seen(&bob), expected);
}

#[tokio::test(start_paused = true)]
async fn large_messages_fill_the_backlog_earlier() {
    let bed = Bed::new(waiting([], None));
    let bob = bed.accepted("bob").await;
    let fits = MAX_BYTES / 16_000;
    for seq in 1..=Seq::try_from(fits).unwrap() + 10 {
        let mut large = message("alice", seq);
        large.content = "x".repeat(16_000);
        push_message(&bed, large);
    }
    bed.core.connected(&bob.client).await;
    let seen = seen(&bob);
    // A few less, since a message is more than its text.
    assert!((fits - 5..=fits).contains(&seen.len()), "{}", seen.len());
    assert_eq!(seen.last().unwrap()[0]["fromSeq"], json!(seen.len()));
}

#[tokio::test(start_paused = true)]
async fn other_events_keep_their_place_among_the_messages() {
    let bed = Bed::new(waiting([1], None));
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
    let bed = Arc::new(Bed::new(waiting(1..=200, None)));
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
    let bed = Arc::new(Bed::new(waiting([1; 100], None)));
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
async fn behind_a_gap_nothing_counts_as_delivered_until_it_was_fetched() {
    let mut mocks = waiting([1], Some(2));
    let (sender, receiver) = std::sync::mpsc::channel();
    mocks.receipts.expect_delivered().returning(move |burst| {
        for delivery in burst {
            sender.send(delivery.seq).unwrap();
        }
    });
    let mut complete = false;
    mocks.messages.expect_sync().returning(move |_, _| {
        let thread = SyncedThread::Changed {
            thread_id: thread_id(),
            version: 9,
            complete,
            messages: Vec::new(),
            receipts: Vec::new(),
        };
        complete = true;
        Ok(vec![thread])
    });
    let bed = Bed::new(mocks);
    let bob = bed.connect("bob").await;
    let ask = json!({ "threads": [{ "threadId": thread_id(), "version": 1 }] }).to_string();
    push(&bed, 8);
    bed.tell(&bob, "sync", &ask).await;
    push(&bed, 9);
    bed.tell(&bob, "sync", &ask).await;
    push(&bed, 10);
    rest().await;
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1, 10]);
}

#[tokio::test(start_paused = true)]
async fn what_was_written_counts_as_delivered() {
    let mut mocks = waiting([1], None);
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

/// Commits and announcements go on in one thread while clients connect in others: each sees every message once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_doubled_while_messages_keep_coming() {
    const LAST: Seq = 120;
    let committed = Arc::new(AtomicI64::new(0));
    let mut mocks = Mocks::default();
    let store = Arc::clone(&committed);
    mocks.messages.expect_waiting().returning(move |_| {
        let messages = (1..=store.load(Ordering::SeqCst)).map(|seq| message("alice", seq));
        Ok(WaitingMessages {
            messages: messages.collect(),
            more: Vec::new(),
        })
    });
    let options = Options {
        max_sockets_per_user: 0,
        ..Options::default()
    };
    let bed = Arc::new(Bed::with(mocks, options));
    let writer = std::thread::spawn({
        let bed = Arc::clone(&bed);
        move || {
            for seq in 1..=LAST {
                committed.store(seq, Ordering::SeqCst);
                push(&bed, seq);
                std::thread::yield_now();
            }
        }
    });
    let clients: Vec<_> = (0..40)
        .map(|_| {
            let bed = Arc::clone(&bed);
            tokio::spawn(async move { bed.connect("bob").await })
        })
        .collect();
    let clients = futures::future::join_all(clients).await;
    writer.join().unwrap();
    let all: Vec<_> = (1..=LAST).map(|seq| json!(seq)).collect();
    for client in clients {
        let client = client.unwrap();
        assert_eq!(seen(&client), all);
    }
}
