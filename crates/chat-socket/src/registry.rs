//! The sockets that are connected to this node, by user, in the order they came.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use chat_domain::id::{SocketId, UserId};

use crate::connection::Client;

#[derive(Default)]
pub(crate) struct Registry(RwLock<HashMap<UserId, Vec<Client>>>);

impl Registry {
    /// Adds a client. Returns the user's oldest ones that are over `max` (0: no limit) and not ending already.
    pub(crate) fn add(&self, client: Client, max: usize) -> Vec<Client> {
        let mut users = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let clients = users.entry(client.session.user.clone()).or_default();
        clients.push(client);
        if max == 0 {
            return Vec::new();
        }
        let live = || clients.iter().filter(|client| !client.session.is_ended());
        let over = live().count().saturating_sub(max);
        live().take(over).cloned().collect()
    }

    pub(crate) fn remove(&self, user: &UserId, id: &SocketId) {
        let mut users = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(clients) = users.get_mut(user) {
            clients.retain(|client| client.session.id != *id);
            if clients.is_empty() {
                users.remove(user);
            }
        }
    }

    /// The clients of one user, or all.
    pub(crate) fn clients(&self, user: Option<&UserId>) -> Vec<Client> {
        let users = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match user {
            Some(user) => users.get(user).cloned().unwrap_or_default(),
            None => users.values().flatten().cloned().collect(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        let users = self.0.read().unwrap_or_else(PoisonError::into_inner);
        users.values().map(Vec::len).sum()
    }
}
