//! Every answer that a test gets is held against the OpenAPI document: its status must be described, and its body must
//! have the shape that is described.

use std::sync::LazyLock;

use actix_web::http::Method;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(chat_http::openapi()).unwrap());

/// An answer to an operation of the document; to anything else there is nothing to hold it against.
#[track_caller]
pub(crate) fn check(
    pattern: Option<String>,
    method: &Method,
    status: u16,
    content_type: &str,
    body: &[u8],
) {
    let operation = &DOCUMENT["paths"][pattern.unwrap_or_default()][method.as_str().to_lowercase()];
    if operation.is_null() {
        return;
    }
    let at = format!("{method} {} {status}", operation["operationId"]);
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{at} is not described");
    if status == 204 {
        assert!(response.get("content").is_none(), "{at} has a body");
        return;
    }
    let content = &response["content"][content_type];
    assert!(content.is_object(), "{at}: {content_type} is not described");
    if content_type.ends_with("json") && !content_type.ends_with("ndjson") {
        let body = serde_json::from_slice(body).unwrap();
        assert_eq!(
            mismatch(&body, &content["schema"], "$"),
            None,
            "{at}: {body}"
        );
    }
}

/// Where the value does not have the shape, and why. Knows the parts of JSON Schema that the document uses.
fn mismatch(value: &Value, schema: &Value, path: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = DOCUMENT.pointer(&reference[1..]).unwrap();
        return mismatch(value, target, path);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices
            .iter()
            .any(|choice| mismatch(value, choice, path).is_none());
        return (!fits).then(|| format!("{path} fits none of the choices"));
    }
    if let Some(kinds) = schema.get("type")
        && !is_one_of(value, kinds)
    {
        return Some(format!("{path} is no {kinds}"));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Some(format!("{path} is none of {allowed:?}"));
    }
    match value {
        Value::Object(object) => {
            let missing = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|key| !object.contains_key(key.as_str().unwrap()));
            if let Some(key) = missing {
                return Some(format!("{path}.{key} is missing"));
            }
            object
                .iter()
                .find_map(|(key, value)| match schema["properties"].as_object() {
                    Some(known) if !known.contains_key(key) => {
                        Some(format!("{path}.{key} is not described"))
                    }
                    Some(known) => mismatch(value, &known[key], &format!("{path}.{key}")),
                    None => mismatch(
                        value,
                        schema.get("additionalProperties").unwrap_or(&json!({})),
                        path,
                    ),
                })
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(n, item)| mismatch(item, &schema["items"], &format!("{path}[{n}]"))),
        _ => None,
    }
}

fn is_one_of(value: &Value, kinds: &Value) -> bool {
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the document uses another type: {other}"),
    };
    kinds
        .as_array()
        .map_or_else(|| is(kinds), |kinds| kinds.iter().any(is))
}

#[test]
fn a_shape_that_is_not_described_is_found() {
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    let mut value = json!({
        "type": "/docs/errors#conflict", "title": "t", "status": 409, "detail": "d", "code": "conflict", "requestId": "r",
    });
    assert_eq!(mismatch(&value, &problem, "$"), None);
    value["status"] = json!("409");
    assert_eq!(
        mismatch(&value, &problem, "$").unwrap(),
        "$.status is no \"integer\""
    );
    value["status"] = json!(409);
    value["code"] = json!("nonsense");
    assert!(
        mismatch(&value, &problem, "$")
            .unwrap()
            .starts_with("$.code is none of")
    );
    value["code"] = json!("conflict");
    value["extra"] = json!(1);
    assert_eq!(
        mismatch(&value, &problem, "$").unwrap(),
        "$.extra is not described"
    );
    let page = json!({ "$ref": "#/components/schemas/ThreadPage" });
    assert_eq!(
        mismatch(&json!({ "items": [] }), &page, "$").unwrap(),
        "$.\"nextCursor\" is missing"
    );
    assert!(
        mismatch(&json!({ "items": [{}], "nextCursor": null }), &page, "$")
            .unwrap()
            .starts_with("$.items[0]")
    );
}
