//! A message as its viewer sees it.

use serde::Serialize;

use crate::{
    id::{ClientMessageId, MessageId, ThreadId, UserId},
    model::{
        content::Metadata,
        message::{Message, Seq, Version},
        thread::Thread,
    },
    time::Timestamp,
};

/// What is hidden of a deleted author's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Masking {
    /// Only the profile.
    #[default]
    Profile,
    /// The text too.
    Content,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Message))]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// The thread it stands in.
    pub thread_id: ThreadId,
    /// Its place in the thread: 1, 2, 3 … without gaps.
    pub seq: Seq,
    /// The thread's change counter when the message last changed.
    pub version: Version,
    /// Who wrote it.
    pub from_user_id: UserId,
    /// The other participant of a pair; `null` in a group.
    pub to_user_id: Option<UserId>,
    /// The text, without markup; empty once removed.
    pub content: String,
    /// What the client attached; `moderation` is the server's.
    pub metadata: Option<Metadata>,
    /// Every other participant has received it.
    pub delivered: bool,
    /// Every other participant has read it.
    pub read: bool,
    /// When it was taken.
    pub created_at: Timestamp,
    /// When it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// The author's own id for it, shown to the author only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<ClientMessageId>,
}

impl MessageView {
    /// The message as `viewer` sees it in `thread`.
    #[must_use]
    pub fn new(message: Message, thread: &Thread, viewer: &UserId, masking: Masking) -> Self {
        let watermark = thread.watermark(&message.from);
        let author_deleted = thread
            .participant(&message.from)
            .is_some_and(|author| author.deleted);
        let masked = masking == Masking::Content && author_deleted;
        Self {
            id: message.id,
            thread_id: message.thread_id,
            seq: message.seq,
            version: message.version,
            to_user_id: thread.peer(&message.from).map(|peer| peer.user_id.clone()),
            content: if masked {
                String::new()
            } else {
                message.content
            },
            metadata: if masked { None } else { message.metadata },
            delivered: watermark.delivered >= message.seq,
            read: watermark.read >= message.seq,
            created_at: message.created_at,
            deleted_at: message.deleted_at,
            client_message_id: message
                .client_message_id
                .filter(|_| *viewer == message.from),
            from_user_id: message.from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::builder::{message, thread, user};

    #[test]
    fn only_the_author_sees_the_client_message_id() {
        let (pair, mut sent) = (thread(&["alice", "bob"]), message("alice", 1));
        sent.client_message_id = ClientMessageId::parse("c-1").ok();
        let seen_by =
            |viewer| MessageView::new(sent.clone(), &pair, &user(viewer), Masking::Profile);
        assert!(seen_by("alice").client_message_id.is_some());
        assert!(seen_by("bob").client_message_id.is_none());
        assert_eq!(seen_by("bob").to_user_id, Some(user("bob")));
    }

    #[test]
    fn a_deleted_authors_text_is_masked_when_asked_for() {
        let mut pair = thread(&["alice", "bob"]);
        pair.participants[0].deleted = true;
        let content =
            |masking| MessageView::new(message("alice", 1), &pair, &user("bob"), masking).content;
        assert_eq!(content(Masking::Content), "");
        assert_ne!(content(Masking::Profile), "");
    }

    #[test]
    fn the_shape_on_the_wire_is_the_contracts() {
        let view = MessageView::new(
            message("alice", 1),
            &thread(&["alice", "bob"]),
            &user("bob"),
            Masking::Profile,
        );
        let json = serde_json::to_value(view).unwrap();
        let keys: Vec<_> = json
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let expected = [
            "content",
            "createdAt",
            "delivered",
            "fromUserId",
            "id",
            "metadata",
            "read",
            "seq",
            "threadId",
            "toUserId",
            "version",
        ];
        assert_eq!(keys, expected);
    }
}
