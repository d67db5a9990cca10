//! The API browser.

use actix_web::web::ServiceConfig;

pub(crate) fn configure(_cfg: &mut ServiceConfig) {}
