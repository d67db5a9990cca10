//! The `Presence` port in this process.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::{SocketId, UserId},
    port::presence::Presence,
    time::{Clock, Timestamp},
};

use super::bounded::lock;

/// How long a lease lasts, in milliseconds (rule P4).
const LEASE_MS: i64 = 60_000;

/// Each has its own lock, held for a few look-ups.
const SHARDS: usize = 16;

/// Leases in memory. Each one ends 60 s after its last renewal by the given clock, and what has ended is forgotten
/// within another 60 s.
pub struct MemoryPresence {
    clock: Arc<dyn Clock>,
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

struct Shard {
    users: HashMap<UserId, HashMap<SocketId, Lease>>,
    swept_at: Timestamp,
}

struct Lease {
    ends_at: Timestamp,
    /// The socket went. Remembered, because a renewal that was under way must not bring it back.
    gone: bool,
}

impl Lease {
    fn lives(&self, now: Timestamp) -> bool {
        !self.gone && now < self.ends_at
    }
}

impl MemoryPresence {
    /// Nobody is online yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let swept_at = clock.now();
        let shard = || {
            Mutex::new(Shard {
                users: HashMap::new(),
                swept_at,
            })
        };
        Self {
            clock,
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            hasher: RandomState::new(),
        }
    }

    fn shard(&self, user: &UserId) -> MutexGuard<'_, Shard> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "any bits of the hash will do"
        )]
        let index = self.hasher.hash_one(user) as usize % SHARDS;
        lock(&self.shards[index])
    }
}

impl Shard {
    fn is_online(&self, user: &UserId, now: Timestamp) -> bool {
        let leases = self.users.get(user);
        leases.is_some_and(|leases| leases.values().any(|lease| lease.lives(now)))
    }

    /// Forgets what has ended, once in a while: also the last traces of sockets that went.
    fn sweep(&mut self, now: Timestamp) {
        if (0..LEASE_MS).contains(&now.since(self.swept_at)) {
            return;
        }
        self.swept_at = now;
        self.users.retain(|_, leases| {
            leases.retain(|_, lease| now < lease.ends_at);
            !leases.is_empty()
        });
    }
}

#[async_trait]
impl Presence for MemoryPresence {
    async fn connected(&self, user: UserId, socket: SocketId) -> Result<bool, RepoError> {
        let now = self.clock.now();
        let mut shard = self.shard(&user);
        shard.sweep(now);
        let first = !shard.is_online(&user, now);
        let lease = Lease {
            ends_at: now.plus_millis(LEASE_MS),
            gone: false,
        };
        shard.users.entry(user).or_default().insert(socket, lease);
        Ok(first)
    }

    /// A live socket that is unknown here, after this process was suspended for longer than a lease, is known again.
    async fn renew(&self, sockets: Vec<(UserId, SocketId)>) -> Result<(), RepoError> {
        let ends_at = self.clock.now().plus_millis(LEASE_MS);
        for (user, socket) in sockets {
            let mut shard = self.shard(&user);
            let leases = shard.users.entry(user).or_default();
            let lease = leases.entry(socket).or_insert(Lease {
                ends_at,
                gone: false,
            });
            if !lease.gone {
                lease.ends_at = ends_at;
            }
        }
        Ok(())
    }

    async fn disconnected(&self, user: UserId, socket: SocketId) -> Result<bool, RepoError> {
        let now = self.clock.now();
        let mut shard = self.shard(&user);
        shard.sweep(now);
        let lease = shard
            .users
            .get_mut(&user)
            .and_then(|leases| leases.get_mut(&socket));
        let Some(lease) = lease.filter(|lease| lease.lives(now)) else {
            return Ok(false);
        };
        lease.gone = true;
        lease.ends_at = now.plus_millis(LEASE_MS);
        Ok(!shard.is_online(&user, now))
    }

    async fn online(&self, users: Vec<UserId>) -> Result<Vec<bool>, RepoError> {
        let now = self.clock.now();
        let online = users
            .iter()
            .map(|user| self.shard(user).is_online(user, now));
        Ok(online.collect())
    }
}

#[cfg(test)]
mod tests {
    use chat_domain::testing::{builder::user, fakes::ManualClock};
    use futures::executor::block_on;

