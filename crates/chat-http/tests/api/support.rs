//! The application over mocks. A token is the caller's name and roles: `alice`, `matcher/service`, `root/admin`.

use std::{net::SocketAddr, sync::Arc};

use actix_http::Request;
use actix_web::{
    Error,
    body::{BoxBody, to_bytes},
    dev::{Service, ServiceResponse},
    http::{Method, StatusCode, header::HeaderMap},
    test::{TestRequest, init_service},
    web::ServiceConfig,
};
use chat_domain::{
    model::{
        limit::{Limited, Quota},
        token::Claims,
        user::{Caller, Role},
    },
    port::limit::MockRateLimiter,
    service::{
        auth::{AuthError, MockAuthService},
        block::MockBlockService,
        event::MockEventService,
        matching::MockMatchService,
        message::MockMessageService,
        moderation::MockModerationService,
        presence::MockPresenceService,
        receipt::MockReceiptService,
        report::MockReportService,
        risk::MockRiskService,
        thread::MockThreadService,
        user::MockUserService,
    },
    testing::{
        builder::{self, user},
        fakes::SequentialIds,
    },
    time::Timestamp,
    view::{Masking, MessageView, ThreadView},
};
use chat_http::{Options, Services, create_app};
use serde_json::Value;

use crate::conformance;

pub(crate) const CHATS: &str = "/api/v1/chats";
pub(crate) const INTERNAL: &str = "/api/v1/internal";
/// A service's token.
pub(crate) const SERVICE: &str = "matcher/service";
/// The id that the builders give every thread.
pub(crate) const THREAD: &str = "01900000-0000-7000-8000-000000000001";

/// The use cases; one that is called without being expected fails the test.
#[derive(Default)]
pub(crate) struct Mocks {
    pub(crate) messages: MockMessageService,
    pub(crate) threads: MockThreadService,
    pub(crate) receipts: MockReceiptService,
    pub(crate) presence: MockPresenceService,
    pub(crate) blocks: MockBlockService,
    pub(crate) reports: MockReportService,
    pub(crate) moderation: MockModerationService,
    pub(crate) matches: MockMatchService,
    pub(crate) users: MockUserService,
    pub(crate) risk: MockRiskService,
    pub(crate) events: MockEventService,
    pub(crate) auth: MockAuthService,
    pub(crate) limiter: Option<MockRateLimiter>,
}

impl Mocks {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn services(mut self) -> Services {
        self.auth
            .expect_authenticate()
            .returning(|token, _| claims(token));
        Services {
            messages: Arc::new(self.messages),
            threads: Arc::new(self.threads),
            receipts: Arc::new(self.receipts),
            presence: Arc::new(self.presence),
            blocks: Arc::new(self.blocks),
            reports: Arc::new(self.reports),
            moderation: Arc::new(self.moderation),
            matches: Arc::new(self.matches),
            users: Arc::new(self.users),
            risk: Arc::new(self.risk),
            events: Arc::new(self.events),
            auth: Arc::new(self.auth),
            limiter: Arc::new(self.limiter.unwrap_or_else(unlimited)),
            ids: Arc::new(SequentialIds::default()),
        }
    }

    pub(crate) async fn start(self) -> TestApp<impl AppService> {
        self.start_with(Options::default()).await
    }

    pub(crate) async fn start_with(self, options: Options) -> TestApp<impl AppService> {
        self.mounting(options, &chat_http::demo::configure).await
    }

    /// The application with something beside the API.
    pub(crate) async fn mounting(
        self,
        options: Options,
        mount: &dyn Fn(&mut ServiceConfig),
    ) -> TestApp<impl AppService + use<>> {
        let services = self.services();
        TestApp(init_service(create_app(&services, &options, mount)).await)
    }
}

fn claims(token: Option<String>) -> Result<Claims, AuthError> {
    let token = token.ok_or(AuthError::Unauthenticated)?;
    let mut parts = token.split('/');
    let name = parts
        .next()
        .filter(|name| !name.is_empty())
        .ok_or(AuthError::Unauthenticated)?;
    Ok(Claims {
        caller: Caller {
            user: user(name),
            roles: parts.filter_map(Role::parse).collect(),
        },
        expires_at: Timestamp::from_millis(i64::MAX),
        issued_at: None,
        token_id: None,
    })
}

