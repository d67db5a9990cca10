//! The ports' numbered rules as cases that any adapter can run.
//!
//! Each module has one port, and `CASES` lists its rules. A case runs in a world that the adapter makes afresh for it:
//! [`World`] for the ports of a store, [`limit::World`] and [`presence::World`] for those two. A case panics if the rule
//! is broken; where something never comes it hangs, so give it a time limit. It needs no particular runtime, but calls
//! 50 at once, so a multi-thread one finds more.
//!
//! ```text
//! for (port, cases) in contract::STORE {
//!     for case in *cases {
//!         let world = World { /* ports over a fresh store */ };
//!         run(format!("{port}::{}", case.name), (case.run)(world));
//!     }
//! }
//! ```
//!
//! # Adding a rule
//! Number it in the port's documentation, write the case, and list it in `CASES`: one that is not listed is dead code,
//! and the compiler says so.

use std::sync::Arc;

use futures::future::BoxFuture;

pub mod audit;
pub mod auth;
pub mod block;
pub mod event;
pub mod limit;
pub mod message;
mod observer;
pub mod presence;
pub mod receipt;
pub mod report;
pub mod thread;
pub mod user;
mod world;

pub use self::{
    observer::RecordingObserver,
    world::{Restart, World},
};

/// A rule, to be checked in a fresh world.
#[derive(Debug)]
pub struct Case<W> {
    /// The rule's number and what it says, such as `p1_online_while_one_socket_has_a_lease`.
    pub name: &'static str,
    /// Checks it.
    pub run: fn(W) -> BoxFuture<'static, ()>,
}

/// Everything that a store must keep to: the cases of each port, under the port's name.
pub const STORE: &[(&str, &[Case<World>])] = &[
    ("message", message::CASES),
    ("thread", thread::CASES),
    ("receipt", receipt::CASES),
    ("block", block::CASES),
    ("report", report::CASES),
    ("event", event::CASES),
    ("user", user::CASES),
    ("audit", audit::CASES),
    ("auth", auth::CASES),
];

/// Lets so many milliseconds pass for the adapter: moves its clock, or waits.
pub type Pass = Arc<dyn Fn(i64) -> BoxFuture<'static, ()> + Send + Sync>;

/// Lists a case under its own name.
macro_rules! case {
    ($name:ident) => {
        $crate::contract::Case {
            name: stringify!($name),
            run: |world| Box::pin($name(world)),
        }
    };
}
use case;
