//! In progress.
use super::{Handshake, TransportKind};
use crate::error::DisconnectReason;
use bytes::Bytes;
use bytestring::ByteString;
use std::sync::Arc;

pub(crate) type WrittenHook = Box<dyn FnOnce() + Send + Sync>;

/// Why a message was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The session is closed or closing.
    #[error("session is closed")]
    Closed,
    /// The session's queue is full.
    #[error("send queue is full")]
    QueueFull,
}

/// One client's connection, over whichever transport.
pub struct Session {
    handshake: Arc<Handshake>,
}

impl Session {
    /// The request that opened the session.
    pub fn handshake(&self) -> &Arc<Handshake> {
        &self.handshake
    }
    /// The transport in use now.
    pub fn transport(&self) -> TransportKind {
        TransportKind::Polling
    }
    /// Closes the session.
    pub fn close(&self, _reason: DisconnectReason) {}
    pub(crate) fn queue(
        &self,
        _head: &ByteString,
        _attachments: &[Bytes],
        _hook: Option<WrittenHook>,
    ) -> Result<(), SendError> {
        Ok(())
    }
}
