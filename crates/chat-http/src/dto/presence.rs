//! Who is online.

use chat_domain::{id::UserId, model::presence::PresenceState};
use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use utoipa::{IntoParams, ToSchema};

/// Whose presence.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PresenceQuery {
    /// 1 to 100 user ids, separated by commas.
    #[garde(length(min = 1, max = 100))]
    #[serde(deserialize_with = "comma_separated")]
    #[param(value_type = String, example = "alice,bob")]
    pub(crate) user_ids: Vec<UserId>,
}

fn comma_separated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<UserId>, D::Error> {
    let list = String::deserialize(deserializer)?;
    list.split(',')
        .map(|id| UserId::parse(id).map_err(D::Error::custom))
        .collect()
}

/// Those of the users asked for whom the caller shares a thread with; others are left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PresenceList)]
pub(crate) struct PresenceListDto {
    pub(crate) users: Vec<PresenceState>,
}
