//! How far people have received and read: the port. The writer does the work.

use async_trait::async_trait;
use chat_domain::{
    error::RepoError,
    id::{MessageId, ThreadId, UserId},
    model::{
        message::Seq,
        receipt::{Delivery, ReadOutcome},
    },
    port::receipt::ReceiptRepository,
};
use futures::{FutureExt, future::BoxFuture};

use super::SqlStore;

#[async_trait]
impl ReceiptRepository for SqlStore {
    fn delivered(&self, deliveries: Vec<Delivery>) {
        self.0.queue.delivered(deliveries);
    }

    fn delivered_now(&self, deliveries: Vec<Delivery>) -> BoxFuture<'static, ()> {
        self.0.queue.delivered_now(deliveries).boxed()
    }

    fn read(
        &self,
        thread: ThreadId,
        user: UserId,
        seq: Seq,
        message: Option<MessageId>,
    ) -> BoxFuture<'static, Result<Option<ReadOutcome>, RepoError>> {
        self.0.queue.read(thread, user, seq, message).boxed()
    }
}
