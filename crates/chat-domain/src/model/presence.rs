//! Who is online.

use serde::Serialize;

use crate::{id::UserId, time::Timestamp};

/// Whether a user has a live socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PresenceState {
    /// Who.
    pub user_id: UserId,
    /// Has a live socket.
    pub online: bool,
    /// When the last socket was closed; `null` if that is not known.
    pub last_seen_at: Option<Timestamp>,
}
