//! Query strings: bounds, unknown parameters, parameters given twice.

use crate::support::{CHATS, INTERNAL, Mocks};

#[actix_web::test]
async fn a_limit_is_1_to_100_on_every_list() {
    let app = Mocks::new().start().await;
    for list in [
        format!("{CHATS}/threads"),
        format!("{CHATS}/threads/{}/messages", crate::support::THREAD),
        format!("{CHATS}/blocks"),
        format!("{INTERNAL}/events"),
        format!("{INTERNAL}/moderation"),
    ] {
        for limit in [
            "0",
            "101",
            "-5",
            "x",
            "",
            "1.5",
            "%00",
            "18446744073709551616",
            "%F0%9F%98%80",
        ] {
            app.get("root/admin", &format!("{list}?limit={limit}"))
                .await
                .invalid("limit");
        }
        app.get("root/admin", &format!("{list}?limit=1&limit=2"))
            .await
            .invalid("limit");
        app.get("root/admin", &format!("{list}?Limit=1"))
            .await
            .invalid("Limit");
    }
}
