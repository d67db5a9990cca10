//! The profile mirror, erasure and export.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde_json::Value;

use crate::{
    error::RepoError,
    id::{JobId, UserId},
    model::{risk::AuditEvent, user::ProfilePatch},
    port::{
        audit::AuditLog,
        user::{Job, UserRepository},
    },
    time::{Clock, IdGenerator},
};

/// People, as other services tell of them. Roles are checked by the front end.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait UserService: Send + Sync {
    /// Changes the mirror.
    async fn update_profile(&self, user: UserId, patch: ProfilePatch) -> Result<(), RepoError>;

    /// Queues an erasure; an adapter runs it with [`run_erasure`](Self::run_erasure).
    async fn erase(&self, user: UserId) -> Result<JobId, RepoError>;

    /// Runs the oldest erasure that waits; `false` if none does.
    async fn run_erasure(&self) -> Result<bool, RepoError>;

    /// The job with that id.
    async fn job(&self, id: JobId) -> Result<Option<Job>, RepoError>;

    /// Everything that is stored of the user, one JSON object a row.
    fn export(&self, user: UserId) -> BoxStream<'static, Result<Value, RepoError>>;
}

/// What the service needs.
pub struct Deps {
    /// The mirror, and all that is stored of people.
    pub users: Arc<dyn UserRepository>,
    /// The trail of erasures.
    pub audit: Arc<dyn AuditLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids for jobs.
    pub ids: Arc<dyn IdGenerator>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn UserService> {
    Arc::new(Service(deps))
}

struct Service(Deps);

#[async_trait]
impl UserService for Service {
    async fn update_profile(&self, user: UserId, patch: ProfilePatch) -> Result<(), RepoError> {
        self.0.users.update(user, patch).await
    }

    async fn erase(&self, user: UserId) -> Result<JobId, RepoError> {
        let (job, now) = (self.0.ids.next().into(), self.0.clock.now());
        self.0.users.request_erasure(job, user, now).await?;
        let event = AuditEvent {
            action: "user.erasure_requested",
            actor: None,
            subject: Some(job.to_string()),
            at: now,
        };
        self.0.audit.record(event).await?;
        Ok(job)
    }

    async fn run_erasure(&self) -> Result<bool, RepoError> {
        self.0.users.run_erasure(self.0.clock.now()).await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, RepoError> {
        self.0.users.job(id).await
    }

    fn export(&self, user: UserId) -> BoxStream<'static, Result<Value, RepoError>> {
        self.0.users.export(user)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{
        port::{audit::MockAuditLog, user::MockUserRepository},
        testing::{
            builder::user,
            fakes::{ManualClock, SequentialIds},
        },
    };

    #[test]
    fn the_trail_of_an_erasure_names_the_job_and_not_the_person() {
        let mut users = MockUserRepository::new();
        users
            .expect_request_erasure()
            .times(1)
            .returning(|_, _, _| Ok(()));
        let mut audit = MockAuditLog::new();
        audit
            .expect_record()
            .withf(|event| event.actor.is_none() && event.subject.as_deref() != Some("alice"))
            .times(1)
            .returning(|_| Ok(()));
        let deps = Deps {
            users: Arc::new(users),
            audit: Arc::new(audit),
            clock: Arc::new(ManualClock::at(0)),
            ids: Arc::new(SequentialIds::default()),
        };
        block_on(service(deps).erase(user("alice"))).unwrap();
    }
}
