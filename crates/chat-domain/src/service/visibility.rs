//! Whose presence somebody may see: of people they share a thread with and don't stay apart from.

use std::collections::HashSet;

use crate::{
    error::RepoError,
    id::UserId,
    port::{presence::Presence, thread::ThreadRepository},
};

/// Those of `users` who are online and let `viewer` know.
pub(super) async fn visible_online(
    threads: &dyn ThreadRepository,
    presence: &dyn Presence,
    viewer: &UserId,
    users: HashSet<UserId>,
) -> Result<HashSet<UserId>, RepoError> {
    let mut visible = threads
        .contacts(viewer.clone(), Some(users.into_iter().collect()))
        .await?;
    visible.push(viewer.clone());
    online_of(presence, visible).await
}

/// Those of `users` who are online.
pub(super) async fn online_of(
    presence: &dyn Presence,
    users: Vec<UserId>,
) -> Result<HashSet<UserId>, RepoError> {
    let online = presence.online(users.clone()).await?;
    Ok(users
        .into_iter()
        .zip(online)
        .filter_map(|(user, online)| online.then_some(user))
        .collect())
}
