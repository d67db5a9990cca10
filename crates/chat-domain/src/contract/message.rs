//! M1–M12: [`MessageRepository`](crate::port::message::MessageRepository).
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use futures::{FutureExt, future::join_all};

use super::{
    Case, World, case,
    world::{seqs, up_to},
};
use crate::{
    error::RepoError,
    id::ThreadId,
    model::{
        message::{Message, Seq},
        receipt::UpTo,
        thread::ThreadKind,
    },
    port::message::{AppendError, HistorySlice},
    testing::builder::{message_id, user},
    time::{Clock, IdGenerator},
};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(m1_append_moves_everything_at_once),
    case!(m1_places_have_no_gaps_with_50_at_once),
    case!(m2_a_retry_is_a_duplicate),
    case!(m2_a_retry_is_a_duplicate_with_50_at_once),
    case!(m2_another_text_under_the_same_client_id_is_a_conflict),
    case!(m3_strangers_and_missing_threads_are_refused),
    case!(m3_people_who_stay_apart_are_refused),
    case!(m3_an_admin_is_not_bound),
    case!(m3_one_that_fails_does_not_fail_others),
    case!(m4_places_follow_the_calls),
    case!(m5_the_observer_hears_first_and_once),
    case!(m6_time_never_runs_backwards),
    case!(m7_counters_follow_a_message),
    case!(m8_history_neither_repeats_nor_skips),
    case!(m8_history_reads_forward),
    case!(m9_changes_come_by_version),
    case!(m10_remove_keeps_the_place),
    case!(m11_waiting_is_what_others_wrote_above_the_mark),
    case!(m11_waiting_is_limited_and_tells_the_rest),
    case!(m11_own_messages_do_not_wait_after_an_erasure),
    case!(m12_a_dropped_call_completes),
    case!(resolve_finds_the_place),
];

async fn m1_append_moves_everything_at_once(w: World) {
    let pair = w.pair("alice", "bob").await;
    let appended = w.try_send(pair.id, "alice", "hi").await.unwrap();
    let message = &appended.message;
    assert_eq!((message.seq, message.version), (1, 1));
    assert!(!appended.duplicate);
    let thread = w.thread(pair.id).await;
    assert_eq!(*appended.thread, thread);
    assert_eq!((thread.last_seq, thread.version), (1, 1));
    assert_eq!(thread.last_msg_at, Some(message.created_at));
    assert_eq!(w.history(pair.id).await, std::slice::from_ref(message));
    let found = w.messages.find(message.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(message));
}

async fn m1_places_have_no_gaps_with_50_at_once(w: World) {
    let pair = w.pair("alice", "bob").await;
    let sends = (0..50).map(|n| {
        let from = if n % 2 == 0 { "alice" } else { "bob" };
        w.messages.append(w.text(pair.id, from, "hi"))
    });
    let mut places: Vec<Seq> = join_all(sends)
        .await
        .into_iter()
        .map(|sent| sent.unwrap().message.seq)
        .collect();
    places.sort_unstable();
    assert_eq!(places, up_to(50));
    let history = w.history(pair.id).await;
    assert_eq!(seqs(&history), up_to(50));
    let versions: Vec<_> = history.iter().map(|message| message.version).collect();
    assert_eq!(versions, up_to(50));
    assert_eq!(w.thread(pair.id).await.last_seq, 50);
}

async fn m2_a_retry_is_a_duplicate(w: World) {
    let pair = w.pair("alice", "bob").await;
    let first = w.text_with_id(pair.id, "alice", "hi", "c-1");
    let first = w.messages.append(first).await.unwrap();
    w.clock.advance(1_000);
    let retry = w.text_with_id(pair.id, "alice", "hi", "c-1");
    let retry = w.messages.append(retry).await.unwrap();
    assert!(!first.duplicate && retry.duplicate);
    assert_eq!(first.message, retry.message);
    assert_eq!(w.thread(pair.id).await, *first.thread);
    // The same id is another's own, and so it is in another thread.
    let by_bob = w.text_with_id(pair.id, "bob", "hi", "c-1");
    assert!(!w.messages.append(by_bob).await.unwrap().duplicate);
    let other = w.pair("alice", "carol").await;
    let elsewhere = w.text_with_id(other.id, "alice", "hi", "c-1");
    assert!(!w.messages.append(elsewhere).await.unwrap().duplicate);
}

