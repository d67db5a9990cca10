//! Routes for other services of ours, and for moderators.

pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod matches;
pub(crate) mod moderation;
pub(crate) mod revocations;
pub(crate) mod risk;
pub(crate) mod users;
