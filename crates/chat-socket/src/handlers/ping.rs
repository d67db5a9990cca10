//! `ping`: takes anything, answers with the server's time.

use crate::{
    connection::Client,
    events::{Empty, Pong, ServerEventName},
    gateway::Core,
    reply::{Outcome, acknowledge},
};

pub(crate) fn ping(core: &Core, client: &Client) -> Outcome {
    let pong = Pong {
        server_time: core.services.clock.now(),
    };
    client.emit(ServerEventName::Pong, &pong);
    acknowledge(Empty {})
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Bed, Mocks, Seen};

    #[tokio::test(start_paused = true)]
    async fn any_payload_or_none_is_answered_with_pong_and_an_acknowledgement() {
        let bed = Bed::new(Mocks::default());
        let alice = bed.connect("alice").await;
        let payloads: [&[&str]; 4] = [&[], &["5"], &["{\"a\":[1]}"], &["null", "1"]];
        for args in payloads {
            bed.event(&alice, "ping", args, Some("ping")).await;
            let pong = json!({ "serverTime": "1970-01-01T00:16:40.000Z" });
            let expected = [
                Seen::Event("pong".into(), pong),
                Seen::Ack("ping", json!({ "ok": true })),
            ];
            assert_eq!(alice.log.take(), expected);
        }
        bed.event(&alice, "ping", &[], None).await;
        assert_eq!(alice.log.events(), ["pong"]);
    }
}
