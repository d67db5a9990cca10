//! The tables, once for every database. `migrations/` explains them.

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::Id;

    threads (id) {
        id -> Id,
        kind -> Text,
        pair_key -> Nullable<Text>,
        last_seq -> BigInt,
        version -> BigInt,
        last_msg_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::types::Id;

    thread_participants (thread_id, user_id) {
        thread_id -> Id,
        user_id -> Text,
        active_at -> BigInt,
        read_seq -> BigInt,
        delivered_seq -> BigInt,
        unread_count -> BigInt,
        joined_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::Id;

    messages (thread_id, seq) {
        thread_id -> Id,
        seq -> BigInt,
        id -> Id,
        version -> BigInt,
        from_user_id -> Text,
        content -> Text,
        metadata -> Nullable<Text>,
        client_message_id -> Nullable<Text>,
        created_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

table! {
    users (id) {
        id -> Text,
        display_name -> Nullable<Text>,
        avatar_url -> Nullable<Text>,
        deleted -> Bool,
        premium -> Bool,
        mirrored -> Bool,
        last_seen_at -> Nullable<BigInt>,
    }
}

table! {
    matches (pair_key) {
        pair_key -> Text,
        user_a -> Text,
        user_b -> Text,
        created_at -> BigInt,
        withdrawn_at -> Nullable<BigInt>,
    }
}

table! {
    blocks (blocker_id, blocked_id) {
        blocker_id -> Text,
        blocked_id -> Text,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::Id;

    reports (id) {
        id -> Id,
        reporter_id -> Text,
        user_id -> Text,
        message_id -> Nullable<Id>,
        thread_id -> Nullable<Id>,
        reason -> Text,
        details -> Nullable<Text>,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::Id;

    moderation_items (id) {
        id -> Id,
        kind -> Text,
        status -> Text,
        message_id -> Nullable<Id>,
        thread_id -> Nullable<Id>,
        user_id -> Text,
        reasons -> Text,
        report_id -> Nullable<Id>,
        content -> Nullable<Text>,
        created_at -> BigInt,
        decided_at -> Nullable<BigInt>,
        decided_by -> Nullable<Text>,
    }
}

table! {
    risk_signals (user_id, kind) {
        user_id -> Text,
        kind -> Text,
        seen -> BigInt,
        last_at -> BigInt,
    }
}

table! {
    audit_events (id) {
        id -> BigInt,
        action -> Text,
        actor_id -> Nullable<Text>,
        subject -> Nullable<Text>,
        at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::Id;

    outbox (id) {
        id -> BigInt,
        kind -> Text,
        thread_id -> Nullable<Id>,
        message_seq -> Nullable<BigInt>,
        payload -> Nullable<Text>,
        created_at -> BigInt,
        due_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::Id;

    events (position) {
        position -> BigInt,
        id -> Id,
        kind -> Text,
        thread_id -> Nullable<Id>,
        payload -> Text,
        created_at -> BigInt,
    }
}

table! {
    sinks (name) {
        name -> Text,
        position -> BigInt,
    }
}

table! {
    revoked_tokens (id) {
        id -> BigInt,
        token_id -> Nullable<Text>,
        user_id -> Nullable<Text>,
        issued_before -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::types::Id;

    jobs (id) {
        id -> Id,
        kind -> Text,
        user_id -> Text,
        state -> Text,
        counts -> Text,
        remaining -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

joinable!(thread_participants -> threads (thread_id));
joinable!(thread_participants -> users (user_id));
joinable!(moderation_items -> reports (report_id));
allow_tables_to_appear_in_same_query!(threads, thread_participants, users, messages, outbox);
allow_tables_to_appear_in_same_query!(moderation_items, reports);
