//! Typing ends by itself: one timer for each thread that a socket types in.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chat_domain::{id::ThreadId, service::typing::TypingService};
use tokio::{runtime::Handle, task::AbortHandle, time};

use crate::session::Session;

/// How long typing lasts without being repeated, as the contract has it.
pub(crate) const TYPING_LASTS: Duration = Duration::from_secs(6);

/// Threads in which the socket's user types, each with its timer.
#[derive(Default)]
pub(crate) struct TypingTimers(Mutex<HashMap<ThreadId, AbortHandle>>);

impl TypingTimers {
    /// The user types no more; whether that ends something.
    pub(crate) fn stop(&self, thread: ThreadId) -> bool {
        let timer = self.timers(|timers| timers.remove(&thread));
        timer.inspect(AbortHandle::abort).is_some()
    }

    /// Stops all timers and names their threads.
    pub(crate) fn stop_all(&self) -> Vec<ThreadId> {
        let timers = self.timers(std::mem::take);
        timers
            .into_iter()
            .map(|(thread, timer)| {
                timer.abort();
                thread
            })
            .collect()
    }

    fn timers<R>(&self, change: impl FnOnce(&mut HashMap<ThreadId, AbortHandle>) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts the thread's timer anew; at its end the others are told.
pub(crate) fn start(
    session: &Arc<Session>,
    thread: ThreadId,
    service: &Arc<dyn TypingService>,
    handle: &Handle,
) {
    let (owner, service) = (Arc::clone(session), Arc::clone(service));
    // The lock is held until the timer is in the map, so that the timer finds itself there.
    session.typing.timers(|timers| {
        let timer = handle.spawn(async move {
            time::sleep(TYPING_LASTS).await;
            let mine = tokio::task::try_id();
            let over = owner.typing.timers(|timers| {
                let current = timers.get(&thread).map(AbortHandle::id);
                let over = current.is_some() && current == mine;
                if over {
                    timers.remove(&thread);
                }
                over
            });
            if over {
                tell_end(&owner, thread, &service).await;
            }
        });
        if let Some(before) = timers.insert(thread, timer.abort_handle()) {
            before.abort();
        }
    });
}

/// Tells the others that the user stopped typing; that it could not be told is no matter for anybody.
pub(crate) async fn tell_end(
    session: &Session,
    thread: ThreadId,
    service: &Arc<dyn TypingService>,
) {
    let told = service
        .typing(session.caller(), thread, false, Some(session.id.clone()))
        .await;
    if let Err(error) = told {
        tracing::debug!(%error, "the end of typing was not told");
    }
}
