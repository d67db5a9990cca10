//! The Engine.IO layer.
mod handshake;
mod session;
pub use self::handshake::{Handshake, HandshakeRequest, TransportKind};
pub(crate) use self::session::WrittenHook;
pub use self::session::{SendError, Session};
