//! What the derives can't say, or say in Rust's words: fields that are always there though they may be `null`, pages of
//! named things, names of Rust types, and the description that every response must have.

use serde_json::{Map, Value, json};

/// Fields of answers that are left out where there is nothing to say. All others are always there.
const SOMETIMES_ABSENT: [&str; 3] = ["clientMessageId", "deletedAt", "errors"];

/// Tidies the document up.
pub(super) fn tidy(document: &mut Value) {
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        let names: Vec<_> = schemas.keys().cloned().collect();
        for name in names {
            if let Some(schema) = schemas.get_mut(&name) {
                tidy_schema(&name, schema);
            }
        }
        name_pages(schemas);
        constrain_user_ids(schemas);
        // The derive leaves a free value without a type, which utoipa itself can't read back.
        if let Some(event) = schemas.get_mut("OutboundEvent") {
            event["properties"]["payload"]["type"] = json!("object");
        }
        schemas.remove("i64");
        if let Some(counts) = schemas.remove("BTreeMap") {
            schemas.insert("RowCounts".into(), counts);
        }
    }
    walk(document);
}

/// In answers, every field is there. Bodies have optional ones.
fn tidy_schema(name: &str, schema: &mut Value) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    if !name.ends_with("Body") {
        let mut always: Vec<_> = properties
            .keys()
            .filter(|key| !SOMETIMES_ABSENT.contains(&key.as_str()))
            .cloned()
            .collect();
        // Whichever order the map keeps: that depends on features that other crates switch on.
        always.sort();
        schema["required"] = json!(always);
    }
}

/// `Page_Thread`, which repeats the thread's schema, becomes `ThreadPage`, which refers to it.
fn name_pages(schemas: &mut Map<String, Value>) {
    let pages: Vec<_> = schemas
        .keys()
        .filter_map(|name| name.strip_prefix("Page_"))
        .map(str::to_owned)
        .collect();
    for item in pages {
        let Some(mut page) = schemas.remove(&format!("Page_{item}")) else {
            continue;
        };
        page["description"] = json!("One page of a list; `nextCursor` is `null` on the last one.");
        page["properties"]["items"]["items"] =
            json!({ "$ref": format!("#/components/schemas/{item}") });
        schemas.insert(format!("{item}Page"), page);
    }
}

fn constrain_user_ids(schemas: &mut Map<String, Value>) {
    if let Some(Value::Object(user_id)) = schemas.get_mut("UserId") {
        user_id.insert("pattern".into(), json!("^[A-Za-z0-9._:@-]{1,128}$"));
        user_id.insert("example".into(), json!("alice"));
    }
}

/// References to what was renamed, and responses without a description.
fn walk(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                match renamed(reference) {
                    Renamed::To(name) => drop(object.insert("$ref".into(), json!(name))),
                    Renamed::Integer => {
                        object.remove("$ref");
                        object.insert("type".into(), json!("integer"));
                        object.insert("format".into(), json!("int64"));
                    }
                }
            }
            if let Some(Value::Object(responses)) = object.get_mut("responses") {
                describe(responses);
            }
            object.values_mut().for_each(walk);
        }
        Value::Array(items) => items.iter_mut().for_each(walk),
        _ => {}
    }
}

enum Renamed {
    To(String),
    Integer,
}

fn renamed(reference: &str) -> Renamed {
    let (folder, name) = reference.rsplit_once('/').unwrap_or_default();
    match (name, name.strip_prefix("Page_")) {
        ("i64", _) => Renamed::Integer,
        ("BTreeMap", _) => Renamed::To(format!("{folder}/RowCounts")),
        (_, Some(item)) => Renamed::To(format!("{folder}/{item}Page")),
        _ => Renamed::To(reference.to_owned()),
    }
}

/// OpenAPI demands a description of every response.
fn describe(responses: &mut Map<String, Value>) {
    for (status, response) in responses {
        let described = response
            .get("description")
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty());
        if !described {
            let text = match status.as_str() {
                "201" => "Made",
                "202" => "Taken on, and done in the background",
                "204" => "Done, also if it was done before",
                _ => "Here it is",
            };
            response["description"] = json!(text);
        }
    }
}
