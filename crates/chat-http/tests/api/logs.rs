//! What stands in the log: one line per request under its id, causes once, and no secret.

use std::{
    io,
    sync::{Arc, Mutex},
};

use actix_web::http::Method;
use chat_domain::error::RepoError;
use serde_json::json;
use tracing::subscriber::DefaultGuard;

use crate::support::{CHATS, Mocks, THREAD, request};

/// Collects what this thread logs, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let sink = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || sink.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines of the API; actix and others log at trace level too.
    fn lines(&self) -> Vec<String> {
        self.text()
            .lines()
            .filter(|line| line.contains(" chat_http::"))
            .map(str::to_owned)
            .collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn a_request_is_one_line_with_its_route_and_without_secrets() {
    let (log, _guard) = Log::start();
    let app = Mocks::new().start().await;
    let path = format!("{CHATS}/threads/{THREAD}/messages?token=canary-token");
    let canary = request(Method::POST, &path, "canary-token")
        .insert_header(("x-request-id", "r-42"))
        .set_json(json!({ "content": "canary-content", "unknown": "canary-value" }));
    app.call(canary).await.problem(401, "unauthenticated");
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in [
        "INFO",
        "request_id=r-42",
        "method=POST",
        "status=401",
        "duration_ms=",
    ] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    assert!(
        lines[0].contains("route=\"/api/v1/chats/threads/{threadId}/messages\""),
        "{}",
        lines[0]
    );
    assert!(!log.text().contains("canary"), "{}", log.text());
}

#[actix_web::test]
async fn a_defect_is_logged_once_with_its_cause_under_the_requests_id() {
    let (log, _guard) = Log::start();
    let mut mocks = Mocks::new();
    mocks
        .threads
        .expect_list()
        .returning(|_, _, _| Err(RepoError::backend("disk on fire").into()));
    let list = request(Method::GET, &format!("{CHATS}/threads"), "alice")
        .insert_header(("x-request-id", "r-43"));
    mocks
        .start()
        .await
        .call(list)
        .await
        .problem(500, "internal");
    let causes: Vec<_> = log
        .lines()
        .into_iter()
        .filter(|line| line.contains("disk on fire"))
        .collect();
    assert_eq!(causes.len(), 1, "{}", log.text());
    assert!(
        causes[0].contains("ERROR") && causes[0].contains("request_id=r-43"),
        "{}",
        causes[0]
    );
}

#[actix_web::test]
async fn a_refusal_is_nobodys_defect() {
    let (log, _guard) = Log::start();
    let app = Mocks::new().start().await;
    app.post("alice", &format!("{CHATS}/threads"), json!({}))
        .await
        .invalid("participantIds");
    let text = log.text();
    assert!(!text.contains("ERROR") && !text.contains("WARN"), "{text}");
}

#[actix_web::test]
async fn an_export_that_breaks_off_is_logged_under_the_requests_id() {
    use futures::{StreamExt, stream};
    let (log, _guard) = Log::start();
    let mut mocks = Mocks::new();
    mocks.users.expect_export().returning(|_| {
        stream::iter([Ok(json!({})), Err(RepoError::backend("disk on fire"))]).boxed()
    });
    let export = request(
        Method::GET,
        "/api/v1/internal/users/bob/export",
        "root/admin",
    )
    .insert_header(("x-request-id", "r-44"));
    assert!(mocks.start().await.call(export).await.body.is_err());
    let broken: Vec<_> = log
        .lines()
        .into_iter()
        .filter(|line| line.contains("broke off"))
        .collect();
    assert_eq!(broken.len(), 1, "{}", log.text());
    assert!(broken[0].contains("request_id=r-44"), "{}", broken[0]);
}
