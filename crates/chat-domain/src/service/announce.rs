//! Telling clients what has been committed: messages, receipts and new threads.

use std::sync::Arc;

use crate::{
    id::{SocketId, UserId},
    model::{
        event::{Audience, ClientEvent, Push, ReadReceipt},
        message::Message,
        receipt::Delivery,
        thread::Thread,
    },
    port::{
        message::{CommitObserver, Committed},
        notifier::Notifier,
    },
    view::{Masking, MessageView, ThreadView},
};

/// What the announcer needs.
pub struct Deps {
    /// Where events go.
    pub notifier: Arc<dyn Notifier>,
}

/// The observer that tells clients of every commit.
pub fn observer(deps: Deps) -> Arc<dyn CommitObserver> {
    Arc::new(Announcer(deps))
}

struct Announcer(Deps);

impl CommitObserver for Announcer {
    fn messages_committed(&self, messages: Vec<Committed>) {
        for committed in messages {
            self.announce(committed);
        }
    }

    fn deliveries_committed(&self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let audience = Audience::user(delivery.author.clone());
            self.0.notifier.notify(Push {
                event: ClientEvent::DeliveryReceipt(delivery.into()),
                audience,
            });
        }
    }
}

impl Announcer {
    fn announce(
        &self,
        Committed {
            message,
            thread,
            socket,
            read_moved,
        }: Committed,
    ) {
        let author = message.from.clone();
        let others = everybody_but(&thread, &author);
        if read_moved {
            let receipt = ReadReceipt {
                thread_id: thread.id,
                user_id: author.clone(),
                up_to_message_id: Some(message.id),
                up_to_seq: message.seq,
                read_at: message.created_at,
            };
            announce_read(&*self.0.notifier, receipt, others.clone(), socket.clone());
        }
        let own = Self::view(message.clone(), &thread, &author);
        // Only the author's view differs: everybody else gets one and the same.
        let shared = Arc::new(MessageView {
            client_message_id: None,
            ..own.clone()
        });
        self.push(
            shared,
            true,
            Audience {
                users: others,
                except: None,
            },
        );
        self.push(Arc::new(own), false, Audience::user(author).except(socket));
    }

    /// A fresh message is never masked: a deleted author can't send.
    fn view(message: Message, thread: &Thread, viewer: &UserId) -> MessageView {
        MessageView::new(message, thread, viewer, Masking::Profile)
    }

    fn push(&self, message: Arc<MessageView>, receipt: bool, audience: Audience) {
        self.0.notifier.notify(Push {
            event: ClientEvent::Message { message, receipt },
            audience,
        });
    }
}

/// Tells `others`, and the reader's other sockets, that somebody read.
pub(super) fn announce_read(
    notifier: &dyn Notifier,
    receipt: ReadReceipt,
    others: Arc<[UserId]>,
    socket: Option<SocketId>,
) {
    let reader = Audience::user(receipt.user_id.clone()).except(socket);
    let event = ClientEvent::ReadReceipt(receipt);
    if !others.is_empty() {
        notifier.notify(Push {
            event: event.clone(),
            audience: Audience::users(others),
        });
    }
    notifier.notify(Push {
        event,
        audience: reader,
    });
}

/// Tells everybody in it that a thread was opened.
pub(super) fn announce_thread(notifier: &dyn Notifier, thread: &Thread, view: ThreadView) {
    let users: Vec<_> = thread
        .participants
        .iter()
        .map(|participant| participant.user_id.clone())
        .collect();
    let event = ClientEvent::ThreadCreated(Arc::new(view));
    notifier.notify(Push {
        event,
        audience: Audience::users(users),
    });
}

/// The ids of all participants but one.
pub(super) fn everybody_but(thread: &Thread, user: &UserId) -> Arc<[UserId]> {
    thread
        .others(user)
        .map(|other| other.user_id.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{
        id::ClientMessageId,
        port::notifier::MockNotifier,
        testing::builder::{message, thread, user},
    };

    fn pushes_of(committed: Committed) -> Vec<Push> {
        let pushes = Arc::new(Mutex::new(Vec::new()));
        let mut notifier = MockNotifier::new();
        let log = pushes.clone();
        notifier
            .expect_notify()
            .returning(move |push| log.lock().unwrap().push(push));
        observer(Deps {
            notifier: Arc::new(notifier),
        })
        .messages_committed(vec![committed]);
        pushes.lock().unwrap().clone()
    }

    fn committed(read_moved: bool) -> Committed {
        let mut message = message("alice", 1);
        message.client_message_id = ClientMessageId::parse("c-1").ok();
        let socket = SocketId::parse("s-1").ok();
        Committed {
            message,
            thread: Arc::new(thread(&["alice", "bob"])),
            socket,
            read_moved,
        }
    }

    #[test]
    fn recipients_get_the_message_and_the_authors_other_sockets_too() {
        let pushes = pushes_of(committed(false));
        let [to_bob, to_alice] = pushes.as_slice() else {
            panic!("two pushes expected: {pushes:?}")
        };
        assert_eq!(to_bob.audience, Audience::user(user("bob")));
        assert!(
            matches!(&to_bob.event, ClientEvent::Message { message, receipt: true } if message.client_message_id.is_none())
        );
        assert_eq!(
            to_alice.audience,
            Audience::user(user("alice")).except(SocketId::parse("s-1").ok())
        );
        assert!(
            matches!(&to_alice.event, ClientEvent::Message { message, receipt: false } if message.client_message_id.is_some())
        );
    }

    #[test]
    fn answering_tells_that_the_earlier_ones_were_read() {
        let pushes = pushes_of(committed(true));
        assert!(
            matches!(&pushes[0].event, ClientEvent::ReadReceipt(receipt) if receipt.up_to_seq == 1)
        );
        assert_eq!(pushes.len(), 4);
    }
}