async fn m2_a_retry_is_a_duplicate_with_50_at_once(w: World) {
    let pair = w.pair("alice", "bob").await;
    let sends = (0..50).map(|_| {
        let message = w.text_with_id(pair.id, "alice", "hi", "c-1");
        w.messages.append(message)
    });
    let sent = join_all(sends).await.into_iter().map(Result::unwrap);
    let (duplicates, new): (Vec<_>, Vec<_>) = sent.partition(|sent| sent.duplicate);
    assert_eq!((duplicates.len(), new.len()), (49, 1));
    let same = |retry: &crate::port::message::Appended| retry.message == new[0].message;
    assert!(duplicates.iter().all(same));
    assert_eq!(w.history(pair.id).await.len(), 1);
}

async fn m2_another_text_under_the_same_client_id_is_a_conflict(w: World) {
    let pair = w.pair("alice", "bob").await;
    let first = w.text_with_id(pair.id, "alice", "hi", "c-1");
    w.messages.append(first).await.unwrap();
    let other = w.text_with_id(pair.id, "alice", "ho", "c-1");
    let refused = w.messages.append(other).await;
    assert!(matches!(refused, Err(AppendError::ClientIdConflict)));
    assert_eq!(w.history(pair.id).await.len(), 1);
}

async fn m3_strangers_and_missing_threads_are_refused(w: World) {
    let pair = w.pair("alice", "bob").await;
    let by_stranger = w.try_send(pair.id, "mallory", "hi").await;
    assert!(matches!(by_stranger, Err(AppendError::NotParticipant)));
    let nowhere = w.try_send(w.ids.next().into(), "alice", "hi").await;
    assert!(matches!(nowhere, Err(AppendError::ThreadNotFound)));
    untouched(&w, pair.id).await;
}

/// The thread has no message and shows no trace of one.
async fn untouched(w: &World, thread: ThreadId) {
    let thread = w.thread(thread).await;
    assert_eq!((thread.last_seq, thread.version), (0, 0));
    assert_eq!(thread.last_msg_at, None);
    assert!(thread.participants.iter().all(|one| one.unread_count == 0));
    assert!(w.history(thread.id).await.is_empty());
    assert!(w.observed.messages().is_empty());
    let feed = w.feed().await;
    assert!(feed.iter().all(|event| event.kind == "thread.created"));
}

async fn m3_people_who_stay_apart_are_refused(w: World) {
    let blocking = w.pair("alice", "bob").await;
    let (alice, bob) = (user("alice"), user("bob"));
    w.relationships.block(alice, bob, w.now()).await.unwrap();
    let withdrawn = w.pair("alice", "carol").await;
    let (alice, carol) = (user("alice"), user("carol"));
    let taken_back = w.relationships.withdraw_match(alice, carol, w.now());
    taken_back.await.unwrap();
    let deleted = w.pair("alice", "dave").await;
    w.delete_profile("dave").await;
    for (thread, other) in [(blocking, "bob"), (withdrawn, "carol"), (deleted, "dave")] {
        for from in ["alice", other] {
            let refused = w.try_send(thread.id, from, "hi").await;
            assert!(matches!(refused, Err(AppendError::NotAllowed)), "{from}");
        }
        untouched(&w, thread.id).await;
    }
}

async fn m3_an_admin_is_not_bound(w: World) {
    let pair = w.pair("root", "bob").await;
    let (bob, root) = (user("bob"), user("root"));
    w.relationships.block(bob, root, w.now()).await.unwrap();
    let mut message = w.text(pair.id, "root", "hi");
    message.from_admin = true;
    assert_eq!(w.messages.append(message).await.unwrap().message.seq, 1);
}

