//! Request bodies, and the few answers that are no view of `chat-domain`.
