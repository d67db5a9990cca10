//! The OpenAPI document, put together from what stands at the handlers.

mod tidy;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        Info, License, OpenApi as Document,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use crate::routes::{
    self, CHATS, INTERNAL, block, internal, message, presence, read, report, thread,
};

/// The version in every address, `/api/v1`. The software's own version is nobody's business.
const API_VERSION: &str = "1";

const DESCRIPTION: &str = "\
Threads, messages, receipts, presence, blocks and reports; under `/api/v1/internal` what other services and moderators \
need.\n\nTimes are RFC 3339 in UTC with milliseconds. User ids are 1 to 128 characters from `[A-Za-z0-9._:@-]`. Errors \
are problem documents (RFC 9457); programs branch on their `code`. An address that does not know a method answers 405 \
with the code `not_found` and an `Allow` header. Every response carries `X-Request-Id`: the caller's own, if it is 1 to \
128 characters from `[A-Za-z0-9._-]`.";

#[derive(OpenApi)]
#[openapi(paths(
    thread::list::list,
    thread::open::open,
    thread::get::get,
    message::history::history,
    message::send::send,
    read::mark_read,
    presence::lookup,
    block::list::list,
    block::set::set,
    block::lift::lift,
    report::report,
))]
struct Chats;

#[derive(OpenApi)]
#[openapi(paths(
    internal::matches::record,
    internal::matches::withdraw,
    internal::users::update,
    internal::users::erase,
    internal::users::export,
    internal::risk::risk,
    internal::jobs::job,
    internal::revocations::revoke,
    internal::events::feed,
    internal::moderation::queue,
    internal::moderation::decide,
))]
struct Internal;

#[derive(OpenApi)]
#[openapi(
    modifiers(&Shared),
    tags(
        (name = "threads", description = "Conversations between two people or more"),
        (name = "messages", description = "Sending, reading back, marking as read"),
        (name = "presence", description = "Who is online"),
        (name = "blocks", description = "Whom the caller does not want to hear of"),
        (name = "reports", description = "Telling moderators"),
        (name = "moderation", description = "For the roles `moderator`, `service` and `admin`"),
        (name = "internal", description = "For the roles `service` and `admin`"),
    ),
)]
struct Root;

/// What every route shares: the bearer token and the problem document.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut Document) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.bearer_format = Some("JWT".into());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.schemas.extend(routes::responses::schemas());
        document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(
            "bearer",
            [],
        )]);
        document.info = Info::new("Chat", API_VERSION);
        document.info.description = Some(DESCRIPTION.into());
        document.info.license = Some(License::new("MIT OR Apache-2.0"));
    }
}

/// The document.
#[must_use]
pub fn openapi() -> Document {
    let raw = Root::openapi()
        .nest(CHATS, Chats::openapi())
        .nest(INTERNAL, Internal::openapi());
    serde_json::to_value(&raw)
        .and_then(|mut value| {
            tidy::tidy(&mut value);
            serde_json::from_value(value)
        })
        .unwrap_or(raw)
}

/// The document as YAML, as it stands in `api-spec/openapi.yaml`.
#[must_use]
pub fn openapi_yaml() -> String {
    openapi()
        .to_yaml()
        .unwrap_or_else(|error| format!("# can't be written as YAML: {error}\n"))
}