async fn m3_one_that_fails_does_not_fail_others(w: World) {
    let pair = w.pair("alice", "bob").await;
    let taken = w.send(pair.id, "alice", "first").await;
    let mut same_id = w.text(pair.id, "alice", "again");
    same_id.id = taken.id;
    let sends = [
        w.messages.append(w.text(pair.id, "alice", "second")),
        w.messages.append(same_id),
        w.messages.append(w.text(pair.id, "mallory", "hi")),
        w.messages.append(w.text(pair.id, "bob", "third")),
    ];
    let [second, same_id, stranger, third] = join_all(sends).await.try_into().unwrap();
    assert_eq!(second.unwrap().message.seq, 2);
    assert!(matches!(
        same_id,
        Err(AppendError::Repo(RepoError::Conflict))
    ));
    assert!(matches!(stranger, Err(AppendError::NotParticipant)));
    assert_eq!(third.unwrap().message.seq, 3);
}

async fn m4_places_follow_the_calls(w: World) {
    let pair = w.pair("alice", "bob").await;
    let calls: Vec<_> = (1..=20)
        .map(|n| w.messages.append(w.text(pair.id, "alice", &n.to_string())))
        .collect();
    // Polled the other way round.
    for call in calls.into_iter().rev() {
        call.await.unwrap();
    }
    for message in w.history(pair.id).await {
        assert_eq!(message.content, message.seq.to_string());
    }
}

async fn m5_the_observer_hears_first_and_once(w: World) {
    let pair = w.pair("alice", "bob").await;
    for n in 1..=3 {
        let message = w.text_with_id(pair.id, "alice", "hi", &n.to_string());
        let sent = w.messages.append(message).await.unwrap();
        let heard = w.observed.messages();
        assert_eq!(heard.last().unwrap().message, sent.message);
        assert_eq!(heard.last().unwrap().thread, sent.thread);
    }
    let retry = w.text_with_id(pair.id, "alice", "hi", "3");
    w.messages.append(retry).await.unwrap();
    join_all((0..50).map(|_| w.messages.append(w.text(pair.id, "bob", "ho")))).await;
    let heard = w.observed.messages();
    let messages: Vec<Message> = heard.into_iter().map(|heard| heard.message).collect();
    assert_eq!(seqs(&messages), up_to(53));
}

async fn m6_time_never_runs_backwards(w: World) {
    let pair = w.pair("alice", "bob").await;
    let first = w.send(pair.id, "alice", "one").await;
    w.clock.advance(-60_000);
    let second = w.send(pair.id, "bob", "two").await;
    assert_eq!(second.created_at, first.created_at);
    w.clock.advance(120_000);
    let third = w.send(pair.id, "bob", "three").await;
    assert_eq!(third.created_at, w.clock.now());
}

async fn m7_counters_follow_a_message(w: World) {
    let group = w.group(&["alice", "bob", "carol"]).await;
    w.send(group.id, "alice", "one").await;
    w.send(group.id, "alice", "two").await;
    let alice = w.participant(group.id, "alice").await;
    assert_eq!((alice.position.delivered, alice.position.read), (2, 2));
    assert_eq!(alice.unread_count, 0);
    assert_eq!(w.participant(group.id, "bob").await.unread_count, 2);
    w.send(group.id, "bob", "three").await;
    let bob = w.participant(group.id, "bob").await;
    assert_eq!((bob.position.delivered, bob.position.read), (3, 3));
    assert_eq!(bob.unread_count, 0);
    assert_eq!(w.participant(group.id, "alice").await.unread_count, 1);
    assert_eq!(w.participant(group.id, "carol").await.unread_count, 3);
    let moved: Vec<_> = w.observed.messages().iter().map(|m| m.read_moved).collect();
    assert_eq!(moved, [false, false, true]);
}

async fn m8_history_neither_repeats_nor_skips(w: World) {
    let pair = w.pair("alice", "bob").await;
    join_all((0..30).map(|_| w.messages.append(w.text(pair.id, "alice", "old")))).await;
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let slice = HistorySlice::Before(before);
        let (page, more) = w.messages.history(pair.id, slice, 7).await.unwrap();
        assert!(page.len() <= 7);
        seen.extend(seqs(&page));
        before = page.last().map(|message| message.seq);
        w.send(pair.id, "bob", "new").await;
        if !more {
            break;
        }
    }
    seen.reverse();
    assert_eq!(seen, up_to(30));
}

