//! The composition root: the only place where adapters meet use cases.

mod services;

use std::{num::NonZeroUsize, sync::Arc, thread::available_parallelism};

use actix_web::web::ServiceConfig;
use anyhow::{Context, Result};
use async_trait::async_trait;
use chat_domain::{
    service::{event::EventService, user::UserService},
    time::{Clock, SystemClock},
};
use chat_http::{client_address::TrustedProxies, demo, origins::AllowedOrigins};
use chat_infra::sql::{SqlOptions, SqlStore};
use chat_socket::{Fanout, Gateway, Origins};
use tokio::runtime::{Builder, Handle, Runtime};

use self::services::{Ports, Services};
use crate::{
    config::{Config, Mode, database::DatabaseConfig},
    metrics::Metrics,
    observe::Observed,
    routes::{
        self, dev_token,
        health::{self, Dependency, Health},
    },
    shutdown::Draining,
    tokens::{Keys, Minter},
};

/// Readers beyond the number of cores only wait for each other.
const MIN_READERS: usize = 2;

/// The multi-thread runtime that everything but actix's workers runs on: their runtimes have one thread each, and what
/// is dropped with a connection there must not take a transaction with it.
pub(crate) fn runtime() -> Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder
        .enable_all()
        .build()
        .context("can't start the runtime")
}

/// Opens the database, and brings its schema up to date if `migrate` says so.
pub(crate) async fn open(
    config: &DatabaseConfig,
    migrate: bool,
    runtime: &Handle,
) -> Result<SqlStore> {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let options = SqlOptions {
        path: config.path.clone(),
        readers: cores.max(MIN_READERS),
        migrate,
    };
    let opened = SqlStore::connect(options, runtime.clone()).await;
    opened.with_context(|| format!("can't use the database {}", config.path.display()))
}

/// The running parts. Cheap to clone: each worker has one.
#[derive(Clone)]
pub(crate) struct App {
    /// Where everything is stored.
    pub(crate) store: SqlStore,
    /// The live connections.
    pub(crate) gateway: Gateway,
    /// The feed that the dispatcher publishes.
    pub(crate) events: Arc<dyn EventService>,
    /// Whose erasures wait.
    pub(crate) users: Arc<dyn UserService>,
    /// What REST is made of.
    pub(crate) rest: chat_http::Services,
    /// How REST behaves.
    pub(crate) options: chat_http::Options,
    /// Whether the server is going down.
    pub(crate) draining: Draining,
    metrics: Metrics,
    minter: Option<Minter>,
    is_development: bool,
}

impl App {
    /// Opens the store, builds the use cases over it, and starts the writer.
    pub(crate) async fn start(
        config: &Config,
        keys: Keys,
        metrics: Metrics,
        runtime: &Handle,
    ) -> Result<Self> {
        let store = open(&config.database, config.database.migrate, runtime).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let fanout = Fanout::new();
        let ports = Ports::new(
            config,
            &store,
            keys.verifier,
            fanout.notifier(),
            clock.clone(),
        );
        let services = Services::new(config, &ports);
        let announcer = services::announcer(&ports);
        let observer = Arc::new(Observed::new(announcer, config.telemetry.content));
        store.start(observer, clock.clone());
        let gateway = Gateway::new(
            &fanout,
            services.socket(clock),
            socket_options(config),
            runtime.clone(),
        );
        Ok(Self {
            store,
            gateway,
            events: services.events.clone(),
            users: services.users.clone(),
            rest: services.rest(&ports),
            options: rest_options(config),
            draining: Draining::default(),
            metrics,
            minter: keys.minter,
            is_development: config.mode == Mode::Development,
        })
    }

    /// Registers what stands beside the REST API.
    pub(crate) fn configure(&self, cfg: &mut ServiceConfig) {
        self.gateway.configure(cfg);
        let database: Arc<dyn Dependency> = Arc::new(Database(self.store.clone()));
        let health = Health {
            dependencies: vec![database],
            draining: self.draining.clone(),
        };
        health::configure(cfg, &health);
        routes::metrics(cfg, &self.metrics);
        if self.is_development {
            demo::configure(cfg);
        }
        if let Some(minter) = &self.minter {
            dev_token::configure(cfg, minter);
        }
    }
}

struct Database(SqlStore);

#[async_trait]
impl Dependency for Database {
    fn name(&self) -> &'static str {
        "database"
    }

    async fn is_reachable(&self) -> bool {
        self.0.ping().await.is_ok()
    }
}

fn rest_options(config: &Config) -> chat_http::Options {
    chat_http::Options {
        max_payload_bytes: config.limits.payload_bytes,
        cors_origins: config.http.origins.clone(),
        trusted_proxies: TrustedProxies::new(config.http.trusted_proxies.clone()),
        rest_quota: config.limits.rest,
        development: config.mode == Mode::Development,
    }
}

fn socket_options(config: &Config) -> chat_socket::Options {
    let (limits, timers) = (&config.limits, &config.socket);
    let trusted = TrustedProxies::new(config.http.trusted_proxies.clone());
    chat_socket::Options {
        message_quota: limits.socket_messages,
        event_quota: limits.socket_events,
        connect_quota: limits.connections,
        max_sockets_per_user: limits.sockets_per_user.unwrap_or(0),
        max_payload_bytes: limits.payload_bytes,
        ping_interval: timers.ping_interval,
        ping_timeout: timers.ping_timeout,
        connect_timeout: timers.connect_timeout,
        origins: socket_origins(config),
        client_address: Arc::new(move |peer| {
            let address = peer
                .address
                .unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into());
            let forwarded = peer.forwarded.iter().copied();
            trusted.client(address, peer.forwarded_for.iter().copied(), forwarded)
        }),
    }
}

/// One rule for both front ends; the gateway adds the server's own origin.
fn socket_origins(config: &Config) -> Origins {
    let development = config.mode == Mode::Development;
    let allowed = AllowedOrigins::new(config.http.origins.clone(), development);
    Origins::predicate(move |origin| allowed.allows(origin))
}
