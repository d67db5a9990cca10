//! The ports' numbered rules as cases that any adapter can run.
//!
//! Each module has one port: its `World` is what a case needs, made afresh by the adapter for every case, and `CASES`
//! lists the rules. A case panics if the rule is broken.

use std::sync::Arc;

use futures::future::BoxFuture;

pub mod limit;
pub mod presence;

/// A rule, to be checked in a fresh world.
#[derive(Debug)]
pub struct Case<W> {
    /// The rule's number and what it says, such as `p1_online_while_one_socket_has_a_lease`.
    pub name: &'static str,
    /// Checks it.
    pub run: fn(W) -> BoxFuture<'static, ()>,
}

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
