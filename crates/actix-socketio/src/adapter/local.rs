//! The adapter of a single node: two maps behind one lock, held only while sockets are looked up or queued to.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use serde_json::Value;

use super::{Adapter, AdapterError, SocketInfo};
use crate::engine::SendError;
use crate::socket::{Encoded, OnWritten, Room, Selection, Socket, SocketId};

/// Keeps the sockets of one node; the default adapter.
#[derive(Default)]
pub struct LocalAdapter {
    maps: RwLock<Maps>,
}

/// A socket's rooms and a room's sockets mirror each other.
#[derive(Default)]
struct Maps {
    members: HashMap<SocketId, Member>,
    rooms: HashMap<Room, HashMap<SocketId, Socket>>,
}

struct Member {
    socket: Socket,
    rooms: Vec<Room>,
}

impl Maps {
    fn join(&mut self, id: SocketId, rooms: &[Room]) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        for room in rooms {
            if !member.rooms.contains(room) {
                member.rooms.push(room.clone());
                self.rooms
                    .entry(room.clone())
                    .or_default()
                    .insert(id, member.socket.clone());
            }
        }
    }

    fn leave(&mut self, id: SocketId, room: &str) {
        if let Some(member) = self.members.get_mut(&id) {
            member.rooms.retain(|joined| &**joined != room);
        }
        self.forget(id, room);
    }

    /// Removes a socket from a room's side only.
    fn forget(&mut self, id: SocketId, room: &str) {
        if let Some(sockets) = self.rooms.get_mut(room) {
            sockets.remove(&id);
            if sockets.is_empty() {
                self.rooms.remove(room);
            }
        }
    }

    fn is_excepted(&self, id: SocketId, selection: &Selection) -> bool {
        selection.except_sockets.contains(&id)
            || selection.except_rooms.iter().any(|room| {
                room.as_ref() == id.as_str()
                    || self
                        .rooms
                        .get(room)
                        .is_some_and(|sockets| sockets.contains_key(&id))
            })
    }

    /// Calls `visit` once for each selected socket.
    fn each(&self, selection: &Selection, mut visit: impl FnMut(&Socket)) {
        let mut visit = |id: SocketId, socket: &Socket| {
            if !self.is_excepted(id, selection) {
                visit(socket);
            }
        };
        match selection.rooms.as_deref() {
            None => {
                for (id, member) in &self.members {
                    visit(*id, &member.socket);
                }
            }
            Some([room]) => self.each_in(room, &mut visit),
            Some(rooms) => {
                let mut seen = HashSet::new();
                for room in rooms {
                    self.each_in(room, |id, socket| {
                        if seen.insert(id) {
                            visit(id, socket);
                        }
                    });
                }
            }
        }
    }

    fn each_in(&self, room: &Room, mut visit: impl FnMut(SocketId, &Socket)) {
        let joined = self.rooms.get(room);
        for (id, socket) in joined.into_iter().flatten() {
            visit(*id, socket);
        }
        // Every socket is in the room of its own id without an entry of its own.
        if let Some(id) = SocketId::parse(room)
            && let Some(member) = self.members.get(&id)
            && !joined.is_some_and(|sockets| sockets.contains_key(&id))
        {
            visit(id, &member.socket);
        }
    }
}

impl LocalAdapter {
    fn read(&self) -> RwLockReadGuard<'_, Maps> {
        self.maps.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Maps> {
        self.maps.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Adapter for LocalAdapter {
    fn add(&self, socket: Socket) {
        self.write().members.insert(
            socket.id(),
            Member {
                socket,
                rooms: Vec::new(),
            },
        );
    }

    fn remove(&self, id: SocketId) {
        let mut maps = self.write();
        let Some(member) = maps.members.remove(&id) else {
            return;
        };
        for room in &member.rooms {
            maps.forget(id, room);
        }
    }

    fn join(&self, id: SocketId, rooms: &[Room]) {
        self.write().join(id, rooms);
    }

    fn leave(&self, id: SocketId, room: &str) {
        self.write().leave(id, room);
    }

    fn rooms(&self, id: SocketId) -> Vec<Room> {
        self.read()
            .members
            .get(&id)
            .map(|member| member.rooms.clone())
            .unwrap_or_default()
    }

    fn local_socket(&self, id: SocketId) -> Option<Socket> {
        self.read()
            .members
            .get(&id)
            .map(|member| member.socket.clone())
    }

    fn local_sockets(&self, selection: &Selection) -> Vec<Socket> {
        let mut sockets = Vec::new();
        self.read()
            .each(selection, |socket| sockets.push(socket.clone()));
        sockets
    }

    fn local_count(&self) -> usize {
        self.read().members.len()
    }

    fn broadcast(
        &self,
        packet: &Encoded,
        selection: &Selection,
        on_written: Option<&Arc<dyn OnWritten>>,
    ) -> usize {
        let mut taken = 0;
        let mut full = Vec::new();
        self.read()
            .each(selection, |socket| match socket.queue(packet, on_written) {
                Ok(()) => taken += 1,
                Err(SendError::QueueFull) => full.push(socket.clone()),
                Err(SendError::Closed) => {}
            });
        // Closing removes the socket from the maps, so it waits until they are unlocked.
        for socket in full {
            socket.close_overflowed();
        }
        taken
    }

    fn join_selected(&self, selection: &Selection, rooms: &[Room]) {
        let sockets = self.local_sockets(selection);
        let mut maps = self.write();
        for socket in sockets {
            maps.join(socket.id(), rooms);
        }
    }

    fn leave_selected(&self, selection: &Selection, rooms: &[Room]) {
        let sockets = self.local_sockets(selection);
        let mut maps = self.write();
        for socket in sockets {
            for room in rooms {
                maps.leave(socket.id(), room);
            }
        }
    }

    fn disconnect_selected(&self, selection: &Selection, close: bool) {
        for socket in self.local_sockets(selection) {
            socket.disconnect(close);
        }
    }

    async fn fetch_sockets(&self, selection: &Selection) -> Result<Vec<SocketInfo>, AdapterError> {
        let describe = |socket: &Socket| SocketInfo {
            id: socket.id().as_str().to_owned(),
            rooms: socket.rooms(),
        };
        Ok(self.local_sockets(selection).iter().map(describe).collect())
    }

    async fn server_side_emit(&self, _args: &[Value]) -> Result<(), AdapterError> {
        Ok(())
    }
}
