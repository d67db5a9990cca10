//! What is known of one socket from its CONNECT to its end.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use chat_domain::{
    id::{SocketId, ThreadId, UserId},
    model::{message::Seq, token::Claims, user::Caller},
};

use crate::{
    limits::Bucket, options::Options, pipeline::Pipeline, typing::TypingTimers, welcome::Welcome,
};

/// A socket's state. It does not hold the connection, which holds it.
pub(crate) struct Session {
    pub(crate) user: UserId,
    pub(crate) id: SocketId,
    /// The client's own address, as far as trusted proxies tell it.
    pub(crate) address: IpAddr,
    /// `private_message`.
    pub(crate) messages: Bucket,
    /// Every other event.
    pub(crate) events: Bucket,
    pub(crate) pipeline: Pipeline,
    pub(crate) typing: TypingTimers,
    pub(crate) span: tracing::Span,
    claims: RwLock<Claims>,
    welcome: Mutex<Option<Welcome>>,
    /// From which place on the client was told that something is missing, and has not fetched it yet.
    behind: Mutex<BTreeMap<ThreadId, Seq>>,
    ended: AtomicBool,
}

impl Session {
    pub(crate) fn new(
        id: SocketId,
        address: IpAddr,
        claims: Claims,
        options: &Options,
        welcome: Welcome,
    ) -> Self {
        let user = claims.caller.user.clone();
        Self {
            span: tracing::info_span!("socket", socket = %id, %user),
            user,
            id,
            address,
            messages: Bucket::new(options.message_quota),
            events: Bucket::new(options.event_quota),
            pipeline: Pipeline::default(),
            typing: TypingTimers::default(),
            claims: RwLock::new(claims),
            welcome: Mutex::new(Some(welcome)),
            behind: Mutex::default(),
            ended: AtomicBool::new(false),
        }
    }

    /// Who calls, with the roles of the token in force.
    pub(crate) fn caller(&self) -> Caller {
        self.with_claims(|claims| claims.caller.clone())
    }

    pub(crate) fn with_claims<R>(&self, look: impl FnOnce(&Claims) -> R) -> R {
        look(&self.claims.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace_claims(&self, claims: Claims) {
        *self.claims.write().unwrap_or_else(PoisonError::into_inner) = claims;
    }

    /// What the socket gets first; only once.
    pub(crate) fn take_welcome(&self) -> Option<Welcome> {
        self.welcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The client has to fetch what is missing in these threads. Until it has, messages above the gap don't count as
    /// delivered: a position that jumps over the gap would have the gap forgotten.
    pub(crate) fn falls_behind(&self, missing: &BTreeMap<ThreadId, Seq>) {
        self.behind().extend(missing);
    }

    /// The client has fetched what was missing in the thread.
    pub(crate) fn catches_up(&self, thread: ThreadId) {
        self.behind().remove(&thread);
    }

    /// Whether something below that place is missing.
    pub(crate) fn is_behind(&self, thread: ThreadId, seq: Seq) -> bool {
        self.behind().get(&thread).is_some_and(|from| *from <= seq)
    }

    fn behind(&self) -> MutexGuard<'_, BTreeMap<ThreadId, Seq>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the session as ended by the server; `true` for the first who does.
    pub(crate) fn end(&self) -> bool {
        !self.ended.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}
