//! A thread as one of its participants sees it.

use serde::Serialize;

use crate::{
    id::{ThreadId, UserId},
    model::{
        message::{Seq, Version},
        thread::{Participant, Thread, ThreadKind},
        user::Profile,
    },
    time::Timestamp,
    view::MessageView,
};

/// A thread.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Thread))]
pub struct ThreadView {
    /// Its id.
    pub id: ThreadId,
    /// Two people, or more.
    pub kind: ThreadKind,
    /// Everybody in it.
    pub participants: Vec<ParticipantView>,
    /// The change counter; `sync` reads by it.
    pub version: Version,
    /// The `seq` of the newest message; 0 if there is none.
    pub last_seq: Seq,
    /// When the newest message was taken.
    pub last_msg_at: Option<Timestamp>,
    /// The newest message.
    pub last_msg: Option<MessageView>,
    /// Messages by others above the viewer's read mark.
    pub unread_count: i64,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Somebody in a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = Participant))]
pub struct ParticipantView {
    /// Who.
    pub user_id: UserId,
    /// The name to show; `Deleted user` for a deleted profile.
    pub display_name: Option<String>,
    /// Where the picture is.
    pub avatar_url: Option<String>,
    /// The profile is gone.
    pub deleted: bool,
    /// Has a live socket.
    pub online: bool,
    /// Has read everything up to here.
    pub read_seq: Seq,
    /// Has received everything up to here.
    pub delivered_seq: Seq,
}

impl ThreadView {
    /// The thread as `viewer` sees it (`None`: as a service, who reads nothing); `online` tells who has a live socket.
    #[must_use]
    pub fn new(
        thread: &Thread,
        last_msg: Option<MessageView>,
        viewer: Option<&UserId>,
        online: &dyn Fn(&UserId) -> bool,
    ) -> Self {
        Self {
            id: thread.id,
            kind: thread.kind,
            participants: thread
                .participants
                .iter()
                .map(|participant| ParticipantView::new(participant, online(&participant.user_id)))
                .collect(),
            version: thread.version,
            last_seq: thread.last_seq,
            last_msg_at: thread.last_msg_at,
            last_msg,
            unread_count: viewer
                .and_then(|viewer| thread.participant(viewer))
                .map_or(0, |own| own.unread_count),
            created_at: thread.created_at,
            updated_at: thread.updated_at,
        }
    }
}

impl ParticipantView {
    fn new(participant: &Participant, online: bool) -> Self {
        let deleted = participant.deleted;
        Self {
            user_id: participant.user_id.clone(),
            display_name: if deleted {
                Some(Profile::DELETED_NAME.into())
            } else {
                participant.display_name.clone()
            },
            avatar_url: participant.avatar_url.clone().filter(|_| !deleted),
            deleted,
            online: online && !deleted,
            read_seq: participant.position.read,
            delivered_seq: participant.position.delivered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::builder::{thread, user};

    #[test]
    fn a_deleted_profile_is_masked() {
        let mut pair = thread(&["alice", "bob"]);
        pair.participants[1].avatar_url = Some("https://pictures.example/bob".into());
        pair.participants[1].deleted = true;
        let view = ThreadView::new(&pair, None, Some(&user("alice")), &|_| true);
        let bob = &view.participants[1];
        assert_eq!(bob.display_name.as_deref(), Some("Deleted user"));
        assert_eq!(
            (bob.avatar_url.as_deref(), bob.deleted, bob.online),
            (None, true, false)
        );
    }
}
