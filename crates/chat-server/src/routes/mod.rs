//! Routes that belong to the process rather than to the chat: health, metrics, and development tokens.

pub(crate) mod dev_token;
pub(crate) mod health;

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};

use crate::metrics::Metrics;

/// Registers `/metrics`, for Prometheus.
pub(crate) fn metrics(cfg: &mut ServiceConfig, metrics: &Metrics) {
    let metrics = Data::new(metrics.clone());
    let handler = |metrics: Data<Metrics>| async move {
        HttpResponse::Ok()
            .insert_header(("content-type", "text/plain; version=0.0.4; charset=utf-8"))
            .body(metrics.render())
    };
    cfg.app_data(metrics)
        .service(web::resource("/metrics").get(handler));
}
