//! The command line: what each command prints, and how it ends.

mod support;

use support::{SECRET, Scratch, Server, run, run_in};

/// The lines on standard error.
fn complaints(stderr: &str) -> Vec<&str> {
    stderr.lines().collect()
}

#[test]
fn help_lists_commands_and_variables() {
    let help = run(&["--help"], &[]);
    assert_eq!(help.code, Some(0));
    for word in [
        "serve",
        "migrate",
        "token",
        "openapi",
        "DATABASE_URL",
        "CHAT_EVENTS",
        "[127.0.0.1:5001]",
    ] {
        assert!(
            help.stdout.contains(word),
            "{word} is missing:\n{}",
            help.stdout
        );
    }
    let version = run(&["--version"], &[]);
    assert_eq!(
        version.stdout,
        concat!("chat-server ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn wrong_arguments_end_with_code_2() {
    for arguments in [
        &["sing"][..],
        &["serve", "--port", "1"],
        &["token"],
        &["token", "--user", "a b"],
        &["token", "--user", "alice", "--role", "king"],
        &["token", "--user", "alice", "--ttl", "0"],
        &["token", "--user", "alice", "--ttl", "31536001"],
    ] {
        let ended = run(arguments, &[("JWT_SECRET", SECRET)]);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn a_bad_configuration_ends_with_code_2_and_one_line_for_each_problem() {
    let ended = run(&[], &[("CHAT_REST_RATE", "many"), ("CHAT_MIGRATE", "yes")]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        complaints(&ended.stderr),
        [
            "chat-server: CHAT_MIGRATE must be one of: true, false",
            "chat-server: CHAT_REST_RATE must be a whole number from 0 to 1000000",
        ]
    );
}

#[test]
fn production_without_a_key_does_not_start() {
    let ended = run(&["serve"], &[("CHAT_ENV", "production")]);
    assert_eq!(ended.code, Some(2));
    assert_eq!(complaints(&ended.stderr).len(), 1, "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .starts_with("chat-server: JWT_SECRET must be set in production")
    );
}

#[test]
fn an_address_that_is_taken_ends_with_code_1() {
    let folder = Scratch::new();
    let first = Server::start(&folder, &[]);
    let ended = run(&[], &[("CHAT_BIND", &first.address)]);
    assert_eq!(ended.code, Some(1));
    let line = complaints(&ended.stderr).pop().unwrap_or_default();
    assert!(
        line.starts_with(&format!("chat-server: can't listen on {}: ", first.address)),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_database_that_is_no_file_ends_with_code_1() {
    let folder = Scratch::new();
    let url = format!("sqlite://{}", folder.path().display());
    for command in ["serve", "migrate"] {
        let ended = run(&[command], &[("DATABASE_URL", &url)]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let line = complaints(&ended.stderr).pop().unwrap_or_default();
        assert!(
            line.starts_with("chat-server: can't use the database "),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn migrations_can_be_a_step_of_their_own() {
    let folder = Scratch::new();
    let by_hand = [("CHAT_MIGRATE", "false")];
    let refused = run_in(&folder, &["serve"], &by_hand);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("run the migrations first"),
        "{}",
        refused.stderr
    );

    // Needs no key, also in production.
    for _ in 0..2 {
        let migrated = run_in(&folder, &["migrate"], &[("CHAT_ENV", "production")]);
        assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);
        assert_eq!(migrated.stdout, "data/chat.db is up to date\n");
    }
    Server::start(&folder, &by_hand);
}

#[test]
fn a_token_of_the_command_line_opens_the_server_with_the_same_secret() {
    let printed = run(
        &[
            "token", "--user", "alice", "--role", "service", "--role", "premium", "--ttl", "60",
        ],
        &[("JWT_SECRET", SECRET)],
    );
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let token = printed.stdout.trim();
    let folder = Scratch::new();
    let server = Server::start(&folder, &[("JWT_SECRET", SECRET)]);
    assert_eq!(server.get_as(token, "/api/v1/chats/threads").status, 200);
    assert_eq!(server.get_as(token, "/api/v1/internal/events").status, 200);
    assert_eq!(
        server.get_as(&token[1..], "/api/v1/chats/threads").status,
        401
    );
    assert_eq!(server.get("/api/v1/chats/threads").status, 401);
}

#[test]
fn a_token_needs_a_secret() {
    for variables in [&[][..], &[("JWT_SECRET", "short")]] {
        let ended = run(&["token", "--user", "alice"], variables);
        assert_eq!(ended.code, Some(2));
        assert_eq!(complaints(&ended.stderr).len(), 1, "{}", ended.stderr);
        assert!(
            ended.stderr.starts_with("chat-server: JWT_SECRET must "),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn the_openapi_file_is_what_the_server_prints() {
    let file = include_str!("../../../api-spec/openapi.yaml");
    let printed = run(
        &["openapi"],
        &[("CHAT_ENV", "nonsense that openapi does not read")],
    );
    assert_eq!(printed.code, Some(0));
    assert!(
        printed.stdout == file,
        "api-spec/openapi.yaml is old: run `cargo xtask gen`"
    );
}
