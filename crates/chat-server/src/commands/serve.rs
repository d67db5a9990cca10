//! `serve`: starts everything, listens, and goes down in order.

use std::{
    net::SocketAddr, num::NonZeroUsize, pin::pin, thread::available_parallelism, time::Duration,
};

use actix_web::{HttpServer, dev::Server, middleware::from_fn};
use anyhow::{Context, Result, anyhow, bail};
use tokio::{
    join,
    runtime::Runtime,
    select,
    time::{Instant, timeout_at},
};

use super::{Failure, banner};
use crate::{
    app::{self, App},
    background::Background,
    config::{Config, auth::AuthConfig},
    metrics::{self, Metrics},
    shutdown::Signals,
    telemetry,
    tokens::Keys,
};

/// How long the head of a request may take: slower than any client, faster than an attack would like.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may take to close.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may wait for its next request; a little longer than the usual proxy in front (60 s).
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections that the kernel holds while all workers are busy.
const BACKLOG: u32 = 2_048;
/// Connections of one worker, if there are file descriptors for so many.
const MAX_CONNECTIONS: u64 = 25_000;
/// Files that are no connections: the database, the log, libraries.
const OTHER_FILES: u64 = 128;
/// What is kept of the time for a stop to close the database; less where the stop has to be quick.
const CLOSING: Duration = Duration::from_secs(1);
/// How long the dispatcher of events rests when there are none.
const DISPATCH_IDLE: Duration = Duration::from_millis(250);
/// How long erasures rest when none waits.
const ERASURE_IDLE: Duration = Duration::from_millis(500);

pub(super) fn run(config: &Config, auth: AuthConfig) -> Result<(), Failure> {
    telemetry::start(&config.telemetry)?;
    for name in &config.unknown {
        tracing::warn!(
            name,
            "this variable means nothing to the server: is it misspelt?"
        );
    }
    let keys = Keys::new(auth)?;
    let runtime = app::runtime()?;
    let ended = runtime.block_on(serve(config, keys, &runtime));
    runtime.shutdown_timeout(CLOSING);
    Ok(ended?)
}

async fn serve(config: &Config, keys: Keys, runtime: &Runtime) -> Result<()> {
    // From here on a signal means an orderly stop, also during the start.
    let mut signals = Signals::listen()?;
    let metrics = Metrics::start()?;
    let minter = keys.minter.clone();
    let app = App::start(config, keys, metrics.clone(), runtime.handle()).await?;
    let background = background(&app, metrics);
    let (server, address) = listen(config, &app)?;
    let (handle, mut server) = (server.handle(), pin!(server));
    banner::print(config, address, minter.as_ref())?;
    let signal = select! {
        ended = &mut server => {
            ended.context("the listener failed")?;
            bail!("the listener stopped by itself");
        }
        signal = signals.next() => signal,
    };
    tracing::info!(signal, "going down");
    app.draining.begin();
    let deadline = Instant::now() + config.http.shutdown;
    let stop = async {
        // The listener goes first, or clients would come back to where they were sent away.
        let drained = timeout_at(deadline - CLOSING.min(config.http.shutdown / 4), async {
            join!(
                handle.stop(true),
                server,
                app.gateway.shutdown(),
                background.stop()
            )
        });
        if drained.await.is_err() {
            tracing::warn!("some connections were still open: they are cut off");
        }
        if timeout_at(deadline, app.store.close()).await.is_err() {
            tracing::warn!("the database was not closed in time: it recovers at the next start");
        }
    };
    select! {
        () = stop => {
            tracing::info!("stopped");
            Ok(())
        }
        signal = signals.again() => Err(anyhow!("stopped at once by a second signal, {signal}")),
    }
}

fn background(app: &App, metrics: Metrics) -> Background {
    let mut background = Background::new();
    let (events, users) = (app.events.clone(), app.users.clone());
    background.repeat("events", DISPATCH_IDLE, move || {
        let events = events.clone();
        async move { events.dispatch().await }
    });
    background.repeat("erasure", ERASURE_IDLE, move || {
        let users = users.clone();
        async move { users.run_erasure().await }
    });
    background.forever(metrics.upkeep());
    background
}

/// Binds, and starts the workers: one per core. Where the server is to be found beside it.
fn listen(config: &Config, app: &App) -> Result<(Server, SocketAddr)> {
    let workers = available_parallelism().map_or(1, NonZeroUsize::get);
    let app = app.clone();
    let factory = move || {
        chat_http::create_app(&app.rest, &app.options, &|cfg| app.configure(cfg))
            .wrap(from_fn(metrics::observe))
    };
    let server = HttpServer::new(factory)
        .workers(workers)
        .backlog(BACKLOG)
        .max_connections(connections(workers))
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .tcp_nodelay(true)
        // A client that closes its half has gone: an aborted poll is noticed at once.
        .h1_allow_half_closed(false)
        .disable_signals()
        .shutdown_timeout(config.http.shutdown.as_secs())
        .bind(&config.http.bind.0[..])
        .with_context(|| format!("can't listen on {}", config.http.bind))?;
    let address = *server.addrs().first().context("no address to listen on")?;
    Ok((server.run(), address))
}

/// How many connections each worker may hold: as many as there are file descriptors for, once the limit is raised.
fn connections(workers: usize) -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1_024);
    let each = files.saturating_sub(OTHER_FILES) / workers as u64;
    usize::try_from(each.clamp(64, MAX_CONNECTIONS)).unwrap_or(usize::MAX)
}
