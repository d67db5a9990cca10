//! R1–R5: [`ReceiptRepository`](crate::port::receipt::ReceiptRepository).
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use futures::future::join_all;

use super::{Case, World, case};
use crate::{
    id::ThreadId,
    model::{message::Seq, receipt::ReadOutcome},
    testing::builder::user,
    time::IdGenerator,
};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(r1_marks_never_move_backwards),
    case!(r1_a_mark_beyond_the_last_one_is_cut),
    case!(r1_marks_never_move_backwards_with_50_at_once),
    case!(r2_unread_counts_what_others_wrote_above_the_mark),
    case!(r2_own_messages_do_not_count_after_an_erasure),
    case!(r3_a_delivery_moves_the_position_and_is_told),
    case!(r3_each_author_hears_of_the_own_message),
    case!(r3_people_who_stay_apart_are_not_told),
    case!(r4_reading_implies_receiving),
    case!(r5_a_stranger_reads_nothing),
];

async fn read(w: &World, thread: ThreadId, name: &str, seq: Seq) -> ReadOutcome {
    let outcome = w.receipts.read(thread, user(name), seq, None).await;
    outcome.unwrap().unwrap()
}

async fn r1_marks_never_move_backwards(w: World) {
    let pair = w.pair("alice", "bob").await;
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(w.send(pair.id, "alice", "hi").await);
    }
    let to_3 = w.receipts.read(pair.id, user("bob"), 3, Some(sent[2].id));
    let to_3 = to_3.await.unwrap().unwrap();
    assert!(to_3.moved);
    assert_eq!((to_3.up_to_seq, to_3.unread_count), (3, 1));
    assert_eq!(to_3.up_to_message_id, Some(sent[2].id));
    let to_1 = w.receipts.read(pair.id, user("bob"), 1, Some(sent[0].id));
    let to_1 = to_1.await.unwrap().unwrap();
    assert_eq!(
        to_1,
        ReadOutcome {
            moved: false,
            ..to_3
        }
    );
    w.receipts.delivered(vec![w.delivery(&sent[1], "bob")]);
    w.deliver(&sent[3], "bob").await;
    let bob = w.participant(pair.id, "bob").await;
    assert_eq!((bob.position.delivered, bob.position.read), (4, 3));
}

async fn r1_a_mark_beyond_the_last_one_is_cut(w: World) {
    let pair = w.pair("alice", "bob").await;
    let nothing = read(&w, pair.id, "bob", 7).await;
    assert_eq!((nothing.up_to_seq, nothing.moved), (0, false));
    assert_eq!(nothing.up_to_message_id, None);
    let mut last = w.send(pair.id, "alice", "one").await;
    let all = read(&w, pair.id, "bob", Seq::MAX).await;
    assert_eq!((all.up_to_seq, all.unread_count), (1, 0));
    assert_eq!(all.up_to_message_id, Some(last.id));
    assert_eq!(read(&w, pair.id, "bob", Seq::MIN).await.up_to_seq, 1);
    last = w.send(pair.id, "alice", "two").await;
    last.seq = 99;
    w.deliver(&last, "bob").await;
    assert_eq!(w.participant(pair.id, "bob").await.position.delivered, 2);
}

async fn r1_marks_never_move_backwards_with_50_at_once(w: World) {
    let pair = w.pair("alice", "bob").await;
    join_all((0..50).map(|_| w.messages.append(w.text(pair.id, "alice", "hi")))).await;
    let reads = (1..=50).rev().map(|seq| read(&w, pair.id, "bob", seq));
    let outcomes = join_all(reads).await;
    for (outcome, asked) in outcomes.iter().zip((1..=50).rev()) {
        assert!(outcome.up_to_seq >= asked);
        assert_eq!(outcome.unread_count, 50 - outcome.up_to_seq);
    }
    assert_eq!(w.participant(pair.id, "bob").await.position.read, 50);
}

