//! B1–B5: [`RelationshipRepository`](crate::port::block::RelationshipRepository).
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use futures::future::join_all;

use super::{Case, World, case};
use crate::{
    model::{
        access::{MatchState, Relationship},
        thread::ThreadKind,
    },
    port::block::Block,
    testing::builder::user,
};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(b1_block_and_unblock_are_idempotent),
    case!(b2_between_tells_blocks_alike_matches_and_deleted_profiles),
    case!(b3_a_match_opens_its_thread_once_with_50_at_once),
    case!(b4_a_match_is_taken_back_and_made_again),
    case!(b5_the_list_is_newest_first),
];

async fn between(w: &World, a: &str, b: &str) -> Relationship {
    let found = w.relationships.between(user(a), vec![user(b)]).await;
    found.unwrap()[0]
}

async fn blocked_by(w: &World, name: &str) -> Vec<String> {
    let (page, more) = w.relationships.list(user(name), None, 100).await.unwrap();
    assert!(!more);
    page.iter().map(|block| block.blocked.to_string()).collect()
}

async fn b1_block_and_unblock_are_idempotent(w: World) {
    let (alice, bob) = (user("alice"), user("bob"));
    let block = async || {
        let set = w.relationships.block(alice.clone(), bob.clone(), w.now());
        set.await.unwrap();
    };
    let unblock = async || {
        let taken_back = w.relationships.unblock(alice.clone(), bob.clone());
        taken_back.await.unwrap();
    };
    unblock().await;
    block().await;
    let since = w.now();
    w.clock.advance(1_000);
    block().await;
    assert_eq!(blocked_by(&w, "alice").await, ["bob"]);
    let (page, _) = w.relationships.list(user("alice"), None, 1).await.unwrap();
    assert_eq!(page[0].created_at, since);
    unblock().await;
    unblock().await;
    assert!(blocked_by(&w, "alice").await.is_empty());
    assert!(!between(&w, "alice", "bob").await.blocked);
}

async fn b2_between_tells_blocks_alike_matches_and_deleted_profiles(w: World) {
    let (alice, now) = (user("alice"), w.now());
    for other in ["friend", "gone", "withdrawn"] {
        w.pair("alice", other).await;
    }
    let taken_back = w
        .relationships
        .withdraw_match(alice.clone(), user("withdrawn"), now);
    taken_back.await.unwrap();
    w.delete_profile("gone").await;
    let by = w.relationships.block(alice.clone(), user("blocked"), now);
    by.await.unwrap();
    let of = w.relationships.block(user("blocker"), alice.clone(), now);
    of.await.unwrap();
    let names = [
        "friend",
        "nobody",
        "blocked",
        "gone",
        "blocker",
        "withdrawn",
    ];
    let others = names.map(user).to_vec();
    let found = w.relationships.between(alice, others).await.unwrap();
    let relationship = |matched, blocked, deleted| Relationship {
        matched,
        blocked,
        deleted,
    };
    let expected = [
        relationship(MatchState::Active, false, false),
        relationship(MatchState::Never, false, false),
        relationship(MatchState::Never, true, false),
        relationship(MatchState::Active, false, true),
        relationship(MatchState::Never, true, false),
        relationship(MatchState::Withdrawn, false, false),
    ];
    assert_eq!(found, expected);
    for (name, expected) in names.iter().zip(expected) {
        assert_eq!(between(&w, name, "alice").await, expected, "{name}");
    }
}

async fn b3_a_match_opens_its_thread_once_with_50_at_once(w: World) {
    let matches = (0..50).map(|n| {
        let people = if n % 2 == 0 {
            ["alice", "bob"]
        } else {
            ["bob", "alice"]
        };
        let thread = w.new_thread(ThreadKind::Pair, &people);
        w.relationships.record_match(thread)
    });
    let opened: Vec<_> = join_all(matches)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(opened.iter().filter(|opened| opened.created).count(), 1);
    let id = opened[0].thread.id;
    assert!(opened.iter().all(|opened| opened.thread.id == id));
    assert_eq!(
        between(&w, "bob", "alice").await.matched,
        MatchState::Active
    );
    assert_eq!(w.feed().await.len(), 1);
}

async fn b4_a_match_is_taken_back_and_made_again(w: World) {
    let (alice, bob) = (user("alice"), user("bob"));
    let withdraw = async || {
        let taken_back = w
            .relationships
            .withdraw_match(alice.clone(), bob.clone(), w.now());
        taken_back.await.unwrap();
    };
    withdraw().await;
    assert_eq!(between(&w, "alice", "bob").await.matched, MatchState::Never);
    let first = w.pair("alice", "bob").await;
    withdraw().await;
    withdraw().await;
    let state = between(&w, "alice", "bob").await.matched;
    assert_eq!(state, MatchState::Withdrawn);
    let again = w.pair("bob", "alice").await;
    assert_eq!(again.id, first.id);
    assert_eq!(
        between(&w, "alice", "bob").await.matched,
        MatchState::Active
    );
}

async fn b5_the_list_is_newest_first(w: World) {
    for (n, name) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        // Some in the same millisecond: then the higher id comes first.
        w.clock.advance(if n % 2 == 0 { 10 } else { 0 });
        let block = w.relationships.block(user("alice"), user(name), w.now());
        block.await.unwrap();
    }
    let block = w.relationships.block(user("bob"), user("z"), w.now());
    block.await.unwrap();
    assert_eq!(blocked_by(&w, "alice").await, ["e", "d", "c", "b", "a"]);
    let (mut seen, mut after): (Vec<Block>, _) = (Vec::new(), None);
    loop {
        let page = w.relationships.list(user("alice"), after, 2).await;
        let (page, more) = page.unwrap();
        seen.extend(page);
        after = seen.last().cloned();
        if !more {
            break;
        }
    }
    let names: Vec<_> = seen.iter().map(|block| block.blocked.as_str()).collect();
    assert_eq!(names, ["e", "d", "c", "b", "a"]);
}
