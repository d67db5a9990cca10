//! The `TokenSightings` port in this process.

use std::{collections::HashMap, net::IpAddr, sync::Mutex};

use async_trait::async_trait;
use chat_domain::{
    id::{TokenId, UserId},
    port::auth::TokenSightings,
    time::Timestamp,
};

use super::{
    address::network,
    bounded::{keep_greatest, lock},
};

/// How far back sightings count, in milliseconds.
const WINDOW_MS: i64 = 10 * 60_000;

/// The most tokens that are remembered; beyond, those go that were not seen for longest.
const MAX_TOKENS: usize = 1 << 16;

/// The most addresses of a token that are counted.
const MAX_ADDRESSES: usize = 32;

/// No sweep below so many tokens.
const MIN_SWEPT: usize = 1_024;

/// Where tokens were seen within the last ten minutes. IPv6 addresses count by their /64, and no more than 32 are
/// told apart for one token.
pub struct MemoryTokenSightings(Mutex<Seen>);

struct Seen {
    tokens: HashMap<(UserId, TokenId), Sightings>,
    sweep_at: usize,
}

struct Sightings {
    last: Timestamp,
    addresses: Vec<(IpAddr, Timestamp)>,
}

impl MemoryTokenSightings {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(Seen {
            tokens: HashMap::new(),
            sweep_at: MIN_SWEPT,
        }))
    }
}

impl Default for MemoryTokenSightings {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl TokenSightings for MemoryTokenSightings {
    async fn seen(&self, token: TokenId, user: UserId, from: IpAddr, at: Timestamp) -> usize {
        let mut seen = lock(&self.0);
        seen.sweep(at);
        let new = || Sightings {
            last: at,
            addresses: Vec::new(),
        };
        let sightings = seen.tokens.entry((user, token)).or_insert_with(new);
        sightings.add(network(from), at)
    }
}

impl Seen {
    /// Forgets tokens that were not seen for long, once their number has doubled since the last time.
    fn sweep(&mut self, now: Timestamp) {
        if self.tokens.len() < self.sweep_at {
            return;
        }
        self.tokens
            .retain(|_, sightings| now.since(sightings.last) < WINDOW_MS);
        keep_greatest(&mut self.tokens, MAX_TOKENS / 2, |sightings| sightings.last);
        self.sweep_at = (self.tokens.len() * 2).clamp(MIN_SWEPT, MAX_TOKENS);
        self.tokens.shrink_to(self.sweep_at);
    }
}

impl Sightings {
    fn add(&mut self, address: IpAddr, at: Timestamp) -> usize {
        self.last = self.last.max(at);
        self.addresses
            .retain(|(_, seen_at)| at.since(*seen_at) < WINDOW_MS);
        if let Some(known) = self
            .addresses
            .iter_mut()
            .find(|(known, _)| *known == address)
        {
            known.1 = at;
        } else if self.addresses.len() < MAX_ADDRESSES {
            self.addresses.push((address, at));
        }
        self.addresses.len()
    }
}

#[cfg(test)]
mod tests {
    use chat_domain::testing::builder::user;
    use futures::executor::block_on;

    use super::*;

    fn see(sightings: &MemoryTokenSightings, token: &str, from: &str, minute: i64) -> usize {
        let token = TokenId::parse(token).unwrap();
        let at = Timestamp::from_millis(minute * 60_000);
        block_on(sightings.seen(token, user("alice"), from.parse().unwrap(), at))
    }

    #[test]
    fn distinct_addresses_of_the_last_ten_minutes_count() {
        let sightings = MemoryTokenSightings::new();
        assert_eq!(see(&sightings, "t", "192.0.2.1", 0), 1);
        assert_eq!(see(&sightings, "t", "192.0.2.1", 1), 1);
        assert_eq!(see(&sightings, "t", "::ffff:192.0.2.1", 1), 1);
        assert_eq!(see(&sightings, "t", "192.0.2.2", 5), 2);
        assert_eq!(see(&sightings, "t", "2001:db8::1", 5), 3);
        assert_eq!(see(&sightings, "t", "2001:db8::2", 5), 3);
        assert_eq!(see(&sightings, "t", "2001:db8:0:1::2", 5), 4);
        assert_eq!(see(&sightings, "other", "192.0.2.9", 5), 1);
        // The first address was seen last in minute 1.
        assert_eq!(see(&sightings, "t", "192.0.2.2", 10), 4);
        assert_eq!(see(&sightings, "t", "192.0.2.2", 11), 3);
        assert_eq!(see(&sightings, "t", "192.0.2.3", 60), 1);
    }

    #[test]
    fn the_same_id_of_another_user_is_another_token() {
        let sightings = MemoryTokenSightings::new();
        see(&sightings, "t", "192.0.2.1", 0);
        let token = TokenId::parse("t").unwrap();
        let at = Timestamp::from_millis(0);
        let from = "192.0.2.2".parse().unwrap();
        assert_eq!(block_on(sightings.seen(token, user("bob"), from, at)), 1);
    }

    #[test]
    fn memory_is_bounded_in_tokens_and_addresses() {
        let sightings = MemoryTokenSightings::new();
        for number in 0..MAX_TOKENS * 2 {
            see(&sightings, &format!("t{number}"), "192.0.2.1", 0);
        }
        assert!(lock(&sightings.0).tokens.len() <= MAX_TOKENS);
        for number in 0..200 {
            see(&sightings, "t", &format!("192.0.2.{number}"), 1);
        }
        assert_eq!(see(&sightings, "t", "192.0.2.201", 1), MAX_ADDRESSES);
    }

    #[test]
    fn tokens_that_are_no_longer_seen_are_forgotten() {
        let sightings = MemoryTokenSightings::new();
        for minute in 0..100 {
            for number in 0..500 {
                see(
                    &sightings,
                    &format!("t{minute}-{number}"),
                    "192.0.2.1",
                    minute,
                );
            }
        }
        let remembered = lock(&sightings.0).tokens.len();
        // 5,000 are within ten minutes at any time.
        assert!(remembered <= 15_000, "{remembered}");
    }
}