async fn m8_history_reads_forward(w: World) {
    let pair = w.pair("alice", "bob").await;
    join_all((0..5).map(|_| w.messages.append(w.text(pair.id, "alice", "hi")))).await;
    let forward = async |after| {
        let slice = HistorySlice::After(after);
        let (page, more) = w.messages.history(pair.id, slice, 2).await.unwrap();
        (seqs(&page), more)
    };
    assert_eq!(forward(0).await, (vec![1, 2], true));
    assert_eq!(forward(3).await, (vec![4, 5], false));
    assert_eq!(forward(5).await, (vec![], false));
}

async fn m9_changes_come_by_version(w: World) {
    let pair = w.pair("alice", "bob").await;
    let mut sent = Vec::new();
    for n in 0..5 {
        sent.push(w.send(pair.id, "alice", &n.to_string()).await);
    }
    w.messages.remove(sent[1].id, w.now()).await.unwrap();
    let all = w.messages.changes(pair.id, 0, 10).await.unwrap();
    assert_eq!(seqs(&all.messages), [1, 3, 4, 5, 2]);
    assert!(!all.more);
    let some = w.messages.changes(pair.id, 3, 2).await.unwrap();
    assert_eq!(seqs(&some.messages), [4, 5]);
    assert!(some.more);
    let rest = w.messages.changes(pair.id, 5, 2).await.unwrap();
    assert_eq!(seqs(&rest.messages), [2]);
    assert_eq!(rest.messages[0].version, 6);
    let none = w.messages.changes(pair.id, 6, 2).await.unwrap();
    assert!(none.messages.is_empty() && !none.more);
}

async fn m10_remove_keeps_the_place(w: World) {
    let pair = w.pair("alice", "bob").await;
    let first = w.send(pair.id, "alice", "one").await;
    w.send(pair.id, "alice", "two").await;
    w.clock.advance(1_000);
    let removed = w.messages.remove(first.id, w.now()).await.unwrap();
    let (message, thread) = removed.unwrap();
    assert_eq!((message.seq, message.version, thread.version), (1, 3, 3));
    assert_eq!((message.content.as_str(), &message.metadata), ("", &None));
    assert_eq!(message.deleted_at, Some(w.now()));
    assert_eq!(w.thread(pair.id).await, thread);
    w.clock.advance(1_000);
    let again = w.messages.remove(first.id, w.now()).await.unwrap();
    assert_eq!(again.unwrap(), (message.clone(), thread));
    assert_eq!(w.messages.find(first.id).await.unwrap(), Some(message));
    assert_eq!(seqs(&w.history(pair.id).await), [1, 2]);
    let missing = w.messages.remove(message_id(1), w.now()).await.unwrap();
    assert!(missing.is_none());
}

async fn m11_waiting_is_what_others_wrote_above_the_mark(w: World) {
    let with_alice = w.pair("alice", "bob").await;
    let with_carol = w.pair("bob", "carol").await;
    w.pair("alice", "carol").await;
    let received = w.send(with_alice.id, "alice", "received").await;
    w.deliver(&received, "bob").await;
    w.clock.advance(10);
    let second = w.send(with_carol.id, "carol", "second").await;
    w.clock.advance(10);
    let third = w.send(with_alice.id, "alice", "third").await;
    let waiting = w.messages.waiting(user("bob"), 10).await.unwrap();
    assert_eq!(waiting.messages, [second, third]);
    assert_eq!(waiting.more, []);
    let mut threads: Vec<_> = waiting.threads.iter().map(|thread| thread.id).collect();
    threads.sort_unstable();
    let mut expected = vec![with_alice.id, with_carol.id];
    expected.sort_unstable();
    assert_eq!(threads, expected);
    let nothing = w.messages.waiting(user("alice"), 10).await.unwrap();
    assert!(nothing.messages.is_empty() && nothing.threads.is_empty());
}

