//! What a client sees: the JSON of REST and of socket events alike, defined once.
//!
//! Field names are camelCase on the wire. A view is made for one viewer: only an author sees the own `clientMessageId`.

mod message;
mod sync;
mod thread;

pub use message::{Masking, MessageView};
pub use sync::{ReceiptView, SyncedThread};
pub use thread::{ParticipantView, ThreadView};
