//! The moderators' queue.

use chat_domain::model::moderation::{Decision, ModerationStatus};
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::page::{MAX_LIMIT, fifty};

/// Which page of the queue.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ModerationQuery {
    /// Items in this state.
    #[garde(skip)]
    #[serde(default = "pending")]
    #[param(default = "pending", inline)]
    pub(crate) status: ModerationStatus,
    /// `nextCursor` of the page before.
    #[garde(skip)]
    pub(crate) cursor: Option<String>,
    /// The most items of the page.
    #[garde(range(min = 1, max = MAX_LIMIT))]
    #[serde(default = "fifty")]
    #[param(default = 50, minimum = 1, maximum = 100)]
    pub(crate) limit: usize,
}

const fn pending() -> ModerationStatus {
    ModerationStatus::Pending
}

/// What the moderator says.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub(crate) struct DecisionBody {
    /// `remove` empties the message, its place stays.
    #[garde(skip)]
    pub(crate) decision: Decision,
}
