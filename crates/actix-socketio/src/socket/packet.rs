//! Socket.IO packets.
use std::fmt::Write as _;

/// Most attachments official clients accept in one packet.
pub(crate) const MAX_ATTACHMENTS: usize = 10;

/// Event names that belong to the protocol or to client libraries.
pub(crate) fn is_reserved_event(name: &str) -> bool {
    matches!(
        name,
        "connect"
            | "connect_error"
            | "disconnect"
            | "disconnecting"
            | "newListener"
            | "removeListener"
    )
}

/// Writes everything before the JSON: Engine.IO type `4`, packet type, namespace, id.
pub(crate) fn write_prefix(out: &mut String, kind: char, namespace: &str, id: Option<u64>) {
    out.push('4');
    out.push(kind);
    if namespace != "/" {
        out.push_str(namespace);
        out.push(',');
    }
    if let Some(id) = id {
        // Writing to a String cannot fail.
        let _ = write!(out, "{id}");
    }
}
