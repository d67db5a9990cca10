//! Opening and listing threads.

use chat_domain::id::UserId;
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::page::{MAX_LIMIT, twenty};

/// Who is to be in the thread.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a JSON object"
)]
pub(crate) struct OpenThreadBody {
    /// Distinct user ids, the caller among them unless an admin. Two make a pair, more a group; at most
    /// `CHAT_MAX_PARTICIPANTS` (256).
    #[garde(length(min = 2))]
    #[schema(min_items = 2, example = json!(["alice", "bob"]))]
    pub(crate) participant_ids: Vec<UserId>,
}

/// Which page of the inbox.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ThreadsQuery {
    /// `nextCursor` of the page before.
    #[garde(skip)]
    pub(crate) cursor: Option<String>,
    /// The most threads of the page.
    #[garde(range(min = 1, max = MAX_LIMIT))]
    #[serde(default = "twenty")]
    #[param(default = 20, minimum = 1, maximum = 100)]
    pub(crate) limit: usize,
}
