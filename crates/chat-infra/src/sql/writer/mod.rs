//! The batching writer: messages, read marks and deliveries share their commits.
//!
//! A commit costs a wait for the disk, so one commit carries all that came while the one before was under way. There is
//! no timer for messages and read marks: an idle writer begins at once, a busy one batches by itself. Deliveries are in
//! no hurry; they ride with the next batch, or go alone when none comes within 20 ms.
//!
//! | file | holds |
//! |---|---|
//! | `mod` | the queue, and the task that owns its end |
//! | `pending` | deliveries that wait for a batch |
//! | `decide` | what becomes of one message: pure |
//! | `batch` | a batch and the threads it has open: pure |
//! | `sqlite`, `statements` | one transaction on SQLite, and what it says to the database |
//! | `op` | a write that waits, and the way back to its caller |

mod batch;
mod decide;
mod op;
mod pending;
mod sqlite;
mod statements;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chat_domain::{
    error::RepoError,
    id::{MessageId, ThreadId, UserId},
    model::{
        message::{NewMessage, Seq},
        receipt::{Delivery, ReadOutcome},
    },
    port::message::{AppendError, Appended, CommitObserver},
};
use futures::{FutureExt, future::Either};
use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
    time::Instant,
};

use self::{
    batch::{BatchInput, BatchOutput},
    op::{Op, ReadMark, Reply},
    pending::PendingDeliveries,
};
use super::pool::SqlitePool;

/// Writes that may wait. At the pace of a slow disk that is a few seconds' worth; more would only time out.
const QUEUE_OPS: usize = 4_096;

/// Writes in one transaction: enough to make the commit's cost vanish, and short enough that reads of other connections
/// and other writes don't notice.
const BATCH_OPS: usize = 512;

/// A write that has waited longer is refused unwritten: its sender has given up and may already have retried.
const DEADLINE: Duration = Duration::from_secs(5);

struct Queued {
    op: Op,
    since: Instant,
}

/// The sending end: takes writes in the order of the calls, from any thread.
pub(super) struct WriteQueue {
    sender: mpsc::Sender<Queued>,
    shared: Arc<Shared>,
    /// Taken by `start`; until then, what is queued waits.
    receiver: Mutex<Option<mpsc::Receiver<Queued>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    deliveries: PendingDeliveries,
    closing: Notify,
}

impl WriteQueue {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_OPS);
        Self {
            sender,
            shared: Arc::default(),
            receiver: Mutex::new(Some(receiver)),
            task: Mutex::new(None),
        }
    }

    /// Starts the writer's task; `false` if it was started before.
    pub(super) fn start(
        &self,
        handle: &Handle,
        pool: Arc<SqlitePool>,
        observer: Arc<dyn CommitObserver>,
    ) -> bool {
        let Some(receiver) = lock(&self.receiver).take() else {
            return false;
        };
        let writer = Writer {
            receiver,
            shared: Arc::clone(&self.shared),
            pool,
            observer,
        };
        *lock(&self.task) = Some(handle.spawn(writer.run()));
        true
    }

    /// Whether nothing is taken any more.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Takes nothing more, and completes when all that was taken has been written.
    pub(super) async fn close(&self) {
        self.shared.closing.notify_one();
        // Not started: what is queued is refused.
        drop(lock(&self.receiver).take());
        let task = lock(&self.task).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer ended badly");
        }
    }

    pub(super) fn append(
        &self,
        message: NewMessage,
    ) -> impl Future<Output = Result<Appended, AppendError>> + Send + 'static {
        let (reply, answer) = oneshot::channel();
        match self.push(Op::Append(Box::new(message), reply)) {
            Ok(()) => Either::Left(async move { answer.await.map_err(lost)? }),
            Err(error) => Either::Right(std::future::ready(Err(error.into()))),
        }
    }

    pub(super) fn read(
        &self,
        thread: ThreadId,
        user: UserId,
        seq: Seq,
        message: Option<MessageId>,
    ) -> impl Future<Output = Result<Option<ReadOutcome>, RepoError>> + Send + 'static {
        let (reply, answer) = oneshot::channel();
        let mark = ReadMark {
            thread,
            user,
            seq,
            message,
        };
        match self.push(Op::Read(mark, reply)) {
            Ok(()) => Either::Left(async move { answer.await.map_err(lost)? }),
            Err(error) => Either::Right(std::future::ready(Err(error))),
        }
    }

    pub(super) fn delivered(&self, deliveries: Vec<Delivery>) {
        self.shared.deliveries.add(deliveries);
    }

    pub(super) fn delivered_now(
        &self,
        deliveries: Vec<Delivery>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let batch = self.shared.deliveries.add_now(deliveries);
        // The writer drops its end when the batch is over.
        batch.map(drop)
    }

    fn push(&self, op: Op) -> Result<(), RepoError> {
        let since = Instant::now();
        self.sender
            .try_send(Queued { op, since })
            .map_err(|error| RepoError::unavailable(error.to_string()))
    }
}

