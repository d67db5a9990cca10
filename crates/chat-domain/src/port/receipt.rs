//! How far people have received and read.

use async_trait::async_trait;
use futures::future::BoxFuture;

use crate::{
    error::RepoError,
    id::{MessageId, ThreadId, UserId},
    model::{
        message::Seq,
        receipt::{Delivery, ReadOutcome},
    },
};

/// Positions of participants.
///
/// # Rules (each has a case in `contract/receipt.rs`)
/// - **R1** Positions never move backwards: `0 ≤ read ≤ delivered ≤ last seq`; a mark beyond the last one is cut to it.
/// - **R2** `read` sets the unread count to the messages by others above the mark.
/// - **R3** `delivered` moves the position and tells the observer; one that moves nothing is not told.
/// - **R4** Reading implies having received.
/// - **R5** `read` of a stranger is `None` and changes nothing.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ReceiptRepository: Send + Sync {
    /// Notes deliveries, some time soon and together with others; never blocks. The observer hears of them once they are durable.
    /// A delivery that is lost with the process is found again: the message still waits.
    fn delivered(&self, deliveries: Vec<Delivery>);

    /// Notes deliveries at once; completes when that is over, whether it could be done or not: what could not be noted
    /// is delivered again.
    fn delivered_now(&self, deliveries: Vec<Delivery>) -> BoxFuture<'static, ()>;

    /// Moves the read mark to `seq`, where `message` stands. Queued at once; the future completes when it is durable.
    /// `None` if the user takes no part in the thread. The thread in the outcome is told apart by its id.
    fn read(
        &self,
        thread: ThreadId,
        user: UserId,
        seq: Seq,
        message: Option<MessageId>,
    ) -> BoxFuture<'static, Result<Option<ReadOutcome>, RepoError>>;
}
