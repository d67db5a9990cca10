//! Who is in which room, and how a broadcast finds them: the [`Adapter`] port and [`LocalAdapter`].
//!
//! An adapter that spans nodes holds a `LocalAdapter` for its own sockets, publishes what it is told to the other nodes,
//! and applies to its `LocalAdapter` what it hears from them.

mod local;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

pub use self::local::LocalAdapter;
use crate::socket::{Encoded, OnWritten, Room, Selection, Socket, SocketId};

/// The sockets of one namespace and their rooms.
///
/// # Rules
/// - The synchronous methods never block on I/O and may be called from any thread: an adapter queues what it has to
///   publish.
/// - `add`, `remove`, `join` and `leave` concern sockets of this node, and have taken effect when they return.
/// - The `…_selected` methods and `broadcast` concern all nodes; for this node they have taken effect when they return,
///   for other nodes they are fire and forget.
/// - `join` for a socket that was removed changes nothing.
#[async_trait]
pub trait Adapter: Send + Sync + 'static {
    /// A socket was connected.
    fn add(&self, socket: Socket);

    /// A socket was disconnected: it leaves all rooms.
    fn remove(&self, id: SocketId);

    /// Puts a socket of this node into rooms.
    fn join(&self, id: SocketId, rooms: &[Room]);

    /// Takes a socket of this node out of a room.
    fn leave(&self, id: SocketId, room: &str);

    /// The rooms of a socket of this node.
    fn rooms(&self, id: SocketId) -> Vec<Room>;

    /// The socket with this id, if it is on this node.
    fn local_socket(&self, id: SocketId) -> Option<Socket>;

    /// The selected sockets of this node.
    fn local_sockets(&self, selection: &Selection) -> Vec<Socket>;

    /// How many sockets this node has.
    fn local_count(&self) -> usize;

    /// Queues a packet for the selected sockets, the bytes shared by all. Returns how many local sockets took it.
    /// `on_written` hears of local sockets only.
    fn broadcast(
        &self,
        packet: &Encoded,
        selection: &Selection,
        on_written: Option<&Arc<dyn OnWritten>>,
    ) -> usize;

    /// Puts the selected sockets into rooms.
    fn join_selected(&self, selection: &Selection, rooms: &[Room]);

    /// Takes the selected sockets out of rooms.
    fn leave_selected(&self, selection: &Selection, rooms: &[Room]);

    /// Disconnects the selected sockets; see [`Socket::disconnect`].
    fn disconnect_selected(&self, selection: &Selection, close: bool);

    /// Describes the selected sockets of all nodes.
    ///
    /// # Errors
    /// When other nodes did not answer in time.
    async fn fetch_sockets(&self, selection: &Selection) -> Result<Vec<SocketInfo>, AdapterError>;

    /// Sends an event to the servers of the other nodes, not to clients. `args` begins with the event's name. A single
    /// node has no others.
    ///
    /// # Errors
    /// When the bus cannot be reached.
    async fn server_side_emit(&self, args: &[Value]) -> Result<(), AdapterError>;
}

/// A socket of some node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketInfo {
    /// The socket's id. A string, since other servers choose their own form.
    pub id: String,
    /// The rooms it is in.
    pub rooms: Vec<Room>,
}

/// Why the other nodes could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// Some node did not answer in time.
    #[error("other nodes did not answer in time")]
    Timeout,
    /// The connection between the nodes failed.
    #[error("bus between nodes failed")]
    Bus(#[source] Box<dyn std::error::Error + Send + Sync>),
}
