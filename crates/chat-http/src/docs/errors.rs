//! The page that the `type` of every problem document points to.

use std::{fmt::Write, sync::LazyLock};

use actix_web::web::Bytes;
use chat_domain::error::ErrorCode;

use crate::error::status;

pub(super) static PAGE: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(page()));

/// Needs neither styles nor scripts, so that the API's own content security policy fits.
fn page() -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Error codes</title><h1>Error codes</h1>\
         <p>Errors are problem documents (RFC 9457). Programs branch on <code>code</code>.</p><dl>",
    );
    for code in ErrorCode::ALL {
        let (name, title, status) = (code.as_str(), code.title(), status(*code).as_u16());
        // Writing to a string can't fail.
        let _ = write!(
            page,
            "<dt id=\"{name}\"><code>{name}</code> ({status})</dt><dd>{title}.</dd>"
        );
    }
    page.push_str("</dl></html>\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_place() {
        let page = page();
        for code in ErrorCode::ALL {
            assert!(
                page.contains(&format!("id=\"{}\"", code.as_str())),
                "{code:?}"
            );
        }
    }
}
