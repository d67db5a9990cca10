//! Room names and the choice of sockets a broadcast goes to. Who is in which room is the adapter's business.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::socket::SocketId;

/// Name of a room: any string. Cheap to clone.
///
/// Each socket is also reachable under its own id, as if it had joined a room of that name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Room(Arc<str>);

impl Deref for Room {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Room {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Room {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Room {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for Room {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl From<&Self> for Room {
    fn from(room: &Self) -> Self {
        room.clone()
    }
}

impl From<SocketId> for Room {
    fn from(id: SocketId) -> Self {
        Self(id.as_str().into())
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which sockets of a namespace are meant.
///
/// # Rules
/// - `rooms` is `None`: every socket. Otherwise the sockets that are in at least one of the rooms, each once; an empty
///   list reaches nobody.
/// - Whoever is in an excepted room, or is an excepted socket, is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The rooms to reach; `None` means all sockets.
    pub rooms: Option<Vec<Room>>,
    /// Rooms whose members are left out.
    pub except_rooms: Vec<Room>,
    /// Sockets that are left out.
    pub except_sockets: Vec<SocketId>,
}
