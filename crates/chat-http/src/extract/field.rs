//! From errors of serde and garde to the field that has to change.

use std::fmt::Display;

use garde::Report;

use crate::error::{ApiError, FieldError};

/// The most characters of a message: unknown names are quoted in it, and a caller chooses their length.
const MAX_CHARS: usize = 200;

/// Stands for the whole body or query string where no field can be named.
pub(crate) const WHOLE: &str = "body";

/// The refusal for a value of the wrong shape.
pub(crate) fn refused<E: Display>(error: &serde_path_to_error::Error<E>) -> ApiError {
    let message = error.inner().to_string();
    let path = error.path().to_string();
    ApiError::invalid(shortened(&field(&path, &message)), shortened(&message))
}

/// The refusal for values that break a rule of their own.
pub(crate) fn broken_rules(report: &Report) -> ApiError {
    let fields = report.iter().map(|(path, error)| FieldError {
        field: camel_case(&path.to_string()),
        message: error.to_string(),
    });
    ApiError::invalid_fields(fields.collect())
}

/// serde names a field that is missing, unknown or given twice in its message, not in the path.
fn field(path: &str, message: &str) -> String {
    let at_root = path == "." || path == "?";
    let quoted = ["missing field `", "duplicate field `", "unknown field `"]
        .iter()
        .find_map(|prefix| message.strip_prefix(prefix)?.split_once('`'))
        .map(|(name, _)| name);
    match quoted {
        Some(name) if at_root => name.to_owned(),
        Some(name) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        Some(name) => format!("{path}.{name}"),
        None if at_root => WHOLE.to_owned(),
        None => path.to_owned(),
    }
}

fn shortened(text: &str) -> String {
    // The position in the body says nothing about the field, and serde_json adds it to some errors only.
    let text = text
        .rsplit_once(" at line ")
        .map_or(text, |(message, _)| message);
    if text.chars().count() <= MAX_CHARS {
        return text.to_owned();
    }
    text.chars().take(MAX_CHARS).chain(['…']).collect()
}

/// Rust's names as they are on the wire: `avatar_url` is `avatarUrl`.
fn camel_case(path: &str) -> String {
    let mut upper = false;
    let mut name = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                name.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => name.push(c),
        }
    }
    if name.is_empty() {
        WHOLE.to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_found_in_the_path_or_in_the_message() {
        assert_eq!(field(".", "missing field `content`"), "content");
        assert_eq!(
            field("extra", "unknown field `extra`, expected one of `a`, `b`"),
            "extra"
        );
        assert_eq!(field("metadata.a", "duplicate field `b`"), "metadata.a.b");
        assert_eq!(
            field("participantIds[1]", "must be a user id"),
            "participantIds[1]"
        );
        assert_eq!(
            field(".", "invalid type: sequence, expected a JSON object"),
            "body"
        );
    }

    #[test]
    fn a_long_name_is_not_echoed_in_full() {
        assert_eq!(
            shortened(&"x".repeat(60_000)).chars().count(),
            MAX_CHARS + 1
        );
    }

    #[test]
    fn names_are_those_on_the_wire() {
        assert_eq!(camel_case("avatar_url"), "avatarUrl");
        assert_eq!(camel_case("user_ids[2]"), "userIds[2]");
        assert_eq!(camel_case(""), "body");
    }
}
