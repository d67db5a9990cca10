//! `/health/live` and `/health/ready`, for whoever restarts processes and routes requests to them.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::shutdown::Draining;

/// Something that the server can't work without.
#[async_trait]
pub(crate) trait Dependency: Send + Sync {
    /// Its name in the answer, such as `database`.
    fn name(&self) -> &'static str;

    /// Whether it answers now.
    async fn is_reachable(&self) -> bool;
}

/// What readiness depends on.
#[derive(Clone)]
pub(crate) struct Health {
    /// All of these must be reachable.
    pub(crate) dependencies: Vec<Arc<dyn Dependency>>,
    /// A server that is going down is not ready.
    pub(crate) draining: Draining,
}

/// Registers both routes.
pub(crate) fn configure(cfg: &mut ServiceConfig, health: &Health) {
    cfg.app_data(Data::new(health.clone()))
        .service(web::resource("/health/live").get(live))
        .service(web::resource("/health/ready").get(ready));
}

/// 200 as long as the process answers at all.
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// 200 if every dependency answers; else 503 that says which one doesn't.
async fn ready(health: Data<Health>) -> HttpResponse {
    let mut checks = Map::new();
    let mut is_ready = !health.draining.begun();
    if !is_ready {
        checks.insert("server".into(), "draining".into());
    }
    for dependency in &health.dependencies {
        let reachable = dependency.is_reachable().await;
        let state = if reachable { "ok" } else { "unreachable" };
        checks.insert(dependency.name().into(), state.into());
        is_ready &= reachable;
    }
    answer(is_ready, checks)
}

fn answer(is_ready: bool, checks: Map<String, Value>) -> HttpResponse {
    let checks = Value::Object(checks);
    if is_ready {
        HttpResponse::Ok().json(json!({ "status": "ok", "checks": checks }))
    } else {
        HttpResponse::ServiceUnavailable()
            .insert_header(("retry-after", "1"))
            .json(json!({ "status": "unavailable", "checks": checks }))
    }
}
