//! What the front end is built from: the use cases it calls, and its options.

use std::sync::Arc;

use chat_domain::{
    model::limit::Quota,
    port::limit::RateLimiter,
    service::{
        auth::AuthService, block::BlockService, event::EventService, matching::MatchService,
        message::MessageService, moderation::ModerationService, presence::PresenceService,
        receipt::ReceiptService, report::ReportService, risk::RiskService, thread::ThreadService,
        user::UserService,
    },
    time::IdGenerator,
};

use crate::client_address::TrustedProxies;

/// The driving ports that the routes call. Cheap to clone: one per worker.
#[derive(Clone)]
pub struct Services {
    /// Sending and reading messages.
    pub messages: Arc<dyn MessageService>,
    /// Opening and listing threads.
    pub threads: Arc<dyn ThreadService>,
    /// Marking as read.
    pub receipts: Arc<dyn ReceiptService>,
    /// Who is online.
    pub presence: Arc<dyn PresenceService>,
    /// Block lists.
    pub blocks: Arc<dyn BlockService>,
    /// Reports by users.
    pub reports: Arc<dyn ReportService>,
    /// The moderators' queue.
    pub moderation: Arc<dyn ModerationService>,
    /// Mutual matches.
    pub matches: Arc<dyn MatchService>,
    /// The profile mirror, erasure and export.
    pub users: Arc<dyn UserService>,
    /// What speaks against a user.
    pub risk: Arc<dyn RiskService>,
    /// The feed of events.
    pub events: Arc<dyn EventService>,
    /// Checks tokens and takes them back.
    pub auth: Arc<dyn AuthService>,
    /// Counts requests per user.
    pub limiter: Arc<dyn RateLimiter>,
    /// Makes request ids.
    pub ids: Arc<dyn IdGenerator>,
}

/// How the front end behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// The most bytes of a request body (`CHAT_MAX_PAYLOAD`).
    pub max_payload_bytes: usize,
    /// Exact origins that browsers may call from, such as `https://app.example` (`CHAT_CORS_ORIGINS`).
    pub cors_origins: Vec<String>,
    /// Whose word on the client's address counts (`CHAT_TRUSTED_PROXIES`).
    pub trusted_proxies: TrustedProxies,
    /// Requests per user (`CHAT_REST_RATE`); `None` is no limit.
    pub rest_quota: Option<Quota>,
    /// Development mode: `*` counts as an origin, and loopback origins pass where no origin is listed.
    pub development: bool,
}

impl Default for Options {
    /// The contract's defaults, for production.
    fn default() -> Self {
        Self {
            max_payload_bytes: 65_536,
            cors_origins: Vec::new(),
            trusted_proxies: TrustedProxies::default(),
            rest_quota: Quota::per_seconds(300, 60),
            development: false,
        }
    }
}
