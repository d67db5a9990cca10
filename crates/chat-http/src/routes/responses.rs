//! The error responses that routes share, for the OpenAPI document.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{Content, Header, Ref, RefOr, Response, ResponseBuilder, Schema},
};

use crate::error::{PROBLEM_JSON, Problem};

fn problem(status: &str, description: &str) -> RefOr<Response> {
    let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
    let response = ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, content);
    let header = |text: &str| {
        let mut header = Header::default();
        header.description = Some(text.to_owned());
        header
    };
    match status {
        "401" => response.header("WWW-Authenticate", header("`Bearer`")),
        "429" | "503" => response.header("Retry-After", header("Seconds to wait, at least 1")),
        _ => response,
    }
    .build()
    .into()
}

macro_rules! error_responses {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $description:literal,)+ })+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$(($status.to_owned(), problem($status, $description))),+].into()
            }
        }
    )+};
}

error_responses! {
    /// Every route.
    Always {
        "400": "`validation_failed`: a parameter or field is missing, unknown, given twice, or not allowed; `errors` names it. Lists also `invalid_cursor`, bodies also `malformed_json`.",
        "401": "`unauthenticated`: no token, or one that can't be accepted.",
        "429": "`rate_limited`: too many requests, or too many failed attempts from this address; wait for `Retry-After` seconds.",
        "500": "`internal`: a defect of ours.",
        "503": "`unavailable`: the service can't do this now; wait for `Retry-After` seconds and try again, with the same `clientMessageId` if there is one.",
    }
    /// Routes that take a body.
    WithBody {
        "413": "`payload_too_large`: the body is over the limit.",
        "415": "`unsupported_media_type`: the body must be `application/json`.",
    }
    /// Routes below one thread.
    InThread {
        "403": "`not_participant`: you take no part in this thread.",
        "404": "`thread_not_found`: there is no such thread.",
    }
    /// Routes that some roles may use.
    ForRoles {
        "403": "`forbidden`: your token does not carry the role that is needed.",
    }
}

/// The schemas that the problem responses refer to.
pub(crate) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    schemas
}
