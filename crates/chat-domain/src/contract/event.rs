//! E1–E4: [`EventLog`](crate::port::event::EventLog).
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use std::collections::HashSet;

use futures::future::join_all;

use super::{Case, World, case};
use crate::{model::event::OutboundEvent, testing::builder::user, time::IdGenerator};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(e1_due_events_get_their_places_once),
    case!(e1_a_threads_events_keep_their_order),
    case!(e2_who_has_not_received_is_notified),
    case!(e2_nobody_is_notified_within_the_grace),
    case!(e3_the_feed_only_grows_at_its_end),
    case!(e3_a_sinks_place_is_kept),
    case!(e4_prune_forgets_what_is_older),
];

async fn feed(w: &World, after: i64) -> Vec<OutboundEvent> {
    let (events, more) = w.events.after(after, 1_000).await.unwrap();
    assert!(!more);
    events
}

async fn e1_due_events_get_their_places_once(w: World) {
    for n in 0..5 {
        w.pair("alice", &format!("u{n}")).await;
    }
    let due = w.now();
    assert_eq!(w.events.sequence(due, 2).await.unwrap(), 2);
    let rounds = (0..50).map(|_| w.events.sequence(due, 10));
    let looked_at = join_all(rounds).await.into_iter().map(Result::unwrap);
    assert_eq!(looked_at.sum::<usize>(), 3);
    let events = feed(&w, 0).await;
    let ids: HashSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!((events.len(), ids.len()), (5, 5));
    for event in &events {
        let place = w.events.position(event.id).await.unwrap();
        assert_eq!(place, Some(event.position));
    }
    let missing = w.events.position(w.ids.next().into()).await.unwrap();
    assert_eq!(missing, None);
}

async fn e1_a_threads_events_keep_their_order(w: World) {
    let pair = w.pair("alice", "bob").await;
    for _ in 0..20 {
        w.clock.advance(1);
        w.send(pair.id, "alice", "hi").await;
    }
    // In several rounds, as time goes on.
    for _ in 0..30 {
        w.clock.advance(100);
        w.events.sequence(w.now(), 3).await.unwrap();
    }
    let events = feed(&w, 0).await;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds[0], "thread.created");
    assert_eq!(kinds[1..], ["notification"; 20]);
    let history = w.history(pair.id).await;
    for (event, message) in events[1..].iter().zip(history) {
        assert_eq!(event.payload["messageId"], message.id.to_string());
        assert_eq!(event.thread_id, Some(pair.id));
    }
}

async fn e2_who_has_not_received_is_notified(w: World) {
    let group = w.group(&["alice", "bob", "carol", "dave"]).await;
    let message = w.send(group.id, "alice", "hello there").await;
    w.deliver(&message, "carol").await;
    let events: Vec<_> = w.feed().await;
    let notified: Vec<_> = events.iter().filter(|e| e.kind == "notification").collect();
    let mut to: Vec<_> = notified
        .iter()
        .map(|e| e.payload["toUserId"].clone())
        .collect();
    to.sort_unstable_by_key(ToString::to_string);
    assert_eq!(to, ["bob", "dave"]);
    let event = notified[0];
    assert_eq!(event.payload["id"], event.id.to_string());
    assert_eq!(event.payload["type"], "chat.message");
    assert_eq!(event.payload["threadId"], group.id.to_string());
    assert_eq!(event.payload["messageId"], message.id.to_string());
    assert_eq!(event.payload["fromUserId"], "alice");
    assert_eq!(event.payload["createdAt"], message.created_at.to_string());
    assert_eq!(event.payload.as_object().unwrap().len(), 7);
    assert_ne!(notified[0].id, notified[1].id);
}

async fn e2_nobody_is_notified_within_the_grace(w: World) {
    let pair = w.pair("alice", "bob").await;
    let message = w.send(pair.id, "alice", "hi").await;
    w.events
        .sequence(w.now().plus_millis(1_999), 10)
        .await
        .unwrap();
    assert_eq!(feed(&w, 0).await.len(), 1, "the thread's own event only");
    w.deliver(&message, "bob").await;
    assert_eq!(w.feed().await.len(), 1, "received in the meantime");
    let late = w.send(pair.id, "alice", "ho").await;
    w.read(pair.id, "bob", late.seq).await;
    assert_eq!(w.feed().await.len(), 1, "read in the meantime");
}

async fn e3_the_feed_only_grows_at_its_end(w: World) {
    let mut seen: Vec<OutboundEvent> = Vec::new();
    for n in 0..6 {
        let thread = w.pair("alice", &format!("u{n}")).await;
        w.send(thread.id, "alice", "hi").await;
        w.clock.advance(700);
        w.events.sequence(w.now(), 2).await.unwrap();
        let all = feed(&w, 0).await;
        assert_eq!(all[..seen.len()], seen[..]);
        let last = seen.last().map_or(0, |event| event.position);
        assert_eq!(feed(&w, last).await, all[seen.len()..]);
        seen = all;
    }
    assert!(seen.is_sorted_by(|a, b| a.position < b.position));
    let (page, more) = w.events.after(0, 2).await.unwrap();
    assert_eq!((&page[..], more), (&seen[..2], true));
}

async fn e3_a_sinks_place_is_kept(w: World) {
    assert_eq!(w.events.cursor("log".into()).await.unwrap(), 0);
    w.events.advance("log".into(), 7).await.unwrap();
    w.events.advance("hook".into(), 3).await.unwrap();
    w.events.advance("log".into(), 9).await.unwrap();
    let w = (w.restart)().await;
    assert_eq!(w.events.cursor("log".into()).await.unwrap(), 9);
    assert_eq!(w.events.cursor("hook".into()).await.unwrap(), 3);
}

async fn e4_prune_forgets_what_is_older(w: World) {
    w.pair("alice", "bob").await;
    w.clock.advance(1_000);
    let kept_from = w.now();
    w.pair("alice", "carol").await;
    let before = w.feed().await;
    assert_eq!(w.events.prune(kept_from).await.unwrap(), 1);
    assert_eq!(w.events.prune(kept_from).await.unwrap(), 0);
    assert_eq!(feed(&w, 0).await, before[1..]);
    // A place is never given again.
    assert_eq!(w.events.prune(kept_from.plus_millis(1)).await.unwrap(), 1);
    w.group(&["alice", "bob", user("dave").as_str()]).await;
    assert!(w.feed().await[0].position > before[1].position);
}
