//! Every use case over the adapters of a single node.

use std::sync::Arc;

use chat_domain::{
    port::{
        audit::AuditLog,
        auth::{RevocationList, TokenSightings, TokenVerifier},
        block::RelationshipRepository,
        event::{EventLog, EventSink},
        limit::RateLimiter,
        message::{CommitObserver, MessageRepository},
        moderation::{Moderator, Sanitizer},
        notifier::Notifier,
        presence::Presence,
        receipt::ReceiptRepository,
        report::ModerationQueue,
        thread::ThreadRepository,
        user::UserRepository,
    },
    service::{
        announce,
        auth::{self, AuthService},
        block::{self, BlockService},
        event::{self, EventService},
        matching::{self, MatchService},
        message::{self, MessageService},
        moderation::{self, ModerationService},
        presence::{self, PresenceService},
        receipt::{self, ReceiptService},
        report::{self, ReportService},
        risk::{self, RiskService},
        thread::{self, ThreadService},
        typing::{self, TypingService},
        user::{self, UserService},
    },
    time::{Clock, IdGenerator, RandomIds},
};
use chat_infra::{
    events::LogSink,
    memory::{MemoryPresence, MemoryRateLimiter, MemoryTokenSightings},
    moderation::{HtmlSanitizer, WordListModerator},
    sql::SqlStore,
};

use crate::config::{Config, events::Sink};

/// An adapter for every driven port.
pub(super) struct Ports {
    messages: Arc<dyn MessageRepository>,
    threads: Arc<dyn ThreadRepository>,
    receipts: Arc<dyn ReceiptRepository>,
    relationships: Arc<dyn RelationshipRepository>,
    users: Arc<dyn UserRepository>,
    queue: Arc<dyn ModerationQueue>,
    audit: Arc<dyn AuditLog>,
    events: Arc<dyn EventLog>,
    sinks: Vec<Arc<dyn EventSink>>,
    revocations: Arc<dyn RevocationList>,
    verifier: Arc<dyn TokenVerifier>,
    sightings: Arc<dyn TokenSightings>,
    presence: Arc<dyn Presence>,
    limiter: Arc<dyn RateLimiter>,
    sanitizer: Arc<dyn Sanitizer>,
    moderator: Arc<dyn Moderator>,
    notifier: Arc<dyn Notifier>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl Ports {
    /// The database for what must last, this process's memory for the rest.
    pub(super) fn new(
        config: &Config,
        store: &SqlStore,
        verifier: Arc<dyn TokenVerifier>,
        notifier: Arc<dyn Notifier>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let store = Arc::new(store.clone());
        let sink = |sink: &Sink| match sink {
            Sink::Log => Arc::new(LogSink) as Arc<dyn EventSink>,
        };
        Self {
            messages: store.clone(),
            threads: store.clone(),
            receipts: store.clone(),
            relationships: store.clone(),
            users: store.clone(),
            queue: store.clone(),
            audit: store.clone(),
            events: store.clone(),
            sinks: config.events.sinks.iter().map(sink).collect(),
            revocations: store,
            verifier,
            sightings: Arc::new(MemoryTokenSightings::new()),
            presence: Arc::new(MemoryPresence::new(clock.clone())),
            limiter: Arc::new(MemoryRateLimiter::new()),
            sanitizer: Arc::new(HtmlSanitizer::new()),
            moderator: Arc::new(WordListModerator),
            notifier,
            clock,
            ids: Arc::new(RandomIds),
        }
    }
}

/// What tells clients of every commit.
pub(super) fn announcer(ports: &Ports) -> Arc<dyn CommitObserver> {
    announce::observer(announce::Deps {
        notifier: ports.notifier.clone(),
    })
}

/// Every driving port.
pub(super) struct Services {
    auth: Arc<dyn AuthService>,
    blocks: Arc<dyn BlockService>,
    /// The feed.
    pub(super) events: Arc<dyn EventService>,
    matches: Arc<dyn MatchService>,
    messages: Arc<dyn MessageService>,
    moderation: Arc<dyn ModerationService>,
    presence: Arc<dyn PresenceService>,
    receipts: Arc<dyn ReceiptService>,
    reports: Arc<dyn ReportService>,
    risk: Arc<dyn RiskService>,
    threads: Arc<dyn ThreadService>,
    typing: Arc<dyn TypingService>,
    /// Profiles and erasures.
    pub(super) users: Arc<dyn UserService>,
}

impl Services {
    /// The use cases over these adapters.
    pub(super) fn new(config: &Config, ports: &Ports) -> Self {
        Self {
            auth: auth_service(config, ports),
            blocks: block::service(block::Deps {
                relationships: ports.relationships.clone(),
                clock: ports.clock.clone(),
            }),
            events: event::service(event::Deps {
                log: ports.events.clone(),
                sinks: ports.sinks.clone(),
                clock: ports.clock.clone(),
            }),
            matches: matching::service(matching::Deps {
                relationships: ports.relationships.clone(),
                presence: ports.presence.clone(),
                notifier: ports.notifier.clone(),
                clock: ports.clock.clone(),
                ids: ports.ids.clone(),
            }),
            messages: message_service(config, ports),
            moderation: moderation::service(moderation::Deps {
                queue: ports.queue.clone(),
                messages: ports.messages.clone(),
                audit: ports.audit.clone(),
                notifier: ports.notifier.clone(),
                clock: ports.clock.clone(),
            }),
            presence: presence::service(presence::Deps {
                presence: ports.presence.clone(),
                threads: ports.threads.clone(),
                users: ports.users.clone(),
                notifier: ports.notifier.clone(),
                clock: ports.clock.clone(),
            }),
            receipts: receipt::service(receipt::Deps {
                threads: ports.threads.clone(),
                messages: ports.messages.clone(),
                receipts: ports.receipts.clone(),
                relationships: ports.relationships.clone(),
                notifier: ports.notifier.clone(),
                clock: ports.clock.clone(),
            }),
            reports: report::service(report::Deps {
                queue: ports.queue.clone(),
                messages: ports.messages.clone(),
                threads: ports.threads.clone(),
                sanitizer: ports.sanitizer.clone(),
                audit: ports.audit.clone(),
                limiter: ports.limiter.clone(),
                clock: ports.clock.clone(),
                ids: ports.ids.clone(),
            }),
            risk: risk::service(risk::Deps {
                audit: ports.audit.clone(),
            }),
            threads: thread_service(config, ports),
            typing: typing::service(typing::Deps {
                threads: ports.threads.clone(),
                relationships: ports.relationships.clone(),
                notifier: ports.notifier.clone(),
            }),
            users: user::service(user::Deps {
                users: ports.users.clone(),
                audit: ports.audit.clone(),
                clock: ports.clock.clone(),
                ids: ports.ids.clone(),
            }),
        }
    }

