//! `api-spec/asyncapi.yaml` names the events and fields that the code has.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{collections::BTreeSet, fs};

use chat_domain::{
    error::ErrorCode,
    model::{
        event::{DeliveryReceipt, ReadReceipt, Typing},
        presence::PresenceState,
    },
    testing::builder::{message, message_id, thread, thread_id, user},
    time::Timestamp,
    view::{Masking, MessageView, ReceiptView, ThreadView},
};
use chat_socket::events::{
    AskPresence, ChatError, ClientEventName, ConnectRefused, MarkRead, MissingFrom, Pong,
    PrivateMessage, RateLimited, RefreshToken, ServerEventName, SetTyping, SyncFrom, SyncRequired,
    SyncThreads,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

fn document() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../api-spec/asyncapi.yaml");
    serde_norway::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(ToOwned::to_owned).collect()
}

/// Names of the messages whose key begins with the prefix; the key ends with the name.
fn messages(document: &Value, prefix: &str) -> BTreeSet<String> {
    let messages = document["components"]["messages"].as_object().unwrap();
    let of_direction = messages.iter().filter_map(|(key, message)| {
        let name = key.strip_prefix(prefix)?;
        assert_eq!(message["name"], name, "{key}");
        let listed = &document["channels"]["chat"]["messages"][key]["$ref"];
        assert_eq!(listed, &format!("#/components/messages/{key}"));
        Some(name.to_owned())
    });
    of_direction.collect()
}

fn operations(document: &Value, action: &str) -> BTreeSet<String> {
    let operations = document["operations"].as_object().unwrap();
    let of_action = operations
        .values()
        .filter(|operation| operation["action"] == action);
    let message = |operation: &Value| {
        let reference = operation["messages"][0]["$ref"].as_str().unwrap();
        reference.rsplit_once('.').unwrap().1.to_owned()
    };
    of_action.map(message).collect()
}

#[test]
fn event_names_are_those_of_the_code() {
    let document = document();
    let client = set(ClientEventName::ALL.iter().map(|event| event.as_str()));
    let server = set(ServerEventName::ALL.iter().map(|event| event.as_str()));
    assert_eq!(messages(&document, "client."), client);
    assert_eq!(messages(&document, "ack."), client);
    assert_eq!(messages(&document, "server."), server);
    assert_eq!(operations(&document, "receive"), client);
    assert_eq!(operations(&document, "send"), server);
}

fn properties(document: &Value, schema: &str) -> BTreeSet<String> {
    let schema = &document["components"]["schemas"][schema];
    set(schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str))
}

/// The fields that a strict type names when it meets one that it does not know.
fn fields<T: DeserializeOwned>() -> BTreeSet<String> {
    let Err(error) = serde_json::from_str::<T>(r#"{"no such field":1}"#) else {
        panic!("unknown fields are refused");
    };
    let error = error.to_string();
    let (_, expected) = error.split_once("expected").unwrap();
    set(expected.split('`').skip(1).step_by(2))
}

#[test]
fn client_payloads_have_the_fields_of_the_code() {
    let document = document();
    let documented = |schema| properties(&document, schema);
    assert_eq!(documented("PrivateMessage"), fields::<PrivateMessage>());
    assert_eq!(documented("MarkRead"), fields::<MarkRead>());
    assert_eq!(documented("SetTyping"), fields::<SetTyping>());
    assert_eq!(documented("SyncThreads"), fields::<SyncThreads>());
    assert_eq!(documented("SyncFrom"), fields::<SyncFrom>());
    assert_eq!(documented("AskPresence"), fields::<AskPresence>());
    assert_eq!(documented("RefreshToken"), fields::<RefreshToken>());
}

/// What is always there is required; what is there in the fullest form is documented.
fn check<T: Serialize>(document: &Value, schema: &str, fullest: &T) {
    let keys = serde_json::to_value(fullest).unwrap();
    let keys = set(keys.as_object().unwrap().keys().map(String::as_str));
    assert_eq!(properties(document, schema), keys, "{schema}");
    let required = document["components"]["schemas"][schema]["required"].as_array();
    let required = set(required
        .into_iter()
        .flatten()
        .map(|name| name.as_str().unwrap()));
    assert!(required.is_subset(&keys), "{schema}");
}

#[test]
fn server_payloads_have_the_fields_of_the_code() {
    let document = document();
    let at = Timestamp::from_millis(0);
    let id = "c-1".parse().unwrap();
    let mut stored = message("alice", 1);
    stored.client_message_id = Some("c-1".parse().unwrap());
    stored.deleted_at = Some(at);
    let pair = thread(&["alice", "bob"]);
    let view = MessageView::new(stored, &pair, &user("alice"), Masking::Profile);
    check(&document, "Message", &view);
    let thread = ThreadView::new(&pair, None, Some(&user("alice")), &|_| true);
    check(&document, "Participant", &thread.participants[0]);
    check(&document, "Thread", &thread);
    let delivery = DeliveryReceipt {
        thread_id: thread_id(),
        message_id: message_id(1),
        seq: 1,
        user_id: user("bob"),
        delivered_at: at,
    };
    check(&document, "DeliveryReceipt", &delivery);
    let read = ReadReceipt {
        thread_id: thread_id(),
        user_id: user("bob"),
        up_to_message_id: None,
        up_to_seq: 0,
        read_at: at,
    };
    check(&document, "ReadReceipt", &read);
    let receipt = ReceiptView {
        user_id: user("bob"),
        delivered_seq: 1,
        read_seq: 0,
    };
    check(&document, "Receipt", &receipt);
    let typing = Typing {
        thread_id: thread_id(),
        user_id: user("bob"),
        is_typing: true,
    };
    check(&document, "Typing", &typing);
    let presence = PresenceState {
        user_id: user("bob"),
        online: true,
        last_seen_at: None,
    };
    check(&document, "PresenceState", &presence);
    check(&document, "Pong", &Pong { server_time: at });
    let limited = RateLimited {
        event: "ping",
        limit: 1,
        window_ms: 1,
        retry_after_ms: 1,
        client_message_id: Some(&id),
    };
    check(&document, "RateLimited", &limited);
    let error = ChatError {
        event: "ping",
        code: "internal",
        message: "",
        client_message_id: Some(&id),
    };
    check(&document, "ChatError", &error);
    let missing = MissingFrom {
        thread_id: thread_id(),
        from_seq: 1,
    };
    check(&document, "MissingFrom", &missing);
    check(
        &document,
        "SyncRequired",
        &SyncRequired {
            threads: vec![missing],
        },
    );
    let refused = ConnectRefused::new(ErrorCode::Unavailable, Some(1));
    check(&document, "ConnectRefused", &refused);
}

#[test]
fn every_error_code_that_a_socket_can_meet_is_listed() {
    let document = document();
    let listed = &document["components"]["schemas"]["ErrorCode"]["enum"];
    let listed = set(listed
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap()));
    let rest_only = [
        ErrorCode::InvalidCursor,
        ErrorCode::MalformedJson,
        ErrorCode::UnsupportedMediaType,
    ];
    let codes = ErrorCode::ALL
        .iter()
        .filter(|code| !rest_only.contains(code));
    assert_eq!(listed, set(codes.map(|code| code.as_str())));
}
