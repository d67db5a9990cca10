//! The OpenAPI file in the repository is the one that the code describes.

use std::{env, fs, path::Path};

#[test]
fn the_file_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../api-spec/openapi.yaml");
    let expected = chat_http::openapi_yaml();
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "api-spec/openapi.yaml is stale: run `UPDATE_GENERATED=1 cargo test -p chat-http --test openapi`"
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(chat_http::openapi()).unwrap();
    let text = document.to_string();
    let mut references = 0;
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = &part[..part.find('"').unwrap()];
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        references += 1;
    }
    assert!(references > 50, "only {references} references");
}

#[test]
fn the_document_speaks_of_things_on_the_wire_not_of_rust() {
    let document = serde_json::to_value(chat_http::openapi()).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in [
        "Thread",
        "ThreadPage",
        "Message",
        "MessagePage",
        "Problem",
        "RowCounts",
    ] {
        assert!(schemas.contains_key(name), "{name}");
    }
    for name in schemas.keys() {
        assert!(
            !name.contains('_') && name != "i64" && !name.ends_with("Dto"),
            "{name}"
        );
    }
    let required = document["components"]["schemas"]["Message"]["required"]
        .as_array()
        .unwrap();
    assert!(required.contains(&"toUserId".into()) && !required.contains(&"deletedAt".into()));
}

#[test]
fn every_response_has_a_description_and_every_error_is_a_problem() {
    let document = serde_json::to_value(chat_http::openapi()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let at = format!("{method} {path} {status}");
                assert!(
                    !response["description"].as_str().unwrap().is_empty(),
                    "{at}"
                );
                let is_problem = response["content"]
                    .get("application/problem+json")
                    .is_some();
                assert_eq!(is_problem, status.starts_with(['4', '5']), "{at}");
            }
        }
    }
}
