//! Driving ports: the use cases, one trait per concept, each with its private service.
//!
//! A method reads as the story of the use case: load, decide, store, and announce once the write has committed.
//! Nothing here spawns, sleeps or times out; adapters do.

pub mod announce;
pub mod auth;
pub mod block;
pub mod event;
pub mod matching;
pub mod message;
pub mod moderation;
pub mod presence;
pub mod receipt;
pub mod report;
pub mod risk;
pub mod thread;
pub mod typing;
pub mod user;

mod suspicion;
mod visibility;

/// Implements `code()` and `From<RepoError>` parts that every error enum of a use case shares.
macro_rules! error_code {
    ($error:ty { $($pattern:pat => $code:expr),+ $(,)? }) => {
        impl $error {
            /// The code that a client gets.
            #[must_use]
            pub const fn code(&self) -> $crate::error::ErrorCode {
                match self { $($pattern => $code),+ }
            }
        }
    };
}
use error_code;
