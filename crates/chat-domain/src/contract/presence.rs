//! The rules of [`Presence`].

use std::sync::Arc;

use futures::{FutureExt, future::join_all};

use super::{Case, Pass, case};
use crate::{id::SocketId, port::presence::Presence, testing::builder::user};

/// Every rule.
pub const CASES: &[Case<World>] = &[
    case!(p1_online_while_one_socket_has_a_lease),
    case!(p2_first_and_last_socket_are_told),
    case!(p2_one_of_fifty_at_once_is_the_first_and_one_the_last),
    case!(p3_what_is_unknown_is_offline),
    case!(p4_a_lease_ends_after_60_s_without_renewal),
    case!(p4_a_renewed_lease_goes_on),
    case!(p_a_call_that_was_dropped_leaves_nothing_behind_that_stays),
];

/// An adapter that knows nobody yet.
pub struct World {
    /// The adapter.
    pub presence: Arc<dyn Presence>,
    /// Lets time pass for its leases.
    pub pass: Pass,
}

impl World {
    async fn connect(&self, name: &str, socket: &str) -> bool {
        let connected = self.presence.connected(user(name), id(socket)).await;
        connected.expect("connecting works")
    }

    async fn disconnect(&self, name: &str, socket: &str) -> bool {
        let disconnected = self.presence.disconnected(user(name), id(socket)).await;
        disconnected.expect("disconnecting works")
    }

    async fn renew(&self, name: &str, socket: &str) {
        let renewed = self.presence.renew(vec![(user(name), id(socket))]).await;
        renewed.expect("renewing works");
    }

    async fn online<const N: usize>(&self, names: [&str; N]) -> Vec<bool> {
        let online = self.presence.online(names.map(user).to_vec()).await;
        online.expect("asking works")
    }
}

fn id(socket: &str) -> SocketId {
    SocketId::parse(socket).expect("a valid socket id")
}

async fn p1_online_while_one_socket_has_a_lease(w: World) {
    w.connect("alice", "a1").await;
    w.connect("alice", "a2").await;
    assert_eq!(w.online(["alice", "bob"]).await, [true, false]);
    w.disconnect("alice", "a1").await;
    assert_eq!(w.online(["bob", "alice"]).await, [false, true]);
    w.disconnect("alice", "a2").await;
    assert_eq!(w.online(["alice"]).await, [false]);
}

async fn p2_first_and_last_socket_are_told(w: World) {
    assert!(w.connect("alice", "a1").await);
    assert!(!w.connect("alice", "a2").await);
    assert!(w.connect("bob", "b1").await, "users are apart");
    assert!(!w.disconnect("alice", "a1").await);
    assert!(w.disconnect("alice", "a2").await);
    assert!(w.connect("alice", "a3").await, "and again");
}

async fn p2_one_of_fifty_at_once_is_the_first_and_one_the_last(w: World) {
    let sockets: Vec<String> = (0..50).map(|number| format!("a{number}")).collect();
    let connected = join_all(sockets.iter().map(|socket| w.connect("alice", socket))).await;
    assert_eq!(connected.into_iter().filter(|first| *first).count(), 1);
    let gone = join_all(sockets.iter().map(|socket| w.disconnect("alice", socket))).await;
    assert_eq!(gone.into_iter().filter(|last| *last).count(), 1);
    assert_eq!(w.online(["alice"]).await, [false]);
}

async fn p3_what_is_unknown_is_offline(w: World) {
    assert!(!w.disconnect("alice", "a1").await);
    w.connect("alice", "a1").await;
    assert!(!w.disconnect("alice", "other").await);
    assert!(!w.disconnect("bob", "a1").await);
    assert_eq!(w.online(["alice", "bob"]).await, [true, false]);
    assert_eq!(w.online([]).await, [false; 0]);
    assert!(w.disconnect("alice", "a1").await);
    assert!(!w.disconnect("alice", "a1").await, "it is gone");
}

async fn p4_a_lease_ends_after_60_s_without_renewal(w: World) {
    w.connect("alice", "a1").await;
    (w.pass)(55_000).await;
    assert_eq!(w.online(["alice"]).await, [true]);
    (w.pass)(6_000).await;
    assert_eq!(w.online(["alice"]).await, [false]);
    assert!(!w.disconnect("alice", "a1").await, "it went before");
    assert!(w.connect("alice", "a2").await, "nobody was left");
}

async fn p4_a_renewed_lease_goes_on(w: World) {
    w.connect("alice", "a1").await;
    for _ in 0..3 {
        (w.pass)(40_000).await;
        w.renew("alice", "a1").await;
    }
    (w.pass)(40_000).await;
    assert_eq!(w.online(["alice"]).await, [true]);
    (w.pass)(21_000).await;
    assert_eq!(w.online(["alice"]).await, [false]);
}

async fn p_a_call_that_was_dropped_leaves_nothing_behind_that_stays(w: World) {
    // Whether it took effect is open; that it can be undone is not.
    let _ = w.connect("alice", "a1").now_or_never();
    w.disconnect("alice", "a1").await;
    assert_eq!(w.online(["alice"]).await, [false]);
    w.connect("alice", "a2").await;
    let _ = w.disconnect("alice", "a2").now_or_never();
    w.disconnect("alice", "a2").await;
    assert_eq!(w.online(["alice"]).await, [false]);
}