    use super::*;

    struct World {
        clock: Arc<ManualClock>,
        presence: MemoryPresence,
    }

    impl World {
        fn new() -> Self {
            let clock = Arc::new(ManualClock::at(0));
            Self {
                presence: MemoryPresence::new(clock.clone()),
                clock,
            }
        }

        fn connect(&self, name: &str, id: &str) -> bool {
            block_on(self.presence.connected(user(name), socket(id))).unwrap()
        }

        fn disconnect(&self, name: &str, id: &str) -> bool {
            block_on(self.presence.disconnected(user(name), socket(id))).unwrap()
        }

        fn renew(&self, name: &str, id: &str) {
            block_on(self.presence.renew(vec![(user(name), socket(id))])).unwrap();
        }

        fn online(&self, names: &[&str]) -> Vec<bool> {
            let users = names.iter().map(|name| user(name)).collect();
            block_on(self.presence.online(users)).unwrap()
        }

        fn remembered(&self) -> usize {
            self.presence
                .shards
                .iter()
                .map(|shard| lock(shard).users.len())
                .sum()
        }
    }

    fn socket(id: &str) -> SocketId {
        SocketId::parse(id).unwrap()
    }

    #[test]
    fn only_the_first_socket_brings_and_only_the_last_one_takes() {
        let world = World::new();
        assert!(world.connect("alice", "1"));
        assert!(!world.connect("alice", "2"));
        assert_eq!(world.online(&["bob", "alice"]), [false, true]);
        assert!(!world.disconnect("alice", "1"));
        assert!(!world.disconnect("alice", "1"));
        assert!(world.disconnect("alice", "2"));
        assert_eq!(world.online(&["alice"]), [false]);
        assert!(world.connect("alice", "2"));
    }

    #[test]
    fn what_is_unknown_is_offline() {
        let world = World::new();
        assert!(!world.disconnect("alice", "1"));
        assert!(world.connect("alice", "1"));
        assert!(!world.disconnect("alice", "2"));
        assert!(!world.disconnect("bob", "1"));
        assert_eq!(world.online(&["alice"]), [true]);
    }

    #[test]
    fn a_lease_ends_after_60_s_without_renewal() {
        let world = World::new();
        world.connect("alice", "1");
        world.connect("bob", "2");
        world.clock.advance(59_999);
        assert_eq!(world.online(&["alice", "bob"]), [true, true]);
        world.renew("alice", "1");
        world.clock.advance(1);
        assert_eq!(world.online(&["alice", "bob"]), [true, false]);
        assert!(!world.disconnect("bob", "2"), "its lease had ended");
        assert!(world.connect("bob", "3"));
        world.clock.advance(59_999);
        assert_eq!(world.online(&["alice"]), [false]);
    }

    #[test]
    fn a_renewal_brings_back_a_socket_that_lives_but_none_that_went() {
        let world = World::new();
        world.connect("alice", "1");
        world.connect("bob", "2");
        world.disconnect("bob", "2");
        world.clock.advance(1_000);
        world.renew("bob", "2");
        assert_eq!(world.online(&["bob"]), [false]);
        world.clock.advance(300_000);
        world.renew("alice", "1");
        assert_eq!(world.online(&["alice"]), [true]);
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let world = World::new();
        for number in 0..1_000 {
            let name = format!("user-{number}");
            world.connect(&name, "1");
            if number % 2 == 0 {
                world.disconnect(&name, "1");
            }
        }
        assert_eq!(world.remembered(), 1_000);
        world.clock.advance(60_000);
        for number in 0..200 {
            world.connect(&format!("later-{number}"), "1");
        }
        assert_eq!(world.remembered(), 200);
    }

    #[test]
    fn exactly_one_of_many_at_once_is_first_and_last() {
        let world = World::new();
        let count = |change: &(dyn Fn(&str) -> bool + Sync)| -> usize {
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..50)
                    .map(|number| scope.spawn(move || change(&number.to_string())))
                    .collect();
                let results = workers.into_iter().map(|worker| worker.join().unwrap());
                results.filter(|result| *result).count()
            })
        };
        assert_eq!(count(&|id| world.connect("alice", id)), 1);
        assert_eq!(count(&|id| world.disconnect("alice", id)), 1);
    }
}
