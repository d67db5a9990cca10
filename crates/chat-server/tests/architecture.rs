//! The layers: who may depend on whom. The table is that of `docs/ARCHITECTURE.md`.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends with the first thing that fails"
)]

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

/// Each crate of the workspace, and the crates of the workspace that it may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("chat-domain", &[]),
    ("actix-socketio", &[]),
    ("chat-infra", &["chat-domain"]),
    ("chat-http", &["chat-domain"]),
    ("chat-socket", &["chat-domain", "actix-socketio"]),
    (
        "chat-server",
        &["chat-domain", "chat-infra", "chat-http", "chat-socket"],
    ),
    // Tools stand beside the layers: they start the server, and nobody builds on them.
    ("xtask", &[]),
    ("chat-bench", &[]),
];

/// Only the adapters' crate may name these.
const STORES: [&str; 6] = [
    "diesel",
    "diesel-async",
    "diesel_migrations",
    "libsqlite3-sys",
    "redis",
    "deadpool-redis",
];

/// Runs cargo, which runs this test too, without the network.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--locked"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The members of the workspace, each with the names of what its manifest depends on, for whatever purpose.
fn members() -> Vec<(String, BTreeSet<String>)> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let member = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap();
        let names = dependencies
            .iter()
            .map(|dependency| text(&dependency["name"]));
        (text(&package["name"]), names.collect())
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(member).collect()
}

/// The names of all crates that end up in a build of the package: no tests, no build scripts.
fn normal_graph(package: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "--package",
        package,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let names: BTreeSet<String> = tree.lines().map(name).collect();
    assert!(names.contains(package), "no tree of {package}: {tree}");
    names
}

#[test]
fn crates_depend_on_lower_layers_only() {
    let members = members();
    let ours: BTreeSet<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    for (member, dependencies) in &members {
        let row = ALLOWED.iter().find(|(name, _)| name == member);
        let (_, allowed) = row.unwrap_or_else(|| panic!("{member} has no row in the table"));
        for dependency in dependencies
            .iter()
            .filter(|name| ours.contains(name.as_str()))
        {
            // A crate names itself to turn on features for its tests.
            let may = allowed.contains(&dependency.as_str()) || dependency == member;
            assert!(may, "{member} must not depend on {dependency}");
        }
    }
}

#[test]
fn the_domain_knows_no_runtime_and_no_store() {
    for name in normal_graph("chat-domain") {
        let foreign = [
            "tokio", "actix", "diesel", "redis", "hyper", "reqwest", "sqlx",
        ];
        let found = foreign.into_iter().find(|prefix| name.starts_with(prefix));
        assert_eq!(found, None, "chat-domain depends on {name}");
    }
}

#[test]
fn the_socket_server_knows_nothing_of_chat() {
    let graph = normal_graph("actix-socketio");
    assert!(
        graph.iter().all(|name| !name.starts_with("chat-")),
        "{graph:?}"
    );
}

#[test]
fn the_server_is_built_without_mocks() {
    let graph = normal_graph("chat-server");
    for name in ["mockall", "proptest"] {
        assert!(!graph.contains(name), "chat-server is built with {name}");
    }
}

#[test]
fn only_the_adapters_name_a_store() {
    let mut naming = BTreeSet::new();
    for (member, dependencies) in members() {
        if STORES.iter().any(|store| dependencies.contains(*store)) {
            naming.insert(member);
        }
    }
    assert_eq!(naming, BTreeSet::from(["chat-infra".to_owned()]));
}
