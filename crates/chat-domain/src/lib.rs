//! Skeleton
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
