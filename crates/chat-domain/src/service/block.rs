//! Blocking people.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    error::{ErrorCode, RepoError},
    id::UserId,
    model::user::Caller,
    page::{InvalidCursor, Page, decode_pair, encode_cursor},
    port::block::{Block, RelationshipRepository},
    service::error_code,
    time::{Clock, Timestamp},
};

/// Why a block could not be set or listed.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// Nobody blocks themselves.
    #[error("you can't block yourself")]
    Yourself,
    /// See [`InvalidCursor`].
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The store failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

error_code!(BlockError {
    Self::Yourself => ErrorCode::ValidationFailed,
    Self::Cursor(_) => ErrorCode::InvalidCursor,
    Self::Repo(error) => error.code(),
});

/// A user's block list.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait BlockService: Send + Sync {
    /// Blocks somebody; twice is once.
    async fn block(&self, caller: Caller, blocked: UserId) -> Result<(), BlockError>;
    /// Takes it back; what was missed meanwhile is not replayed.
    async fn unblock(&self, caller: Caller, blocked: UserId) -> Result<(), BlockError>;
    /// Whom the caller blocks, newest first.
    async fn list(
        &self,
        caller: Caller,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<Block>, BlockError>;
}

/// What the service needs.
pub struct Deps {
    /// Blocks.
    pub relationships: Arc<dyn RelationshipRepository>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases over these adapters.
pub fn service(deps: Deps) -> Arc<dyn BlockService> {
    Arc::new(Service(deps))
}

struct Service(Deps);

#[async_trait]
impl BlockService for Service {
    async fn block(&self, caller: Caller, blocked: UserId) -> Result<(), BlockError> {
        if caller.user == blocked {
            return Err(BlockError::Yourself);
        }
        Ok(self
            .0
            .relationships
            .block(caller.user, blocked, self.0.clock.now())
            .await?)
    }

    async fn unblock(&self, caller: Caller, blocked: UserId) -> Result<(), BlockError> {
        Ok(self.0.relationships.unblock(caller.user, blocked).await?)
    }

    async fn list(
        &self,
        caller: Caller,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page<Block>, BlockError> {
        let scope = format!("blocks/{}", caller.user);
        let after = cursor.map(|cursor| position(&scope, &cursor)).transpose()?;
        let (items, more) = self.0.relationships.list(caller.user, after, limit).await?;
        Ok(Page::new(items, more, |last| {
            encode_cursor(
                &scope,
                &format!("{} {}", last.created_at.as_millis(), last.blocked),
            )
        }))
    }
}

fn position(scope: &str, cursor: &str) -> Result<Block, InvalidCursor> {
    let (at, blocked) = decode_pair(scope, cursor)?;
    Ok(Block {
        blocked,
        created_at: Timestamp::from_millis(at),
    })
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{
        port::block::MockRelationshipRepository,
        testing::{builder::user, fakes::ManualClock},
    };

    #[test]
    fn nobody_blocks_themselves() {
        let deps = Deps {
            relationships: Arc::new(MockRelationshipRepository::new()),
            clock: Arc::new(ManualClock::at(0)),
        };
        let outcome = block_on(service(deps).block(Caller::user(user("alice")), user("alice")));
        assert!(matches!(outcome, Err(BlockError::Yourself)));
    }

    #[test]
    fn the_list_goes_on_where_its_cursor_says() {
        let mut relationships = MockRelationshipRepository::new();
        let bob = Block {
            blocked: user("bob"),
            created_at: Timestamp::from_millis(7),
        };
        let first = bob.clone();
        relationships
            .expect_list()
            .withf(|_, after, _| after.is_none())
            .return_once(move |_, _, _| Ok((vec![first], true)));
        relationships
            .expect_list()
            .withf(move |_, after, _| *after == Some(bob.clone()))
            .return_once(|_, _, _| Ok((vec![], false)));
        let service = service(Deps {
            relationships: Arc::new(relationships),
            clock: Arc::new(ManualClock::at(0)),
        });
        let alice = Caller::user(user("alice"));
        let page = block_on(service.list(alice.clone(), None, 1)).unwrap();
        assert!(page.next_cursor.is_some());
        let end = block_on(service.list(alice.clone(), page.next_cursor.clone(), 1)).unwrap();
        assert_eq!(end.next_cursor, None);
        let foreign = block_on(service.list(Caller::user(user("bob")), page.next_cursor, 1));
        assert!(matches!(foreign, Err(BlockError::Cursor(_))));
    }
}
