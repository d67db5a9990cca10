-- Everything the chat service keeps. Postgres has a migration of the same name.
--
-- Ids are UUIDs of 16 bytes, user ids are text as the token has it, times are milliseconds since the Unix epoch.
-- Rows that are found by their key alone have no rowid: one b-tree less to write for each of them.

CREATE TABLE threads (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind        TEXT    NOT NULL CHECK (kind IN ('pair', 'group')),
    -- The two user ids in order, joined by a space: at most one thread for any two people. NULL in a group.
    pair_key    TEXT    UNIQUE,
    -- `seq` and `version` of messages come from here, in the transaction that inserts them. A database sequence
    -- would show 6 before 5, and leave gaps after a rollback.
    last_seq    INTEGER NOT NULL DEFAULT 0,
    version     INTEGER NOT NULL DEFAULT 0,
    last_msg_at INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    CHECK ((kind = 'pair') = (pair_key IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- A join table, not an array in `threads`: only this can order an inbox by an index, and every database has it.
CREATE TABLE thread_participants (
    thread_id     BLOB    NOT NULL REFERENCES threads (id),
    user_id       TEXT    NOT NULL,
    -- The inbox's order: the newest message's time, or the thread's own until there is one. Repeated here from
    -- `threads` so that a page of any inbox is one range of one index.
    active_at     INTEGER NOT NULL,
    -- Positions instead of a flag for every message and reader: marking 10,000 messages read writes one row.
    read_seq      INTEGER NOT NULL DEFAULT 0,
    delivered_seq INTEGER NOT NULL DEFAULT 0,
    unread_count  INTEGER NOT NULL DEFAULT 0,
    joined_at     INTEGER NOT NULL,
    PRIMARY KEY (thread_id, user_id),
    CHECK (0 <= read_seq AND read_seq <= delivered_seq AND 0 <= unread_count)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_participants_inbox ON thread_participants (user_id, active_at DESC, thread_id DESC);

-- The key keeps a thread's messages side by side in their order: a page of history is one range of this table.
CREATE TABLE messages (
    thread_id         BLOB    NOT NULL REFERENCES threads (id),
    seq               INTEGER NOT NULL CHECK (seq > 0),
    id                BLOB    NOT NULL CHECK (length(id) = 16),
    version           INTEGER NOT NULL,
    from_user_id      TEXT    NOT NULL,
    content           TEXT    NOT NULL,
    metadata          TEXT,
    client_message_id TEXT,
    created_at        INTEGER NOT NULL,
    deleted_at        INTEGER,
    PRIMARY KEY (thread_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX messages_id ON messages (id);
-- `sync` reads by version.
CREATE UNIQUE INDEX messages_version ON messages (thread_id, version);
-- Finds a retry, and, since the author comes first and messages without a client id stand in it too, everything that
-- somebody wrote: erasure and export need no index of their own. NULLs don't collide.
CREATE UNIQUE INDEX messages_client_id ON messages (from_user_id, thread_id, client_message_id);

-- The mirror of profiles that other services tell of. Users without a row are as good as any: ids come from tokens.
CREATE TABLE users (
    id           TEXT    NOT NULL PRIMARY KEY,
    display_name TEXT,
    avatar_url   TEXT,
    deleted      INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
    premium      INTEGER NOT NULL DEFAULT 0 CHECK (premium IN (0, 1)),
    -- 0 while only `last_seen_at` is known of the user, and no service has told of a profile.
    mirrored     INTEGER NOT NULL DEFAULT 0 CHECK (mirrored IN (0, 1)),
    last_seen_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE matches (
    pair_key     TEXT    NOT NULL PRIMARY KEY,
    user_a       TEXT    NOT NULL,
    user_b       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    -- A match that was taken back stays: people who once matched and people who never did are not the same.
    withdrawn_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX matches_user_a ON matches (user_a);
CREATE INDEX matches_user_b ON matches (user_b);

CREATE TABLE blocks (
    blocker_id TEXT    NOT NULL,
    blocked_id TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocks_list ON blocks (blocker_id, created_at DESC, blocked_id DESC);
CREATE INDEX blocks_blocked ON blocks (blocked_id);

CREATE TABLE reports (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    reporter_id TEXT    NOT NULL,
    user_id     TEXT    NOT NULL,
    message_id  BLOB,
    thread_id   BLOB,
    reason      TEXT    NOT NULL,
    details     TEXT,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_reporter ON reports (reporter_id);
CREATE INDEX reports_user ON reports (user_id);

CREATE TABLE moderation_items (
    -- The id of the message or of the report that it came from.
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind       TEXT    NOT NULL CHECK (kind IN ('flagged', 'report')),
    status     TEXT    NOT NULL CHECK (status IN ('pending', 'approved', 'removed')),
    message_id BLOB,
    thread_id  BLOB,
    user_id    TEXT    NOT NULL,
    -- A JSON array of categories or reasons.
    reasons    TEXT    NOT NULL,
    report_id  BLOB REFERENCES reports (id),
    -- The text as it was: a later removal of the message destroys no evidence.
    content    TEXT,
    created_at INTEGER NOT NULL,
    decided_at INTEGER,
    decided_by TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX moderation_items_queue ON moderation_items (status, created_at, id);
CREATE INDEX moderation_items_user ON moderation_items (user_id);

CREATE TABLE risk_signals (
    user_id TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    seen    INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_events (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    action   TEXT    NOT NULL,
    actor_id TEXT,
    subject  TEXT,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_events_actor ON audit_events (actor_id);

-- Facts that other services will hear of, written in the transaction that makes them true; gone once they are in the feed.
-- A message's row names its place only: whom to notify is known when it is due.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT    NOT NULL,
    thread_id   BLOB,
    message_seq INTEGER,
    payload     TEXT,
    created_at  INTEGER NOT NULL,
    due_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at, id);

-- The feed. Positions are given by one writer in the order of commit and never given again, so whoever has read up to
-- one has missed nothing below it.
CREATE TABLE events (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    kind       TEXT    NOT NULL,
    thread_id  BLOB,
    payload    TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_id ON events (id);
CREATE INDEX events_created_at ON events (created_at);

-- How far each receiver of events has been served.
CREATE TABLE sinks (
    name     TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revoked_tokens (
    -- Counts up: a node reads what is new above the last one it knows.
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    token_id      TEXT,
    user_id       TEXT,
    issued_before INTEGER,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE jobs (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind       TEXT    NOT NULL CHECK (kind IN ('erasure')),
    user_id    TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('pending', 'running', 'done')),
    -- JSON objects: rows per table.
    counts     TEXT    NOT NULL,
    remaining  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_state ON jobs (state, created_at);
