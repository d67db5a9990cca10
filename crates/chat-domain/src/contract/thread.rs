//! T1–T6: [`ThreadRepository`](crate::port::thread::ThreadRepository).
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use futures::future::join_all;

use super::{Case, World, case};
use crate::{
    id::ThreadId,
    model::{thread::ThreadKind, user::ProfilePatch},
    port::thread::InboxPosition,
    testing::builder::user,
    time::IdGenerator,
};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(t1_a_pair_has_one_thread_with_50_at_once),
    case!(t2_a_group_is_new_each_time),
    case!(t3_a_new_thread_comes_with_its_event),
    case!(t4_the_inbox_is_ordered_by_activity),
    case!(t4_a_walk_shows_nothing_twice),
    case!(t4_an_entry_has_its_newest_message),
    case!(t5_contacts_share_a_thread),
    case!(t5_contacts_do_not_stay_apart),
    case!(t6_participants_carry_the_profile_mirror),
];

async fn t1_a_pair_has_one_thread_with_50_at_once(w: World) {
    let opens = (0..50).map(|n| {
        let people = if n % 2 == 0 {
            ["alice", "bob"]
        } else {
            ["bob", "alice"]
        };
        w.threads.open(w.new_thread(ThreadKind::Pair, &people))
    });
    let opened: Vec<_> = join_all(opens)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(opened.iter().filter(|opened| opened.created).count(), 1);
    let id = opened[0].thread.id;
    assert!(opened.iter().all(|opened| opened.thread.id == id));
    let found = w.threads.find_pair(user("bob"), user("alice")).await;
    assert_eq!(found.unwrap(), Some(id));
    let missing = w.threads.find_pair(user("bob"), user("carol")).await;
    assert_eq!(missing.unwrap(), None);
    assert_eq!(w.threads.find(w.ids.next().into()).await.unwrap(), None);
}

async fn t2_a_group_is_new_each_time(w: World) {
    let people = ["carol", "alice", "bob"];
    let (one, other) = (w.group(&people).await, w.group(&people).await);
    assert_ne!(one.id, other.id);
    let names: Vec<_> = one
        .participants
        .iter()
        .map(|p| p.user_id.as_str())
        .collect();
    assert_eq!(names, ["alice", "bob", "carol"]);
    assert_eq!(w.thread(one.id).await, one);
}

async fn t3_a_new_thread_comes_with_its_event(w: World) {
    let thread = w.new_thread(ThreadKind::Pair, &["alice", "bob"]);
    w.threads.open(thread.clone()).await.unwrap();
    w.threads.open(thread.clone()).await.unwrap();
    let feed = w.feed().await;
    assert_eq!(feed.len(), 1);
    assert_eq!(feed[0].kind, "thread.created");
    assert_eq!(feed[0].thread_id, Some(thread.id));
    assert_eq!(feed[0].payload["threadId"], thread.id.to_string());
    assert_eq!(feed[0].payload["id"], feed[0].id.to_string());
}

/// All of the inbox in pages, and the entries' ids.
async fn walk(w: &World, name: &str, limit: usize) -> Vec<ThreadId> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let (page, more) = w.threads.inbox(user(name), after, limit).await.unwrap();
        assert!(page.len() <= limit);
        ids.extend(page.iter().map(|entry| entry.thread.id));
        after = page.last().map(|entry| InboxPosition {
            active_at: entry.thread.last_msg_at.unwrap_or(entry.thread.created_at),
            id: entry.thread.id,
        });
        if !more {
            return ids;
        }
    }
}

async fn t4_the_inbox_is_ordered_by_activity(w: World) {
    let mut threads = Vec::new();
    for other in ["b", "c", "d", "e"] {
        // The first two of the same millisecond: the higher id comes first.
        w.clock.advance(if other == "c" { 0 } else { 10 });
        threads.push(w.pair("alice", other).await.id);
    }
    w.pair("b", "c").await;
    threads[..2].sort_unstable();
    threads.reverse();
    assert_eq!(walk(&w, "alice", 10).await, threads);
    assert_eq!(walk(&w, "alice", 1).await, threads);
    w.clock.advance(10);
    w.send(threads[3], "alice", "hi").await;
    threads.rotate_right(1);
    assert_eq!(walk(&w, "alice", 3).await, threads);
    assert_eq!(walk(&w, "stranger", 3).await, []);
}

