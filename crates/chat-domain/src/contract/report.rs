//! Q1–Q3: [`ModerationQueue`](crate::port::report::ModerationQueue).
#![expect(
    clippy::unwrap_used,
    reason = "a case is a test: what fails is told by a panic"
)]

use futures::future::join_all;

use super::{Case, World, case};
use crate::{
    model::{
        message::Message,
        moderation::{
            Flag, ModerationItem, ModerationSource, ModerationStatus, NewReport, ReportReason,
        },
    },
    port::report::QueuePosition,
    testing::builder::user,
    time::IdGenerator,
};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(q1_a_report_keeps_the_text_and_comes_with_its_event),
    case!(q1_a_report_of_a_user_has_no_text),
    case!(q1_a_flagged_message_is_queued_with_its_event),
    case!(q2_the_list_is_oldest_first),
    case!(q3_an_item_is_decided_once_with_50_at_once),
];

fn report(w: &World, reporter: &str, about: &str, message: Option<&Message>) -> NewReport {
    NewReport {
        id: w.ids.next().into(),
        reporter: user(reporter),
        user_id: user(about),
        message_id: message.map(|message| message.id),
        thread_id: message.map(|message| message.thread_id),
        reason: ReportReason::Scam,
        details: Some("wants money".into()),
        created_at: w.now(),
    }
}

async fn pending(w: &World) -> Vec<ModerationItem> {
    let list = w
        .moderation
        .list(ModerationStatus::Pending, None, 100)
        .await;
    let (items, more) = list.unwrap();
    assert!(!more);
    items
}

async fn q1_a_report_keeps_the_text_and_comes_with_its_event(w: World) {
    let pair = w.pair("alice", "bob").await;
    let message = w.send(pair.id, "bob", "send me money").await;
    let new = report(&w, "alice", "bob", Some(&message));
    w.moderation.report(new.clone()).await.unwrap();
    w.messages.remove(message.id, w.now()).await.unwrap();
    let items = pending(&w).await;
    assert_eq!(items.len(), 1);
    let item = &items[0];
    assert_eq!(item.kind, ModerationSource::Report);
    assert_eq!(item.content.as_deref(), Some("send me money"));
    assert_eq!(item.details.as_deref(), Some("wants money"));
    assert_eq!(item.reasons, ["scam"]);
    assert_eq!(
        (&item.user_id, &item.reporter_id),
        (&user("bob"), &Some(user("alice")))
    );
    assert_eq!(
        (item.message_id, item.thread_id),
        (Some(message.id), Some(pair.id))
    );
    let found = w.moderation.find(item.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(item));
    let feed = w.feed().await;
    let events: Vec<_> = feed.iter().filter(|e| e.kind == "report.created").collect();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].payload["reportId"], new.id.to_string());
    let told = events[0].payload.to_string();
    assert!(!told.contains("money"), "no text in events: {told}");
}

async fn q1_a_report_of_a_user_has_no_text(w: World) {
    let new = report(&w, "alice", "bob", None);
    w.moderation.report(new).await.unwrap();
    let items = pending(&w).await;
    assert_eq!((items.len(), &items[0].content), (1, &None));
    assert_eq!(w.feed().await[0].kind, "report.created");
}

async fn q1_a_flagged_message_is_queued_with_its_event(w: World) {
    let pair = w.pair("alice", "bob").await;
    let mut message = w.text(pair.id, "bob", "unclean words");
    message.flag = Some(Flag {
        categories: vec!["profane".into(), "sexual".into()],
    });
    let message = w.messages.append(message).await.unwrap().message;
    let items = pending(&w).await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].kind, ModerationSource::Flagged);
    assert_eq!(items[0].reasons, ["profane", "sexual"]);
    assert_eq!(items[0].content.as_deref(), Some("unclean words"));
    assert_eq!(items[0].message_id, Some(message.id));
    assert_eq!(
        (&items[0].user_id, &items[0].reporter_id),
        (&user("bob"), &None)
    );
    let feed = w.feed().await;
    let events: Vec<_> = feed
        .iter()
        .filter(|e| e.kind == "message.flagged")
        .collect();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].payload["messageId"], message.id.to_string());
    assert!(!events[0].payload.to_string().contains("unclean words"));
}

async fn q2_the_list_is_oldest_first(w: World) {
    let mut expected = Vec::new();
    for n in 0..5 {
        // Some in the same millisecond.
        w.clock.advance(if n % 2 == 0 { 10 } else { 0 });
        let new = report(&w, "alice", "bob", None);
        expected.push((new.created_at, new.id.as_uuid()));
        w.moderation.report(new).await.unwrap();
    }
    expected.sort_unstable();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let list = w.moderation.list(ModerationStatus::Pending, after, 2).await;
        let (page, more) = list.unwrap();
        seen.extend(page.iter().map(|item| (item.created_at, item.id.as_uuid())));
        after = page.last().map(|item| QueuePosition {
            created_at: item.created_at,
            id: item.id,
        });
        if !more {
            break;
        }
    }
    assert_eq!(seen, expected);
}

async fn q3_an_item_is_decided_once_with_50_at_once(w: World) {
    w.moderation
        .report(report(&w, "alice", "bob", None))
        .await
        .unwrap();
    let id = pending(&w).await[0].id;
    let decide = |status| w.moderation.decide(id, status, user("mod"), w.now());
    let decisions = join_all((0..50).map(|_| decide(ModerationStatus::Removed))).await;
    let changed = decisions.into_iter().filter(|done| *done.as_ref().unwrap());
    assert_eq!(changed.count(), 1);
    assert!(!decide(ModerationStatus::Approved).await.unwrap());
    let item = w.moderation.find(id).await.unwrap().unwrap();
    assert_eq!(item.status, ModerationStatus::Removed);
    assert_eq!(
        (item.decided_by, item.decided_at),
        (Some(user("mod")), Some(w.now()))
    );
    assert!(pending(&w).await.is_empty());
    let missing = w.ids.next().into();
    assert_eq!(w.moderation.find(missing).await.unwrap(), None);
    let by = user("mod");
    let nothing = w
        .moderation
        .decide(missing, ModerationStatus::Removed, by, w.now());
    assert!(!nothing.await.unwrap());
}
