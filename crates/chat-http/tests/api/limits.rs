//! Requests per user.

use chat_domain::{
    model::limit::{LimitKey, Quota},
    page::Page,
    port::limit::MockRateLimiter,
    testing::builder::user,
};
use chat_http::Options;
use mockall::predicate::eq;

use crate::support::{CHATS, Mocks, limited};

fn path() -> String {
    format!("{CHATS}/threads")
}

#[actix_web::test]
async fn each_request_takes_one_from_the_users_bucket() {
    let quota = Quota {
        limit: 7,
        window_ms: 60_000,
    };
    let mut limiter = MockRateLimiter::new();
    limiter
        .expect_take()
        .with(eq(LimitKey::RestRequests(user("alice"))), eq(quota))
        .times(1)
        .returning(|_, _| Ok(()));
    let mut mocks = Mocks {
        limiter: Some(limiter),
        ..Mocks::new()
    };
    mocks.threads.expect_list().returning(|_, _, _| {
        Ok(Page {
            items: vec![],
            next_cursor: None,
        })
    });
    let options = Options {
        rest_quota: Some(quota),
        ..Options::default()
    };
    mocks
        .start_with(options)
        .await
        .get("alice", &path())
        .await
        .ok(200);
}

#[actix_web::test]
async fn an_empty_bucket_is_429_with_the_time_to_wait() {
    let mut limiter = MockRateLimiter::new();
    limiter.expect_take().returning(|_, _| Err(limited(2_001)));
    let app = Mocks {
        limiter: Some(limiter),
        ..Mocks::new()
    }
    .start()
    .await;
    let answer = app.get("alice", &path()).await;
    answer.problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "3");
}

#[actix_web::test]
async fn strangers_take_nothing_and_without_a_quota_nobody_does() {
    let app = Mocks {
        limiter: Some(MockRateLimiter::new()),
        ..Mocks::new()
    }
    .start()
    .await;
    app.get("", &path()).await.problem(401, "unauthenticated");
    let mut mocks = Mocks {
        limiter: Some(MockRateLimiter::new()),
        ..Mocks::new()
    };
    mocks.threads.expect_list().returning(|_, _, _| {
        Ok(Page {
            items: vec![],
            next_cursor: None,
        })
    });
    let options = Options {
        rest_quota: None,
        ..Options::default()
    };
    mocks
        .start_with(options)
        .await
        .get("alice", &path())
        .await
        .ok(200);
}