fn unlimited() -> MockRateLimiter {
    let mut limiter = MockRateLimiter::new();
    limiter.expect_take().returning(|_, _| Ok(()));
    limiter
}

/// An error of a use case, and the status and code that it becomes.
pub(crate) type Refusal<E> = (fn() -> E, u16, &'static str);

/// What an empty bucket answers.
pub(crate) fn limited(retry_after_ms: u64) -> Limited {
    Limited {
        quota: Quota {
            limit: 300,
            window_ms: 60_000,
        },
        retry_after_ms,
    }
}

pub(crate) trait AppService:
    Service<Request, Response = ServiceResponse<BoxBody>, Error = Error>
{
}
impl<S: Service<Request, Response = ServiceResponse<BoxBody>, Error = Error>> AppService for S {}

pub(crate) struct TestApp<S>(S);

impl<S: AppService> TestApp<S> {
    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.call(request(Method::GET, path, token)).await
    }

    pub(crate) async fn put(&self, token: &str, path: &str) -> Answer {
        self.call(request(Method::PUT, path, token)).await
    }

    pub(crate) async fn delete(&self, token: &str, path: &str) -> Answer {
        self.call(request(Method::DELETE, path, token)).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(Method::POST, token, path, body).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        token: &str,
        path: &str,
        body: Value,
    ) -> Answer {
        self.call(request(method, path, token).set_json(body)).await
    }

    pub(crate) async fn call(&self, request: TestRequest) -> Answer {
        let response = self.0.call(request.to_request()).await.unwrap();
        let (request, status) = (response.request().clone(), response.status());
        let headers = response.headers().clone();
        // A stream that breaks off has no body to look at.
        let body = to_bytes(response.into_body()).await.map_err(|_| ());
        let answer = Answer {
            status,
            headers,
            body: body.map(|bytes| bytes.to_vec()),
        };
        if let Ok(body) = &answer.body {
            let kind = answer.header("content-type");
            conformance::check(
                request.match_pattern(),
                request.method(),
                status.as_u16(),
                kind,
                body,
            );
        }
        answer
    }
}

/// A request with a token; none if it is empty. The path is percent-encoded where need be.
pub(crate) fn request(method: Method, path: &str, token: &str) -> TestRequest {
    let request = TestRequest::with_uri(path)
        .method(method)
        .peer_addr(SocketAddr::from(([203, 0, 113, 9], 4711)));
    if token.is_empty() {
        return request;
    }
    request.insert_header(("authorization", format!("Bearer {token}")))
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Result<Vec<u8>, ()>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone().unwrap()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body.clone().unwrap())
            .unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        self.json()
    }

    /// A success without a body.
    #[track_caller]
    pub(crate) fn no_content(&self) {
        assert_eq!((self.status.as_u16(), self.text().as_str()), (204, ""));
    }

    /// A complete problem document with that status and code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let text = self.text();
        assert_eq!(self.status.as_u16(), status, "{text}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{text}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("/docs/errors#{code}"));
        assert!(
            problem["title"].is_string() && problem["detail"].is_string(),
            "{text}"
        );
        assert_eq!(problem["requestId"], self.header("x-request-id"));
        assert_ne!(problem["requestId"], "");
        problem
    }

    /// `validation_failed` at that field.
    #[track_caller]
    pub(crate) fn invalid(&self, field: &str) {
        let problem = self.problem(400, "validation_failed");
        let fields: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|at| at["field"].as_str().unwrap())
            .collect();
        assert_eq!(fields, [field], "{problem}");
        assert!(
            problem["errors"][0]["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
}

/// A pair's thread as alice sees it.
pub(crate) fn thread_view() -> ThreadView {
    ThreadView::new(
        &builder::thread(&["alice", "bob"]),
        None,
        Some(&user("alice")),
        &|_| false,
    )
}

/// Alice's message as she sees it.
pub(crate) fn message_view(seq: i64) -> MessageView {
    let thread = builder::thread(&["alice", "bob"]);
    MessageView::new(
        builder::message("alice", seq),
        &thread,
        &user("alice"),
        Masking::Profile,
    )
}
