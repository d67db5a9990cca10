//! Every route on one screen.

use actix_web::web::ServiceConfig;

use crate::state::{Options, Services};

pub(crate) fn configure(_cfg: &mut ServiceConfig, _services: &Services, _options: &Options) {}
