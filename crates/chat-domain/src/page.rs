//! Pages and cursors. A cursor is opaque to clients and bound to the list that made it.

use std::str::FromStr;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;

/// One page of a list; `next_cursor` is `None` on the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The entries, in the order of the list.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; opaque, URL-safe.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The page of these items; if there are `more`, `cursor` makes the cursor that continues after the last item.
    pub fn new(items: Vec<T>, more: bool, cursor: impl FnOnce(&T) -> String) -> Self {
        let next_cursor = if more { items.last().map(cursor) } else { None };
        Self { items, next_cursor }
    }

    /// The same page with every item changed by `f`.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

/// The cursor is foreign or mangled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one that this list gave")]
pub struct InvalidCursor;

/// Writes a cursor for the list named `scope` (such as `messages/<thread id>`), continuing after `position`.
///
/// The check sum is no secret: a cursor grants nothing, authorisation happens on every call.
#[must_use]
pub fn encode_cursor(scope: &str, position: &str) -> String {
    let mut bytes = check_sum(scope, position.as_bytes()).to_be_bytes().to_vec();
    bytes.extend_from_slice(position.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads the position back.
///
/// # Errors
/// [`InvalidCursor`] if `encode_cursor` did not make this text for the same `scope`.
pub fn decode_cursor(scope: &str, cursor: &str) -> Result<String, InvalidCursor> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(cursor)
        .map_err(|_| InvalidCursor)?;
    let (sum, position) = bytes.split_first_chunk::<8>().ok_or(InvalidCursor)?;
    if u64::from_be_bytes(*sum) != check_sum(scope, position) {
        return Err(InvalidCursor);
    }
    String::from_utf8(position.to_vec()).map_err(|_| InvalidCursor)
}

/// Reads a position of two parts that a space joins: milliseconds, and what tells apart what happened at once.
pub(crate) fn decode_pair<T: FromStr>(
    scope: &str,
    cursor: &str,
) -> Result<(i64, T), InvalidCursor> {
    let position = decode_cursor(scope, cursor)?;
    let (millis, id) = position.split_once(' ').ok_or(InvalidCursor)?;
    Ok((
        millis.parse().map_err(|_| InvalidCursor)?,
        id.parse().map_err(|_| InvalidCursor)?,
    ))
}

/// FNV-1a, 64 bits, over scope, a zero byte, and position.
fn check_sum(scope: &str, position: &[u8]) -> u64 {
    let bytes = scope.bytes().chain([0]).chain(position.iter().copied());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_bound_to_its_list() {
        let cursor = encode_cursor("messages/1", "17");
        assert_eq!(decode_cursor("messages/1", &cursor), Ok("17".into()));
        assert_eq!(decode_cursor("messages/2", &cursor), Err(InvalidCursor));
        for mangled in [&cursor[1..], &format!("{cursor}A"), "", "!", "AAAAAAAAAAAA"] {
            assert_eq!(
                decode_cursor("messages/1", mangled),
                Err(InvalidCursor),
                "{mangled:?}"
            );
        }
    }

    #[test]
    fn only_a_page_with_more_behind_it_has_a_cursor() {
        let cursor = |more| Page::new(vec![1, 2], more, ToString::to_string).next_cursor;
        assert_eq!((cursor(true), cursor(false)), (Some("2".into()), None));
    }
}
