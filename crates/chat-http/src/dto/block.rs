//! Block lists.

use chat_domain::{id::UserId, port::block::Block, time::Timestamp};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{MAX_LIMIT, fifty};

/// Which page of the block list.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BlocksQuery {
    /// `nextCursor` of the page before.
    #[garde(skip)]
    pub(crate) cursor: Option<String>,
    /// The most entries of the page.
    #[garde(range(min = 1, max = MAX_LIMIT))]
    #[serde(default = "fifty")]
    #[param(default = 50, minimum = 1, maximum = 100)]
    pub(crate) limit: usize,
}

/// A line of the caller's block list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Block)]
pub(crate) struct BlockDto {
    /// Who is blocked.
    user_id: UserId,
    /// Since when.
    created_at: Timestamp,
}

impl From<Block> for BlockDto {
    fn from(block: Block) -> Self {
        Self {
            user_id: block.blocked,
            created_at: block.created_at,
        }
    }
}
