//! The heart of the chat service: entities, ports and use cases. No runtime, no I/O.
//!
//! | module | holds |
//! |---|---|
//! | [`model`] | entities and values; who may do what ([`model::access`]) |
//! | [`view`] | what clients see: the JSON of REST and of socket events alike |
//! | [`port`] | driven ports: what the use cases need from outside, with numbered rules |
//! | [`service`] | driving ports: the use cases, one trait per concept |
//! | [`error`] | every error code on one screen |
//! | `contract` | the ports' rules as cases for any adapter (feature `contract`) |
//! | `testing` | builders and deterministic fakes (feature `mocks`) |
//!
//! # Add a port
//! Write the trait in `port/<concept>.rs` with its numbered rules, a case per rule in `contract/<concept>.rs`, and
//! `mockall::automock` above `async_trait`. Ids and commands go by value, absence is `Ok(None)`.
//!
//! # Add a use case
//! Write the trait and its error enum in `service/<concept>.rs`: an error lists only what can happen and knows its
//! [`error::ErrorCode`]. The private `Service` loads, decides (pure functions in [`model`]), stores, and announces once
//! the write has committed. Its tests run on `block_on` over mocks, so a hidden runtime dependency panics at once.
#![deny(missing_docs)]

#[cfg(feature = "contract")]
pub mod contract;
pub mod error;
pub mod id;
pub mod model;
pub mod page;
pub mod port;
pub mod service;
#[cfg(any(test, feature = "mocks", feature = "contract"))]
pub mod testing;
pub mod time;
pub mod view;