async fn m11_waiting_is_limited_and_tells_the_rest(w: World) {
    let with_alice = w.group(&["alice", "bob", "dave"]).await;
    let with_carol = w.pair("bob", "carol").await;
    for from in ["alice", "alice", "dave", "alice"] {
        w.send(with_alice.id, from, "hi").await;
        w.clock.advance(10);
    }
    w.send(with_carol.id, "carol", "hi").await;
    let waiting = w.messages.waiting(user("bob"), 3).await.unwrap();
    assert_eq!(seqs(&waiting.messages), [1, 2, 3]);
    let mut more = waiting.more;
    more.sort_unstable();
    let mut expected = vec![(with_alice.id, 4), (with_carol.id, 1)];
    expected.sort_unstable();
    assert_eq!(more, expected);
    assert_eq!(waiting.threads.len(), 2);
    // Of the two who wait, alice does not get her own.
    let waiting = w.messages.waiting(user("alice"), 10).await.unwrap();
    assert!(waiting.messages.is_empty(), "writing moves the own mark");
}

async fn m11_own_messages_do_not_wait_after_an_erasure(w: World) {
    let pair = w.pair("alice", "bob").await;
    w.send(pair.id, "bob", "own").await;
    let by_alice = w.send(pair.id, "alice", "hi").await;
    w.erase("bob").await;
    let waiting = w.messages.waiting(user("bob"), 10).await.unwrap();
    assert_eq!(waiting.messages, [by_alice]);
}

async fn m12_a_dropped_call_completes(w: World) {
    let pair = w.pair("alice", "bob").await;
    drop(w.messages.append(w.text(pair.id, "alice", "dropped")));
    assert_eq!(w.send(pair.id, "alice", "kept").await.seq, 2);
    assert_eq!(w.history(pair.id).await[0].content, "dropped");
    // Dropped in the middle of a call: it was begun, so it ends, and the next one finds the store in order.
    let new = w.new_thread(ThreadKind::Group, &["alice", "bob", "carol"]);
    let id = new.id;
    assert!(w.threads.open(new).now_or_never().is_none());
    for _ in 0..10_000 {
        if w.threads.find(id).await.unwrap().is_some() {
            w.send(id, "alice", "hi").await;
            return;
        }
    }
    panic!("the thread was never opened");
}

async fn resolve_finds_the_place(w: World) {
    let pair = w.pair("alice", "bob").await;
    let resolve = async |up_to| w.messages.resolve(pair.id, up_to).await.unwrap();
    assert_eq!(resolve(UpTo::Seq(3)).await, Some((0, None)));
    let begun = w.now();
    let mut sent = Vec::new();
    for n in 0..5 {
        w.clock.advance(10);
        sent.push(w.send(pair.id, "alice", &n.to_string()).await);
    }
    let at = |place: usize| Some((sent[place - 1].seq, Some(sent[place - 1].id)));
    assert_eq!(resolve(UpTo::Message(sent[2].id)).await, at(3));
    assert_eq!(resolve(UpTo::Message(message_id(1))).await, None);
    assert_eq!(resolve(UpTo::Seq(4)).await, at(4));
    assert_eq!(resolve(UpTo::Seq(Seq::MAX)).await, at(5));
    assert_eq!(resolve(UpTo::Seq(-1)).await, Some((0, None)));
    for place in 1..=5 {
        let exact = begun.plus_millis(10 * i64::try_from(place).unwrap());
        assert_eq!(resolve(UpTo::Time(exact)).await, at(place));
        assert_eq!(resolve(UpTo::Time(exact.plus_millis(9))).await, at(place));
    }
    assert_eq!(resolve(UpTo::Time(begun)).await, Some((0, None)));
    let elsewhere = w.pair("alice", "carol").await;
    let foreign = UpTo::Message(sent[0].id);
    let foreign = w.messages.resolve(elsewhere.id, foreign).await.unwrap();
    assert_eq!(foreign, None);
    let missing = w.messages.resolve(w.ids.next().into(), UpTo::Seq(1)).await;
    assert_eq!(missing.unwrap(), None);
}
