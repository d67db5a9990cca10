//! Fan-out between nodes: `ENABLE_SOCKET_REDIS`, `REDIS_URL`. This build has none, so both are only checked.

use super::env::Reader;

pub(super) fn check(r: &mut Reader<'_>) {
    if let Some(url) = r.text("REDIS_URL")
        && !["redis://", "rediss://"].iter().any(|scheme| {
            url.strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty())
        })
    {
        r.problem("REDIS_URL", "must be redis://HOST or rediss://HOST");
    }
    if r.switch("ENABLE_SOCKET_REDIS", false) {
        r.problem(
            "ENABLE_SOCKET_REDIS",
            "must be false: this build supports a single node, without Redis",
        );
    }
}
