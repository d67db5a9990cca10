//! Fresh stores for tests.

use std::{path::Path, sync::Arc};

use chat_domain::{
    contract::{RecordingObserver, World},
    testing::fakes::{ManualClock, SequentialIds},
};
use chat_infra::sql::{SqlOptions, SqlStore};
use tempfile::TempDir;
use tokio::runtime::Handle;

/// When every test begins: a time that is long enough ago to be told from the machine's.
const START_MS: i64 = 1_700_000_000_000;

/// A store in a file of its own. Gone with the value.
pub(crate) struct Fresh {
    pub(crate) directory: Arc<TempDir>,
    pub(crate) store: SqlStore,
    pub(crate) world: World,
}

/// A world over an empty SQLite database.
pub(crate) async fn sqlite() -> Fresh {
    let directory = Arc::new(tempfile::tempdir().expect("a temporary directory"));
    let store = open(directory.path()).await;
    let clock = Arc::new(ManualClock::at(START_MS));
    let ids = Arc::new(SequentialIds::default());
    let world = world(&directory, store.clone(), clock, ids);
    Fresh {
        directory,
        store,
        world,
    }
}

pub(crate) async fn open(directory: &Path) -> SqlStore {
    let options = SqlOptions::sqlite(directory.join("chat.db"));
    SqlStore::connect(options, Handle::current())
        .await
        .expect("a store that opens")
}

/// The store's ports; the directory lives as long as they do.
fn world(
    directory: &Arc<TempDir>,
    store: SqlStore,
    clock: Arc<ManualClock>,
    ids: Arc<SequentialIds>,
) -> World {
    let observed = Arc::new(RecordingObserver::default());
    store.start(observed.clone(), clock.clone());
    let port = Arc::new(store.clone());
    let restart = {
        let (directory, clock, ids) = (directory.clone(), clock.clone(), ids.clone());
        move || -> futures::future::BoxFuture<'static, World> {
            let (store, directory) = (store.clone(), directory.clone());
            let (clock, ids) = (clock.clone(), ids.clone());
            Box::pin(async move {
                store.close().await;
                let store = open(directory.path()).await;
                world(&directory, store, clock, ids)
            })
        }
    };
    World {
        messages: port.clone(),
        threads: port.clone(),
        receipts: port.clone(),
        relationships: port.clone(),
        moderation: port.clone(),
        audit: port.clone(),
        users: port.clone(),
        events: port.clone(),
        revocations: port,
        observed,
        clock,
        ids,
        restart: Arc::new(restart),
    }
}