    /// Those that REST calls.
    pub(super) fn rest(&self, ports: &Ports) -> chat_http::Services {
        chat_http::Services {
            messages: self.messages.clone(),
            threads: self.threads.clone(),
            receipts: self.receipts.clone(),
            presence: self.presence.clone(),
            blocks: self.blocks.clone(),
            reports: self.reports.clone(),
            moderation: self.moderation.clone(),
            matches: self.matches.clone(),
            users: self.users.clone(),
            risk: self.risk.clone(),
            events: self.events.clone(),
            auth: self.auth.clone(),
            limiter: ports.limiter.clone(),
            ids: ports.ids.clone(),
        }
    }

    /// Those that sockets call.
    pub(super) fn socket(&self, clock: Arc<dyn Clock>) -> chat_socket::Services {
        chat_socket::Services {
            auth: self.auth.clone(),
            messages: self.messages.clone(),
            receipts: self.receipts.clone(),
            typing: self.typing.clone(),
            presence: self.presence.clone(),
            clock,
        }
    }
}

fn auth_service(config: &Config, ports: &Ports) -> Arc<dyn AuthService> {
    auth::service(auth::Deps {
        verifier: ports.verifier.clone(),
        revocations: ports.revocations.clone(),
        sightings: ports.sightings.clone(),
        limiter: ports.limiter.clone(),
        audit: ports.audit.clone(),
        notifier: ports.notifier.clone(),
        clock: ports.clock.clone(),
        policy: auth::Policy {
            failures: config.limits.auth_failures,
            token_addresses: config.limits.token_addresses,
        },
    })
}

fn message_service(config: &Config, ports: &Ports) -> Arc<dyn MessageService> {
    message::service(message::Deps {
        messages: ports.messages.clone(),
        threads: ports.threads.clone(),
        receipts: ports.receipts.clone(),
        relationships: ports.relationships.clone(),
        presence: ports.presence.clone(),
        sanitizer: ports.sanitizer.clone(),
        moderator: ports.moderator.clone(),
        limiter: ports.limiter.clone(),
        audit: ports.audit.clone(),
        notifier: ports.notifier.clone(),
        clock: ports.clock.clone(),
        ids: ports.ids.clone(),
        policy: message::Policy {
            content: config.limits.content,
            moderation: config.moderation.mode,
            masking: config.moderation.masking,
            user_quota: config.limits.user_messages,
        },
    })
}

fn thread_service(config: &Config, ports: &Ports) -> Arc<dyn ThreadService> {
    thread::service(thread::Deps {
        threads: ports.threads.clone(),
        relationships: ports.relationships.clone(),
        presence: ports.presence.clone(),
        notifier: ports.notifier.clone(),
        clock: ports.clock.clone(),
        ids: ports.ids.clone(),
        policy: thread::Policy {
            max_participants: config.limits.participants,
            masking: config.moderation.masking,
        },
    })
}
