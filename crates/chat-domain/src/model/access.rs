//! Who may do what: pure functions that every use case asks.

use crate::model::user::Caller;

/// How two people stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relationship {
    /// The mutual match, if there ever was one.
    pub matched: MatchState,
    /// One of them blocks the other; it is not told which.
    pub blocked: bool,
    /// The profile of one of them is gone.
    pub deleted: bool,
}

/// The state of two people's match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatchState {
    /// They never matched.
    #[default]
    Never,
    /// They match.
    Active,
    /// They matched, and it was taken back.
    Withdrawn,
}

impl Relationship {
    /// Whether the two stay apart: no message, typing, presence or receipt passes either way.
    ///
    /// Without a match ever made they may share a thread that an admin opened; that is not apart.
    #[must_use]
    pub const fn is_apart(&self) -> bool {
        self.blocked || self.deleted || matches!(self.matched, MatchState::Withdrawn)
    }
}

/// Whether `caller` may open a thread with somebody who stands to them so.
#[must_use]
pub fn may_open(caller: &Caller, relationship: Relationship) -> bool {
    caller.is_admin() || (relationship.matched == MatchState::Active && !relationship.is_apart())
}

/// Whether a participant may write in an existing pair thread.
#[must_use]
pub const fn may_send(is_admin: bool, relationship: Relationship) -> bool {
    is_admin || !relationship.is_apart()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::user::Role, testing::builder::user};

    fn relationship(matched: MatchState, blocked: bool, deleted: bool) -> Relationship {
        Relationship {
            matched,
            blocked,
            deleted,
        }
    }

    #[test]
    fn a_thread_opens_on_a_match_without_a_block() {
        let caller = Caller::user(user("alice"));
        assert!(may_open(
            &caller,
            relationship(MatchState::Active, false, false)
        ));
        for apart in [
            relationship(MatchState::Never, false, false),
            relationship(MatchState::Withdrawn, false, false),
            relationship(MatchState::Active, true, false),
            relationship(MatchState::Active, false, true),
        ] {
            assert!(!may_open(&caller, apart), "{apart:?}");
        }
    }

    #[test]
    fn an_admin_may_always() {
        let admin = Caller {
            user: user("root"),
            roles: vec![Role::Admin],
        };
        assert!(may_open(
            &admin,
            relationship(MatchState::Never, true, false)
        ));
        assert!(may_send(
            true,
            relationship(MatchState::Withdrawn, true, false)
        ));
    }

    #[test]
    fn who_was_brought_together_by_an_admin_may_answer() {
        assert!(may_send(
            false,
            relationship(MatchState::Never, false, false)
        ));
        assert!(!may_send(
            false,
            relationship(MatchState::Withdrawn, false, false)
        ));
    }
}