async fn t4_a_walk_shows_nothing_twice(w: World) {
    for n in 0..9 {
        w.clock.advance(10);
        w.pair("alice", &format!("u{n}")).await;
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let (page, more) = w.threads.inbox(user("alice"), after, 2).await.unwrap();
        seen.extend(page.iter().map(|entry| entry.thread.id));
        let Some(last) = page.last().filter(|_| more) else {
            break;
        };
        after = Some(InboxPosition {
            active_at: last.thread.last_msg_at.unwrap_or(last.thread.created_at),
            id: last.thread.id,
        });
        // One that was shown moves to the top.
        w.clock.advance(10);
        w.send(seen[0], "alice", "hi").await;
    }
    assert_eq!(seen.len(), 9);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 9);
}

async fn t4_an_entry_has_its_newest_message(w: World) {
    let (pair, quiet) = (w.pair("alice", "bob").await, w.pair("alice", "carol").await);
    w.send(pair.id, "alice", "one").await;
    let newest = w.send(pair.id, "bob", "two").await;
    let (inbox, _) = w.threads.inbox(user("alice"), None, 10).await.unwrap();
    let entry = |id| inbox.iter().find(|entry| entry.thread.id == id).unwrap();
    assert_eq!(entry(pair.id).last_message.as_ref(), Some(&newest));
    assert_eq!(entry(pair.id).thread, w.thread(pair.id).await);
    assert_eq!(entry(quiet.id).last_message, None);
    let alone = w.threads.entry(pair.id).await.unwrap().unwrap();
    assert_eq!(&alone, entry(pair.id));
    let missing = w.threads.entry(w.ids.next().into()).await.unwrap();
    assert_eq!(missing, None);
}

async fn contacts(w: &World, of: &str, among: Option<&[&str]>) -> Vec<String> {
    let among = among.map(|names| names.iter().map(|name| user(name)).collect());
    let found = w.threads.contacts(user(of), among).await.unwrap();
    let mut names: Vec<_> = found.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names
}

async fn t5_contacts_share_a_thread(w: World) {
    w.pair("alice", "bob").await;
    w.group(&["alice", "bob", "carol"]).await;
    w.pair("bob", "dave").await;
    assert_eq!(contacts(&w, "alice", None).await, ["bob", "carol"]);
    let among = ["alice", "carol", "dave", "nobody"];
    assert_eq!(contacts(&w, "alice", Some(&among)).await, ["carol"]);
    assert!(contacts(&w, "alice", Some(&[])).await.is_empty());
    assert!(contacts(&w, "nobody", None).await.is_empty());
}

async fn t5_contacts_do_not_stay_apart(w: World) {
    for other in ["blocked", "blocker", "withdrawn", "deleted", "friend"] {
        w.pair("alice", other).await;
    }
    let (alice, now) = (user("alice"), w.now());
    let by_alice = w.relationships.block(alice.clone(), user("blocked"), now);
    by_alice.await.unwrap();
    let of_alice = w.relationships.block(user("blocker"), alice.clone(), now);
    of_alice.await.unwrap();
    let withdrawn = user("withdrawn");
    let taken_back = w.relationships.withdraw_match(withdrawn, alice, now);
    taken_back.await.unwrap();
    w.delete_profile("deleted").await;
    assert_eq!(contacts(&w, "alice", None).await, ["friend"]);
    for apart in ["blocked", "blocker", "withdrawn", "deleted"] {
        assert!(contacts(&w, apart, None).await.is_empty(), "{apart}");
    }
}

async fn t6_participants_carry_the_profile_mirror(w: World) {
    let pair = w.pair("alice", "bob").await;
    let patch = ProfilePatch {
        display_name: Some(Some("Alice".into())),
        avatar_url: Some(Some("https://pictures.example/alice".into())),
        ..ProfilePatch::default()
    };
    w.users.update(user("alice"), patch).await.unwrap();
    let alice = w.participant(pair.id, "alice").await;
    assert_eq!(alice.display_name.as_deref(), Some("Alice"));
    let picture = alice.avatar_url.as_deref();
    assert_eq!(picture, Some("https://pictures.example/alice"));
    let bob = w.participant(pair.id, "bob").await;
    assert_eq!((bob.display_name, bob.avatar_url), (None, None));
    assert!(!bob.deleted);
    w.delete_profile("bob").await;
    assert!(w.participant(pair.id, "bob").await.deleted);
}
