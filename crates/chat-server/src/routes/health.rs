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

#[cfg(test)]
mod tests {
    use actix_web::{
        App,
        test::{TestRequest, call_service, init_service, read_body_json},
    };

    use super::*;

    struct Fake(&'static str, bool);

    #[async_trait]
    impl Dependency for Fake {
        fn name(&self) -> &'static str {
            self.0
        }

        async fn is_reachable(&self) -> bool {
            self.1
        }
    }

    async fn get(
        path: &str,
        dependencies: &[(&'static str, bool)],
        draining: bool,
    ) -> (u16, Value) {
        let fake = |(name, up): &(&'static str, bool)| Arc::new(Fake(name, *up)) as _;
        let health = Health {
            dependencies: dependencies.iter().map(fake).collect(),
            draining: Draining::default(),
        };
        if draining {
            health.draining.begin();
        }
        let app = init_service(App::new().configure(|cfg| configure(cfg, &health))).await;
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        (response.status().as_u16(), read_body_json(response).await)
    }

    #[actix_web::test]
    async fn a_server_is_ready_when_all_that_it_needs_is_there() {
        let (status, body) = get(
            "/health/ready",
            &[("database", true), ("redis", true)],
            false,
        )
        .await;
        assert_eq!(status, 200);
        assert_eq!(
            body,
            json!({ "status": "ok", "checks": { "database": "ok", "redis": "ok" } })
        );
    }

    #[actix_web::test]
    async fn what_is_missing_is_named() {
        let (status, body) = get(
            "/health/ready",
            &[("database", false), ("redis", true)],
            false,
        )
        .await;
        assert_eq!(status, 503);
        assert_eq!(body["status"], "unavailable");
        assert_eq!(
            body["checks"],
            json!({ "database": "unreachable", "redis": "ok" })
        );
    }

    #[actix_web::test]
    async fn a_server_that_goes_down_is_alive_but_not_ready() {
        let (status, body) = get("/health/ready", &[("database", true)], true).await;
        assert_eq!(
            (status, &body["checks"]["server"]),
            (503, &json!("draining"))
        );
        assert_eq!(
            get("/health/live", &[("database", false)], true).await.0,
            200
        );
    }
}
