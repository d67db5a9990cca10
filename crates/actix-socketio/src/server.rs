//! The server: what is built once, mounted in every worker, and shared by all of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use actix_web::web::ServiceConfig;

use crate::adapter::{Adapter, LocalAdapter};
use crate::config::Config;
use crate::engine::{Engine, EngineCore, HandshakeRequest};
use crate::error::Refusal;
use crate::socket::{Clients, Namespace, NamespaceCore, NamespaceHandle, Namespaces};

pub(crate) type AllowRequest =
    dyn Fn(&HandshakeRequest<'_>) -> Result<(), Refusal> + Send + Sync + 'static;
type AdapterFactory = dyn Fn(&str) -> Arc<dyn Adapter>;

/// A Socket.IO server. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct SocketIo {
    namespaces: Arc<Namespaces>,
    engine: Engine,
}

impl SocketIo {
    /// Starts to describe a server.
    pub fn builder() -> SocketIoBuilder {
        SocketIoBuilder {
            config: Config::default(),
            allow_request: None,
            namespaces: HashMap::new(),
            adapter: Box::new(|_| Arc::new(LocalAdapter::default())),
        }
    }

    /// Serves Socket.IO under `path`, usually `/socket.io/`. Call it for every worker's `App`.
    pub fn configure(&self, cfg: &mut ServiceConfig, path: &str) {
        self.engine.configure(cfg, path);
    }

    /// The namespace with this name, if it was registered.
    pub fn of(&self, namespace: &str) -> Option<NamespaceHandle> {
        self.namespaces
            .get(&*with_slash(namespace))
            .cloned()
            .map(NamespaceHandle)
    }

    /// How many sessions are open.
    pub fn session_count(&self) -> usize {
        self.engine.session_count()
    }

    /// Refuses new sessions and closes all open ones: queued packets are delivered first, long polls are answered, and
    /// clients reconnect by themselves, to this or another node. Returns when all are closed, or `close_timeout` has
    /// passed.
    pub async fn close_all(&self) {
        self.engine.close_all().await;
    }
}

/// Describes a [`SocketIo`].
#[must_use = "nothing is served until `build`"]
pub struct SocketIoBuilder {
    config: Config,
    allow_request: Option<Arc<AllowRequest>>,
    namespaces: HashMap<Box<str>, Arc<dyn Namespace>>,
    adapter: Box<AdapterFactory>,
}

impl SocketIoBuilder {
    /// Sets all options. Default: [`Config::default`].
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Asks `hook` about every request that wants a session, on both transports. It runs on the worker's thread and
    /// must not block.
    pub fn allow_request(
        mut self,
        hook: impl Fn(&HandshakeRequest<'_>) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Self {
        self.allow_request = Some(Arc::new(hook));
        self
    }

    /// Registers a namespace, `/` or `/name`. Clients that ask for another get "Invalid namespace".
    pub fn namespace(mut self, name: &str, handler: Arc<dyn Namespace>) -> Self {
        self.namespaces.insert(with_slash(name).into(), handler);
        self
    }

    /// Makes the adapter of each namespace; called with the namespace's name. Default: [`LocalAdapter`].
    pub fn adapter(mut self, make: impl Fn(&str) -> Arc<dyn Adapter> + 'static) -> Self {
        self.adapter = Box::new(make);
        self
    }

    /// Builds the server.
    pub fn build(self) -> SocketIo {
        let core = |(name, handler): (Box<str>, Arc<dyn Namespace>)| {
            let adapter = (self.adapter)(&name);
            let core = NamespaceCore {
                name: name.as_ref().into(),
                handler,
                adapter,
            };
            (name, Arc::new(core))
        };
        let namespaces: Arc<Namespaces> = Arc::new(self.namespaces.into_iter().map(core).collect());
        let clients = Clients {
            namespaces: Arc::clone(&namespaces),
        };
        let engine = EngineCore::new(self.config, Arc::new(clients), self.allow_request);
        SocketIo {
            namespaces,
            engine: Engine::from_core(Arc::new(engine)),
        }
    }
}

/// Names of namespaces begin with a slash; callers may leave it out.
fn with_slash(name: &str) -> Cow<'_, str> {
    if name.starts_with('/') {
        name.into()
    } else {
        format!("/{name}").into()
    }
}
