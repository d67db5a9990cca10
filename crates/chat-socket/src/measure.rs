//! Metrics: names, and what is counted. Labels take known values only, so that a client can't make new series.

use metrics::{counter, gauge};

use crate::events::ClientEventName;

/// How many sockets are connected to this node.
pub(crate) fn sockets(count: usize) {
    // Exact up to 2^53.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a node holds far fewer than 2^53 sockets"
    )]
    gauge!("chat_sockets").set(count as f64);
}

/// A client's event and what came of it: `ok` or an error code.
pub(crate) fn event(name: Option<ClientEventName>, outcome: &'static str) {
    let event = name.map_or("unknown", ClientEventName::as_str);
    counter!("chat_socket_events_total", "event" => event, "outcome" => outcome).increment(1);
}

/// A CONNECT and what came of it: `ok` or an error code.
pub(crate) fn connect(outcome: &'static str) {
    counter!("chat_socket_connects_total", "outcome" => outcome).increment(1);
}
