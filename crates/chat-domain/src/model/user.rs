//! Who calls, and what we mirror of people's profiles.

use crate::{id::UserId, time::Timestamp};

/// What a token allows beyond being a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// May do everything, take part in any pair, and read every thread's header.
    Admin,
    /// Another service of ours: matches, profiles, events.
    Service,
    /// May decide on reports and flagged messages.
    Moderator,
    /// Pays; carried for other services, grants nothing here.
    Premium,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Service, Self::Moderator, Self::Premium];

    /// The name in a token's `roles` claim.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Service => "service",
            Self::Moderator => "moderator",
            Self::Premium => "premium",
        }
    }

    /// The role of that name; `None` for names that are not ours.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// The authenticated user behind a request or an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The token's `sub`.
    pub user: UserId,
    /// The token's `roles`; unknown names are left out.
    pub roles: Vec<Role>,
}

impl Caller {
    /// A caller without any role.
    #[must_use]
    pub const fn user(user: UserId) -> Self {
        Self {
            user,
            roles: Vec::new(),
        }
    }

    /// Whether the token carries the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the token carries one of the roles.
    #[must_use]
    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// Shorthand for the role that may do everything.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.has(Role::Admin)
    }
}

/// What we mirror of a person's profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Whose profile.
    pub user_id: UserId,
    /// The name to show.
    pub display_name: Option<String>,
    /// Where the picture is.
    pub avatar_url: Option<String>,
    /// Gone: shown as [`Profile::DELETED_NAME`] without a picture.
    pub deleted: bool,
    /// Pays.
    pub premium: bool,
    /// When the user's last socket was closed.
    pub last_seen_at: Option<Timestamp>,
}

impl Profile {
    /// The name that a deleted profile shows.
    pub const DELETED_NAME: &str = "Deleted user";
}

/// A change to a profile: what is `None` stays as it is, `Some(None)` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// The name to show.
    pub display_name: Option<Option<String>>,
    /// Where the picture is.
    pub avatar_url: Option<Option<String>>,
    /// Gone or back.
    pub deleted: Option<bool>,
    /// Pays or not.
    pub premium: Option<bool>,
}
