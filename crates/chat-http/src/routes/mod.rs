//! Every route on one screen. A token is checked, and requests are counted, before any of them is looked at.

pub(crate) mod block;
mod endpoint;
pub(crate) mod internal;
pub(crate) mod message;
pub(crate) mod presence;
pub(crate) mod read;
pub(crate) mod report;
pub(crate) mod responses;
pub(crate) mod thread;

use actix_web::{
    http::Method,
    middleware::from_fn,
    web::{self, Data, ServiceConfig},
};

use self::endpoint::at;
use crate::{
    error::ApiError,
    middleware::{authenticate::authenticate, rate_limit::rate_limit},
    state::{Options, Services},
};

/// Where people's routes are.
pub(crate) const CHATS: &str = "/api/v1/chats";
/// Where other services' routes are.
pub(crate) const INTERNAL: &str = "/api/v1/internal";

pub(crate) fn configure(cfg: &mut ServiceConfig, services: &Services, options: &Options) {
    let scope = web::scope("/api/v1")
        .configure(|cfg| share(cfg, services, options))
        .service(web::scope("/chats").configure(chats))
        .service(web::scope("/internal").configure(internal))
        .default_service(web::to(|| async { Err::<&str, _>(ApiError::not_found()) }))
        .wrap(from_fn(rate_limit))
        .wrap(from_fn(authenticate));
    cfg.service(scope);
}

/// What handlers and middleware ask for.
fn share(cfg: &mut ServiceConfig, services: &Services, options: &Options) {
    let Services {
        messages,
        threads,
        receipts,
        presence,
        blocks,
        reports,
        moderation,
        matches,
        users,
        risk,
        events,
        auth,
        limiter,
        ids: _,
    } = services.clone();
    cfg.app_data(Data::new(options.clone()))
        .app_data(Data::from(messages))
        .app_data(Data::from(threads))
        .app_data(Data::from(receipts))
        .app_data(Data::from(presence))
        .app_data(Data::from(blocks))
        .app_data(Data::from(reports))
        .app_data(Data::from(moderation))
        .app_data(Data::from(matches))
        .app_data(Data::from(users))
        .app_data(Data::from(risk))
        .app_data(Data::from(events))
        .app_data(Data::from(auth))
        .app_data(Data::from(limiter));
}

fn chats(cfg: &mut ServiceConfig) {
    cfg.service(
        at("/threads")
            .get(thread::list::list)
            .on(Method::POST, thread::open::open),
    )
    .service(at("/threads/{threadId}").get(thread::get::get))
    .service(
        at("/threads/{threadId}/messages")
            .on(Method::GET, message::history::history)
            .on(Method::POST, message::send::send),
    )
    .service(at("/threads/{threadId}/read").on(Method::POST, read::mark_read))
    .service(at("/presence").get(presence::lookup))
    .service(at("/blocks").get(block::list::list))
    .service(
        at("/blocks/{userId}")
            .on(Method::PUT, block::set::set)
            .on(Method::DELETE, block::lift::lift),
    )
    .service(at("/reports").on(Method::POST, report::report));
}

fn internal(cfg: &mut ServiceConfig) {
    use internal::{events, jobs, matches, moderation, revocations, risk, users};
    cfg.service(
        at("/matches/{userA}/{userB}")
            .on(Method::PUT, matches::record)
            .on(Method::DELETE, matches::withdraw),
    )
    .service(
        at("/users/{userId}")
            .on(Method::PUT, users::update)
            .on(Method::DELETE, users::erase),
    )
    .service(at("/users/{userId}/export").on(Method::GET, users::export))
    .service(at("/users/{userId}/risk").get(risk::risk))
    .service(at("/jobs/{jobId}").get(jobs::job))
    .service(at("/revocations").on(Method::POST, revocations::revoke))
    .service(at("/events").get(events::feed))
    .service(at("/moderation").get(moderation::queue))
    .service(at("/moderation/{itemId}").on(Method::POST, moderation::decide));
}
