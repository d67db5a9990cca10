//! Adapters that keep their state in this process: right for a single node, and what remains when the shared store is
//! away. All of them are bounded, whatever is thrown at them.

mod address;
mod bounded;
mod buckets;
mod limits;
mod presence;
mod sightings;

#[cfg(test)]
mod rules;

pub use limits::MemoryRateLimiter;
pub use presence::MemoryPresence;
pub use sightings::MemoryTokenSightings;