async fn r2_unread_counts_what_others_wrote_above_the_mark(w: World) {
    let group = w.group(&["alice", "bob", "carol"]).await;
    for from in [
        "alice", "carol", "alice", "carol", "carol", "alice", "carol",
    ] {
        w.send(group.id, from, "hi").await;
    }
    assert_eq!(read(&w, group.id, "bob", 1).await.unread_count, 6);
    assert_eq!(read(&w, group.id, "bob", 6).await.unread_count, 1);
    assert_eq!(w.participant(group.id, "bob").await.unread_count, 1);
    assert_eq!(read(&w, group.id, "bob", 7).await.unread_count, 0);
    assert_eq!(w.participant(group.id, "alice").await.unread_count, 1);
    assert_eq!(read(&w, group.id, "alice", 3).await.unread_count, 1);
}

async fn r2_own_messages_do_not_count_after_an_erasure(w: World) {
    let pair = w.pair("alice", "bob").await;
    for from in ["bob", "bob", "alice", "alice"] {
        w.send(pair.id, from, "hi").await;
    }
    w.erase("bob").await;
    assert_eq!(read(&w, pair.id, "bob", 1).await.unread_count, 2);
    assert_eq!(read(&w, pair.id, "bob", 3).await.unread_count, 1);
    assert_eq!(read(&w, pair.id, "bob", 4).await.unread_count, 0);
}

async fn r3_a_delivery_moves_the_position_and_is_told(w: World) {
    let pair = w.pair("alice", "bob").await;
    let first = w.send(pair.id, "alice", "one").await;
    let second = w.send(pair.id, "alice", "two").await;
    w.deliver(&first, "bob").await;
    let bob = w.participant(pair.id, "bob").await;
    assert_eq!((bob.position.delivered, bob.position.read), (1, 0));
    assert_eq!(bob.unread_count, 2);
    // Neither this one nor those of a stranger or a missing thread are told: the next that is told is the second's.
    let mut nowhere = w.delivery(&second, "bob");
    nowhere.thread_id = w.ids.next().into();
    let stranger = w.delivery(&second, "mallory");
    w.receipts
        .delivered(vec![w.delivery(&first, "bob"), nowhere, stranger]);
    w.deliver(&second, "bob").await;
    assert_eq!(w.participant(pair.id, "bob").await.position.delivered, 2);
}

async fn r3_each_author_hears_of_the_own_message(w: World) {
    let group = w.group(&["alice", "bob", "carol"]).await;
    let by_alice = w.send(group.id, "alice", "one").await;
    let by_carol = w.send(group.id, "carol", "two").await;
    let both = vec![w.delivery(&by_carol, "bob"), w.delivery(&by_alice, "bob")];
    w.receipts.delivered(both);
    let told = [w.observed.delivery().await, w.observed.delivery().await];
    assert_eq!(told.map(|told| told.seq), [1, 2]);
}

async fn r3_people_who_stay_apart_are_not_told(w: World) {
    let apart = w.pair("alice", "bob").await;
    let message = w.send(apart.id, "alice", "hi").await;
    let (bob, alice) = (user("bob"), user("alice"));
    w.relationships.block(bob, alice, w.now()).await.unwrap();
    w.receipts.delivered(vec![w.delivery(&message, "bob")]);
    // If it were told, it would be before this one.
    let other = w.pair("alice", "carol").await;
    let message = w.send(other.id, "alice", "hi").await;
    w.deliver(&message, "carol").await;
}

async fn r4_reading_implies_receiving(w: World) {
    let pair = w.pair("alice", "bob").await;
    w.send(pair.id, "alice", "one").await;
    w.send(pair.id, "alice", "two").await;
    w.read(pair.id, "bob", 2).await;
    let bob = w.participant(pair.id, "bob").await;
    assert_eq!((bob.position.delivered, bob.position.read), (2, 2));
    let waiting = w.messages.waiting(user("bob"), 10).await.unwrap();
    assert!(waiting.messages.is_empty());
}

async fn r5_a_stranger_reads_nothing(w: World) {
    let pair = w.pair("alice", "bob").await;
    w.send(pair.id, "alice", "hi").await;
    let before = w.thread(pair.id).await;
    let stranger = w.receipts.read(pair.id, user("mallory"), 1, None).await;
    assert_eq!(stranger.unwrap(), None);
    let nowhere = w.receipts.read(w.ids.next().into(), user("bob"), 1, None);
    assert_eq!(nowhere.await.unwrap(), None);
    assert_eq!(w.thread(pair.id).await, before);
}
