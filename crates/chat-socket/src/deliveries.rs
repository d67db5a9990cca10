//! Messages that were written to their recipients' sockets, told to the receipts in bursts.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use chat_domain::{
    id::UserId, model::receipt::Delivery, service::receipt::ReceiptService, time::Clock,
    view::MessageView,
};
use tokio::runtime::Handle;

use crate::{session::Session, welcome::Pace};

/// Collects deliveries; what comes while a burst waits for its turn goes with it.
pub(crate) struct Deliveries {
    receipts: Arc<dyn ReceiptService>,
    clock: Arc<dyn Clock>,
    handle: Handle,
    waiting: Mutex<Vec<Delivery>>,
}

impl Deliveries {
    pub(crate) fn new(
        receipts: Arc<dyn ReceiptService>,
        clock: Arc<dyn Clock>,
        handle: Handle,
    ) -> Arc<Self> {
        Arc::new(Self {
            receipts,
            clock,
            handle,
            waiting: Mutex::default(),
        })
    }

    /// Notes that the message reached a socket of `recipient`. Called on the thread that writes: never blocks.
    fn note(self: &Arc<Self>, message: &MessageView, recipient: &UserId) {
        let delivery = Delivery {
            recipient: recipient.clone(),
            thread_id: message.thread_id,
            message_id: message.id,
            seq: message.seq,
            author: message.from_user_id.clone(),
            at: self.clock.now(),
        };
        let first = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(delivery);
            waiting.len() == 1
        };
        if first {
            let this = Arc::clone(self);
            self.handle.spawn(async move {
                let burst =
                    mem::take(&mut *this.waiting.lock().unwrap_or_else(PoisonError::into_inner));
                this.receipts.delivered(burst);
            });
        }
    }
}

/// What is done once a packet was written to a socket.
#[derive(Clone, Default)]
pub(crate) struct Written {
    receipt: Option<(Arc<Deliveries>, Arc<MessageView>)>,
    pace: Option<(Arc<Pace>, usize)>,
}

impl Written {
    /// Reports the message as delivered.
    pub(crate) fn delivers(deliveries: &Arc<Deliveries>, message: &Arc<MessageView>) -> Self {
        Self {
            receipt: Some((Arc::clone(deliveries), Arc::clone(message))),
            pace: None,
        }
    }

    /// Also makes room for the next packets of a catch-up.
    pub(crate) fn paced(self, pace: &Arc<Pace>, size_bytes: usize) -> Self {
        Self {
            pace: Some((Arc::clone(pace), size_bytes)),
            ..self
        }
    }

    /// The packet was written to this socket.
    pub(crate) fn to(&self, session: &Session) {
        if let Some((deliveries, message)) = &self.receipt
            && !session.is_behind(message.thread_id, message.seq)
        {
            deliveries.note(message, &session.user);
        }
        if let Some((pace, size_bytes)) = &self.pace {
            pace.written(*size_bytes);
        }
    }
}
