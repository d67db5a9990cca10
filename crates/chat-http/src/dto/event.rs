//! The feed of events.

use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::page::{MAX_LIMIT, fifty};

/// Which page of the feed.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// `nextCursor` of the page before, or the id of the last event that was handled.
    #[garde(skip)]
    pub(crate) after: Option<String>,
    /// The most events of the page.
    #[garde(range(min = 1, max = MAX_LIMIT))]
    #[serde(default = "fifty")]
    #[param(default = 50, minimum = 1, maximum = 100)]
    pub(crate) limit: usize,
}