/// The writer went away with the answer: whether the write was made is not known.
fn lost(error: oneshot::error::RecvError) -> RepoError {
    RepoError::unavailable(error)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The task that owns the queue's end.
struct Writer {
    receiver: mpsc::Receiver<Queued>,
    shared: Arc<Shared>,
    pool: Arc<SqlitePool>,
    observer: Arc<dyn CommitObserver>,
}

impl Writer {
    async fn run(mut self) {
        while let Some(queued) = self.next().await {
            metrics::gauge!("chat_write_queue").set(count(self.receiver.len()));
            self.write(queued).await;
        }
        // Closed and drained: what is left of the deliveries goes last.
        self.write(Vec::new()).await;
    }

    /// All that waits, at most [`BATCH_OPS`]; nothing in it means that deliveries are due; `None` at the end.
    async fn next(&mut self) -> Option<Vec<Queued>> {
        let mut queued = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = self.shared.closing.notified(), if !self.receiver.is_closed() => self.receiver.close(),
                taken = self.receiver.recv_many(&mut queued, BATCH_OPS) => {
                    return (taken > 0).then_some(queued);
                }
                () = self.shared.deliveries.due() => return Some(queued),
            }
        }
    }

    async fn write(&self, queued: Vec<Queued>) {
        let (mut ops, mut replies) = (Vec::new(), Vec::new());
        for Queued { op, since } in queued {
            if since.elapsed() > DEADLINE {
                op.refuse("the write waited too long");
                continue;
            }
            let (op, reply) = op.split();
            ops.push(op);
            replies.push(reply);
        }
        let (deliveries, waiters) = self.shared.deliveries.take();
        if ops.is_empty() && deliveries.is_empty() {
            return;
        }
        metrics::histogram!("chat_write_batch_ops").record(count(ops.len() + deliveries.len()));
        let begun = Instant::now();
        let output = self.commit(BatchInput { ops, deliveries }).await;
        metrics::histogram!("chat_write_batch_seconds").record(begun.elapsed().as_secs_f64());
        self.announce(output, replies);
        drop(waiters);
    }

    /// Writes the batch; `Err` means that nothing is known of its outcome.
    async fn commit(&self, input: BatchInput) -> Result<BatchOutput, RepoError> {
        let mut writer = self.pool.writer().await?;
        let written = writer
            .conn
            .spawn_blocking(move |conn| Ok(sqlite::write(conn, &input)))
            .await;
        match written {
            Ok(output) => {
                writer.release();
                output
            }
            // It panicked: dropping the connection rolls back.
            Err(error) => Err(RepoError::unavailable(error)),
        }
    }

    /// First the observer, then the callers.
    fn announce(&self, output: Result<BatchOutput, RepoError>, replies: Vec<Reply>) {
        match output {
            Ok(output) => {
                if !output.committed.is_empty() {
                    self.observer.messages_committed(output.committed);
                }
                if !output.delivered.is_empty() {
                    self.observer.deliveries_committed(output.delivered);
                }
                for (reply, outcome) in replies.into_iter().zip(output.outcomes) {
                    reply.answer(outcome);
                }
            }
            Err(error) => {
                tracing::error!(error = source_of(&error), "a batch of writes failed");
                for reply in replies {
                    reply.refuse("the outcome of the write is not known");
                }
            }
        }
    }
}

/// The cause of an error, for the log.
fn source_of(error: &RepoError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a queue's length is far below 2^52"
)]
const fn count(items: usize) -> f64 {
    items as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{SqlOptions, SqlStore};
    use chat_domain::{
        contract::RecordingObserver,
        model::{
            content::{Content, ContentLimits},
            thread::{NewThread, ThreadKind},
        },
        port::{message::MessageRepository, thread::ThreadRepository},
        testing::{
            builder::{message_id, thread_id, user},
            fakes::ManualClock,
        },
        time::Timestamp,
    };

    fn message(number: Seq) -> NewMessage {
        NewMessage {
            id: message_id(number),
            thread_id: thread_id(),
            from: user("alice"),
            from_admin: false,
            content: Content::new("hi".into(), ContentLimits::default()).unwrap(),
            metadata: None,
            client_message_id: None,
            flag: None,
            sent_at: Timestamp::from_millis(1),
            socket: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_waited_too_long_is_refused_unwritten() {
        let directory = tempfile::tempdir().unwrap();
        let options = SqlOptions::sqlite(directory.path().join("chat.db"));
        let store = SqlStore::connect(options, Handle::current()).await.unwrap();
        let thread = NewThread {
            id: thread_id(),
            kind: ThreadKind::Pair,
            participants: vec![user("alice"), user("bob")],
            created_at: Timestamp::from_millis(0),
        };
        store.open(thread).await.unwrap();
        let stale = store.append(message(1));
        tokio::time::advance(DEADLINE + Duration::from_millis(1)).await;
        let fresh = store.append(message(2));
        let clock = Arc::new(ManualClock::at(0));
        store.start(Arc::new(RecordingObserver::default()), clock);
        let refused = stale.await;
        assert!(matches!(
            refused,
            Err(AppendError::Repo(RepoError::Unavailable(_)))
        ));
        assert_eq!(fresh.await.unwrap().message.seq, 1);
    }
}
