//! Sending: admit, clean, judge, find the thread, take a place in it.

use futures::FutureExt;
use serde_json::json;

use super::{PendingSend, SendError, SendMessage, Sent, Service, Target};
use crate::{
    id::{ThreadId, UserId},
    model::{
        access::may_open,
        content::{Content, Metadata},
        limit::LimitKey,
        message::NewMessage,
        moderation::{Flag, ModerationMode},
        risk::SignalKind,
        thread::{NewThread, ThreadKind},
        user::Caller,
    },
    service::{announce::announce_thread, visibility::online_of},
    view::{MessageView, ThreadView},
};

impl Service {
    pub(super) async fn submit_in_order(
        &self,
        caller: Caller,
        message: SendMessage,
    ) -> Result<PendingSend, SendError> {
        self.admit(&caller.user).await?;
        let sanitize = |text: &str| self.deps.sanitizer.sanitize(text);
        let content = Content::new(sanitize(&message.content), self.deps.policy.content)?;
        let metadata = message
            .metadata
            .map(|value| Metadata::new(value, &sanitize))
            .transpose()?;
        let flag = self.judge(&caller.user, &content).await?;
        let thread_id = self.thread_for(&caller, message.target).await?;
        let metadata = match &flag {
            Some(flag) => Some(marked(metadata.unwrap_or_default(), flag)),
            None => metadata,
        };
        let pending = self.deps.messages.append(NewMessage {
            id: self.deps.ids.next().into(),
            thread_id,
            from_admin: caller.is_admin(),
            from: caller.user.clone(),
            content,
            metadata,
            client_message_id: message.client_message_id,
            flag,
            sent_at: self.deps.clock.now(),
            socket: message.socket,
        });
        let masking = self.deps.policy.masking;
        let sent = pending.map(move |outcome| {
            let appended = outcome?;
            let message =
                MessageView::new(appended.message, &appended.thread, &caller.user, masking);
            Ok(Sent {
                message,
                duplicate: appended.duplicate,
            })
        });
        Ok(sent.boxed())
    }

    async fn admit(&self, user: &UserId) -> Result<(), SendError> {
        let Some(quota) = self.deps.policy.user_quota else {
            return Ok(());
        };
        if let Err(limited) = self
            .deps
            .limiter
            .take(LimitKey::UserMessages(user.clone()), quota)
            .await
        {
            self.suspicion
                .raise_sparsely(user, SignalKind::RateLimited)
                .await;
            return Err(limited.into());
        }
        Ok(())
    }

    /// What moderation says of the text: nothing, a flag, or no.
    async fn judge(&self, user: &UserId, content: &Content) -> Result<Option<Flag>, SendError> {
        if self.deps.policy.moderation == ModerationMode::Off {
            return Ok(None);
        }
        let Some(flag) = self.deps.moderator.review(content.as_str()).await else {
            return Ok(None);
        };
        self.suspicion.raise(user, SignalKind::UncleanText).await;
        if self.deps.policy.moderation == ModerationMode::Reject {
            return Err(SendError::Rejected);
        }
        Ok(Some(flag))
    }

    /// The thread that the message goes to; opens the pair's if there is none and the two may chat.
    async fn thread_for(&self, caller: &Caller, target: Target) -> Result<ThreadId, SendError> {
        let peer = match target {
            Target::Thread(thread) => return Ok(thread),
            Target::User(peer) if peer == caller.user => return Err(SendError::Yourself),
            Target::User(peer) => peer,
        };
        if let Some(thread) = self
            .deps
            .threads
            .find_pair(caller.user.clone(), peer.clone())
            .await?
        {
            return Ok(thread);
        }
        let between = self
            .deps
            .relationships
            .between(caller.user.clone(), vec![peer.clone()])
            .await?;
        if !between
            .into_iter()
            .all(|relationship| may_open(caller, relationship))
        {
            return Err(SendError::NotAllowed);
        }
        let pair = vec![caller.user.clone(), peer];
        let opened = self.deps.threads.open(NewThread {
            id: self.deps.ids.next().into(),
            kind: ThreadKind::Pair,
            participants: pair.clone(),
            created_at: self.deps.clock.now(),
        });
        let opened = opened.await?;
        if opened.created {
            let online = online_of(&*self.deps.presence, pair).await?;
            let view = ThreadView::new(&opened.thread, None, None, &|user| online.contains(user));
            announce_thread(&*self.deps.notifier, &opened.thread, view);
        }
        Ok(opened.thread.id)
    }
}

/// The verdict as the metadata shows it: `"moderation": { "flagged": true, "categories": [...] }`.
fn marked(metadata: Metadata, flag: &Flag) -> Metadata {
    metadata.with_moderation(json!({ "flagged": true, "categories": flag.categories }))
}
