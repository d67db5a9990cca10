//! The ports' rules against every adapter: `sqlite::message::m2_a_retry_is_a_duplicate`, and what only SQLite promises.
//!
//! Adapters of presence and limits run their rules beside their code, in `src/memory`.

mod sqlite;
mod support;

use std::{panic::AssertUnwindSafe, time::Duration};

use chat_domain::contract;
use futures::{FutureExt, future::BoxFuture};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Builder;

/// A case that takes longer waits for something that never comes.
const TIME_LIMIT: Duration = Duration::from_secs(60);

fn main() {
    let mut trials = Vec::new();
    for (port, cases) in contract::STORE {
        for case in *cases {
            let run = case.run;
            trials.push(trial(format!("sqlite::{port}::{}", case.name), move || {
                Box::pin(async move {
                    let fresh = support::sqlite().await;
                    run(fresh.world).await;
                })
            }));
        }
    }
    for (name, run) in sqlite::CASES {
        trials.push(trial(format!("sqlite::own::{name}"), *run));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A test on a multi-thread runtime of its own.
fn trial(name: String, run: impl Fn() -> BoxFuture<'static, ()> + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let limited = async { tokio::time::timeout(TIME_LIMIT, run()).await };
        // The runtime is dropped after a panic as well, and the store's files with it.
        let outcome = runtime.block_on(AssertUnwindSafe(limited).catch_unwind());
        runtime.shutdown_timeout(Duration::from_secs(5));
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Failed::from("the case did not come to an end")),
            Err(panic) => Err(Failed::from(message_of(&*panic))),
        }
    })
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("the case panicked")
}
