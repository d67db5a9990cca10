//! Sending messages and reading them.

mod read;
mod send;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, future::BoxFuture, stream};
use serde_json::Value;

use crate::{
    error::{ErrorCode, RepoError},
    id::{ClientMessageId, SocketId, ThreadId, UserId},
    model::{
        content::{ContentLimits, InvalidContent},
        limit::{Limited, Quota},
        message::{Seq, Version},
        moderation::ModerationMode,
        user::Caller,
    },
    page::{InvalidCursor, Page},
    port::{
        audit::AuditLog,
        block::RelationshipRepository,
        limit::RateLimiter,
        message::{AppendError, MessageRepository},
        moderation::{Moderator, Sanitizer},
        notifier::Notifier,
        presence::Presence,
        receipt::ReceiptRepository,
        thread::ThreadRepository,
    },
    service::{error_code, suspicion::Suspicion},
    time::{Clock, IdGenerator},
    view::{Masking, MessageView, SyncedThread},
};

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Into this thread.
    Thread(ThreadId),
    /// To this person: the pair's thread is opened if need be.
    User(UserId),
}

/// A message as its author sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct SendMessage {
    /// Where it goes.
    pub target: Target,
    /// The text, not yet clean.
    pub content: String,
    /// A JSON object, not yet clean.
    pub metadata: Option<Value>,
    /// Makes a retry safe.
    pub client_message_id: Option<ClientMessageId>,
    /// The socket it came by; it gets the ack instead of the event.
    pub socket: Option<SocketId>,
}

/// A message that is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// As its author sees it.
    pub message: MessageView,
    /// It was sent before under the same client message id.
    pub duplicate: bool,
}

/// Completes when the message is durable or refused; it has its place already.
pub type PendingSend = BoxFuture<'static, Result<Sent, SendError>>;

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The text or metadata is not allowed.
    #[error("{0}")]
    Invalid(#[from] InvalidContent),
    /// Nobody writes to themselves.
    #[error("you can't write to yourself")]
    Yourself,
    /// The two may not chat.
    #[error("you can't chat with this person")]
    NotAllowed,
    /// Moderation refused the text.
    #[error("the text was refused by moderation")]
    Rejected,
    /// Too many messages.
    #[error(transparent)]
    Limited(#[from] Limited),
    /// Refused at its place.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(SendError {
    Self::Invalid(_) | Self::Yourself => ErrorCode::ValidationFailed,
    Self::NotAllowed => ErrorCode::ChatNotAllowed,
    Self::Rejected => ErrorCode::ContentRejected,
    Self::Limited(_) => ErrorCode::RateLimited,
    Self::Append(error) => error.code(),
    Self::Repo(error) => error.code(),
});

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// No such thread.
    #[error("there is no such thread")]
    ThreadNotFound,
    /// The caller takes no part in it.
    #[error("you take no part in this thread")]
    NotParticipant,
    /// See [`InvalidCursor`].
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(HistoryError {
    Self::ThreadNotFound => ErrorCode::ThreadNotFound,
    Self::NotParticipant => ErrorCode::NotParticipant,
    Self::Cursor(_) => ErrorCode::InvalidCursor,
    Self::Repo(error) => error.code(),
});

/// Where a page of history starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryFrom {
    /// At the newest message, going back.
    Newest,
    /// Where an earlier page of this list ended.
    Cursor(String),
    /// Above this place, going forward: oldest first.
    After(Seq),
}

/// What a user missed while no socket was live.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitingMessages {
    /// Oldest first, at most 200.
    pub messages: Vec<MessageView>,
    /// Threads in which more waits, and from which place on.
    pub more: Vec<(ThreadId, Seq)>,
}

/// Messages.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait MessageService: Send + Sync {
    /// Admits the message and gives it its place in the order of calls; what is returned completes at the commit.
    /// A caller that submits one after the other keeps their order without waiting for each commit.
    async fn submit(&self, caller: Caller, message: SendMessage) -> Result<PendingSend, SendError>;

    /// A page of the thread's history. What it hands out counts as delivered to the caller.
    async fn history(
        &self,
        caller: Caller,
        thread: ThreadId,
        from: HistoryFrom,
        limit: usize,
    ) -> Result<Page<MessageView>, HistoryError>;

    /// What changed in each thread above the version; at most 300 messages a thread. Counts as delivered.
    async fn sync(
        &self,
        caller: Caller,
        threads: Vec<(ThreadId, Version)>,
    ) -> Result<Vec<SyncedThread>, RepoError>;

    /// What waits for the user. Counts as delivered only when the gateway has written it to a socket.
    async fn waiting(&self, user: UserId) -> Result<WaitingMessages, RepoError>;
}

/// Sending in one step.
#[async_trait]
pub trait MessageServiceExt: MessageService {
    /// Submits the message and waits for the commit.
    async fn send(&self, caller: Caller, message: SendMessage) -> Result<Sent, SendError> {
        self.submit(caller, message).await?.await
    }
}

impl<S: MessageService + ?Sized> MessageServiceExt for S {}

/// What the service is told by configuration.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// How long a text may be.
    pub content: ContentLimits,
    /// What an unclean text gets.
    pub moderation: ModerationMode,
    /// What is hidden of deleted authors.
    pub masking: Masking,
    /// Messages per user over all sockets and REST.
    pub user_quota: Option<Quota>,
}

/// What the service needs.
pub struct Deps {
    /// Messages.
    pub messages: Arc<dyn MessageRepository>,
    /// Threads.
    pub threads: Arc<dyn ThreadRepository>,
    /// Positions.
    pub receipts: Arc<dyn ReceiptRepository>,
    /// Who may chat with whom.
    pub relationships: Arc<dyn RelationshipRepository>,
    /// Who is online.
    pub presence: Arc<dyn Presence>,
    /// Takes markup out.
    pub sanitizer: Arc<dyn Sanitizer>,
    /// Judges texts.
    pub moderator: Arc<dyn Moderator>,
    /// Counts messages per user.
    pub limiter: Arc<dyn RateLimiter>,
    /// Risk counters.
    pub audit: Arc<dyn AuditLog>,
    /// Where `thread_created` goes.
    pub notifier: Arc<dyn Notifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids for messages and threads.
    pub ids: Arc<dyn IdGenerator>,
    /// The configuration.
    pub policy: Policy,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn MessageService> {
    let suspicion = Suspicion {
        audit: deps.audit.clone(),
        limiter: deps.limiter.clone(),
        clock: deps.clock.clone(),
    };
    Arc::new(Service { deps, suspicion })
}

/// How many threads of one `sync` are read at once.
const SYNC_CONCURRENCY: usize = 4;

struct Service {
    deps: Deps,
    suspicion: Suspicion,
}

#[async_trait]
impl MessageService for Service {
    async fn submit(&self, caller: Caller, message: SendMessage) -> Result<PendingSend, SendError> {
        self.submit_in_order(caller, message).await
    }

    async fn history(
        &self,
        caller: Caller,
        thread: ThreadId,
        from: HistoryFrom,
        limit: usize,
    ) -> Result<Page<MessageView>, HistoryError> {
        self.read_history(caller, thread, from, limit).await
    }

    async fn sync(
        &self,
        caller: Caller,
        threads: Vec<(ThreadId, Version)>,
    ) -> Result<Vec<SyncedThread>, RepoError> {
        let synced = threads
            .into_iter()
            .map(|(thread, version)| self.sync_thread(&caller.user, thread, version));
        stream::iter(synced)
            .buffered(SYNC_CONCURRENCY)
            .try_collect()
            .await
    }

    async fn waiting(&self, user: UserId) -> Result<WaitingMessages, RepoError> {
        self.read_waiting(user).await
    }
}
