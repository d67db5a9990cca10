//! Every variable: its default, values that are taken, and values that stop the start.

mod support;

use std::{fmt::Debug, ops::Deref};

use chat_server::config::{Config, ConfigError, Mode, auth::AuthConfig, env::Env, variables};
use support::{SECRET, Scratch};

/// RFC 8410 §10.1.
const PEM: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";
/// RFC 8037 §A.2.
const JWKS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// What a variable means: how its value is seen in the configuration, by default and for good values; and bad ones.
struct Row {
    variable: &'static str,
    see: fn(&Read) -> String,
    default: &'static str,
    good: &'static [(&'static str, &'static str)],
    bad: &'static [&'static str],
}

fn show(value: impl Debug) -> String {
    format!("{value:?}")
}

macro_rules! row {
    ($variable:literal, $config:ident => $see:expr, $default:literal, good $good:expr, bad $bad:expr) => {
        Row {
            variable: $variable,
            see: |$config| show(&$see),
            default: $default,
            good: &$good,
            bad: &$bad,
        }
    };
}

/// Those that need a file or another variable have tests of their own below.
const ROWS: &[Row] = &[
    row!("CHAT_ENV", c => c.mode, "Development", good [("development", "Development")], bad ["", "prod", "Development", " production"]),
    row!("CHAT_BIND", c => c.http.bind.0, "[127.0.0.1:5001]",
        good [("127.0.0.1:0", "[127.0.0.1:0]"), ("[::1]:80", "[[::1]:80]")],
        bad ["", "5001", ":5001", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+80", "::1", "300.1.1.1:80", "no such host:80"]),
    row!("CHAT_SHUTDOWN_SECS", c => c.http.shutdown, "10s", good [("1", "1s"), ("300", "300s")], bad ["0", "301", "1.5", "ten", "-1", "+1", " 1", "", "99999999999999999999"]),
    row!("CHAT_CORS_ORIGINS", c => c.http.origins, "[]",
    good [
        ("*", r#"["*"]"#),
        ("https://app.example, http://localhost:5173", r#"["https://app.example", "http://localhost:5173"]"#),
        ("http://[::1]:8080", r#"["http://[::1]:8080"]"#),
        ("capacitor://localhost", r#"["capacitor://localhost"]"#),
    ],
    bad [
        "", "app.example", "https://", "https://app.example/", "https://app.example/path", "https://App.example",
        "https://app.example:443", "https://app.example:0", "https://app.example:99999", "https://app.example:",
        "https://*.example", "https://user@app.example", "null", "https://a.example,", "*,https://a.example", "https://münchen.example",
    ]),
    row!("CHAT_TRUSTED_PROXIES", c => c.http.trusted_proxies, "[]",
        good [("10.0.0.0/8, ::1", "[10.0.0.0/8, ::1/128]"), ("192.0.2.1", "[192.0.2.1/32]")],
        bad ["", "10.0.0.0/33", "10.0.0/8", "proxy.example", "*", "10.0.0.0/8,"]),
    row!("CHAT_MAX_PAYLOAD", c => c.limits.payload_bytes, "65536", good [("1024", "1024"), ("16777216", "16777216")], bad ["0", "1023", "16777217", "64k", ""]),
    row!("DATABASE_URL", c => c.database.path, r#""data/chat.db""#,
        good [("sqlite://chat.db", r#""chat.db""#), ("sqlite:///var/lib/chat.db", r#""/var/lib/chat.db""#)],
        bad ["", "chat.db", "sqlite:chat.db", "sqlite://", "sqlite://:memory:", "sqlite://data/", "sqlite://a?mode=ro", "mysql://host/chat",
            "postgres://user:hunter2@host/chat", "postgresql://host/chat"]),
    row!("CHAT_MIGRATE", c => c.database.migrate, "true", good [("true", "true"), ("false", "false")], bad ["", "yes", "1", "TRUE"]),
    row!("ENABLE_SOCKET_REDIS", c => c.mode, "Development", good [("false", "Development")], bad ["", "true", "1", "off"]),
    row!("REDIS_URL", c => c.mode, "Development",
        good [("redis://localhost", "Development"), ("rediss://:hunter2@cache:6380/1", "Development")],
        bad ["", "localhost:6379", "redis://", "http://:hunter2@cache"]),
    row!("JWT_SECRET", c => c.auth.key, "Generated", good [("a-secret-of-at-least-32-bytes-length", "Secret(HmacSecret(…))")],
        bad ["", "hunter2", "31-bytes-are-one-byte-too-short", "-----BEGIN PUBLIC KEY----- of hunter2"]),
    row!("JWT_ISSUER", c => c.auth.options.issuer, "None", good [("https://id.example", r#"Some("https://id.example")"#)], bad [""]),
    row!("JWT_AUDIENCE", c => c.auth.options.audience, "None", good [("chat", r#"Some("chat")"#)], bad [""]),
    row!("CHAT_AUTH_FAILURES", c => c.limits.auth_failures, "Some(Quota { limit: 10, window_ms: 300000 })",
        good [("0", "None"), ("3", "Some(Quota { limit: 3, window_ms: 300000 })")], bad ["-1", "1000001", "many", ""]),
    row!("CHAT_TOKEN_IPS", c => c.limits.token_addresses, "3", good [("1", "1"), ("31", "31")], bad ["0", "32", "x", ""]),
    row!("CHAT_CONNECT_RATE", c => c.limits.connections, "Some(Quota { limit: 60, window_ms: 60000 })",
        good [("0", "None"), ("5", "Some(Quota { limit: 5, window_ms: 60000 })")], bad ["-1", "1000001", "x", ""]),
    row!("CHAT_REST_RATE", c => c.limits.rest, "Some(Quota { limit: 300, window_ms: 60000 })",
        good [("0", "None"), ("5", "Some(Quota { limit: 5, window_ms: 60000 })")], bad ["-1", "1000001", "x", ""]),
    row!("CHAT_USER_MESSAGE_RATE", c => c.limits.user_messages, "Some(Quota { limit: 60, window_ms: 60000 })",
        good [("0", "None"), ("5", "Some(Quota { limit: 5, window_ms: 60000 })")], bad ["-1", "1000001", "x", ""]),
    row!("CHAT_MESSAGE_RATE", c => c.limits.socket_messages, "Some(Quota { limit: 10, window_ms: 10000 })",
        good [("0", "None"), ("3", "Some(Quota { limit: 3, window_ms: 10000 })")], bad ["-1", "1000001", "x", ""]),
    row!("CHAT_MESSAGE_WINDOW_SECS", c => c.limits.socket_messages, "Some(Quota { limit: 10, window_ms: 10000 })",
        good [("0", "None"), ("3", "Some(Quota { limit: 10, window_ms: 3000 })")], bad ["-1", "86401", "x", ""]),
    row!("CHAT_EVENT_RATE", c => c.limits.socket_events, "Some(Quota { limit: 50, window_ms: 10000 })",
        good [("0", "None"), ("5", "Some(Quota { limit: 5, window_ms: 10000 })")], bad ["-1", "1000001", "x", ""]),
    row!("CHAT_MAX_SOCKETS_PER_USER", c => c.limits.sockets_per_user, "Some(10)", good [("0", "None"), ("2", "Some(2)")], bad ["-1", "100001", "x", ""]),
    row!("CHAT_MAX_PARTICIPANTS", c => c.limits.participants, "256", good [("2", "2"), ("10000", "10000")], bad ["0", "1", "10001", "x", ""]),
    row!("CHAT_MAX_CONTENT_CHARS", c => c.limits.content, "ContentLimits { max_chars: 4000, max_bytes: 16384 }",
        good [("1", "ContentLimits { max_chars: 1, max_bytes: 16384 }"), ("16384", "ContentLimits { max_chars: 16384, max_bytes: 16384 }")],
        bad ["0", "16385", "x", ""]),
    row!("CHAT_PING_INTERVAL_MS", c => c.socket.ping_interval, "25s", good [("100", "100ms"), ("3600000", "3600s")], bad ["0", "99", "3600001", "25s", ""]),
    row!("CHAT_PING_TIMEOUT_MS", c => c.socket.ping_timeout, "20s", good [("100", "100ms"), ("3600000", "3600s")], bad ["0", "99", "3600001", "20s", ""]),
    row!("CHAT_CONNECT_TIMEOUT_MS", c => c.socket.connect_timeout, "10s", good [("100", "100ms"), ("3600000", "3600s")], bad ["0", "99", "3600001", "10s", ""]),
    row!("CHAT_MODERATION", c => c.moderation.mode, "Flag", good [("flag", "Flag"), ("reject", "Reject"), ("off", "Off")], bad ["", "on", "FLAG"]),
    row!("CHAT_MASK_DELETED", c => c.moderation.masking, "Profile", good [("profile", "Profile"), ("content", "Content")], bad ["", "all"]),
    row!("CHAT_EVENTS", c => c.events.sinks, "[Log]", good [("log", "[Log]"), ("log, log", "[Log]")],
        bad ["", "stdout", "log,", "redis-stream", "amqp://user:hunter2@mq", "nats://mq", "log,https://hook.example/hunter2"]),
    row!("CHAT_WEBHOOK_SECRET", c => c.unknown, "[]", good [("anything", "[]")], bad []),
    row!("CHAT_LOG_FORMAT", c => c.telemetry.format, "Pretty", good [("pretty", "Pretty"), ("json", "Json")], bad ["", "text"]),
    row!("CHAT_LOG_CONTENT", c => c.telemetry.content, "Redact", good [("redact", "Redact"), ("debug", "Debug")], bad ["", "true"]),
    row!("RUST_LOG", c => c.telemetry.filter, r#""info""#, good [("warn,chat_socket=trace", r#""warn,chat_socket=trace""#)], bad ["", "chat=loud", "a=b=c"]),
];

/// What was read, the key beside it.
#[derive(Debug)]
struct Read {
    config: Config,
    auth: AuthConfig,
}

impl Deref for Read {
    type Target = Config;
    fn deref(&self) -> &Config {
        &self.config
    }
}

fn config(variables: &[(&str, &str)]) -> Result<Read, ConfigError> {
    let add = |env: Env, (name, value): &(&str, &str)| env.with(name, *value);
    let (config, auth) = Config::from_env(&variables.iter().fold(Env::default(), add))?;
    Ok(Read { config, auth })
}

/// The lines that a start with these variables ends with.
fn problems(variables: &[(&str, &str)]) -> Vec<String> {
    let error = config(variables).expect_err("a configuration that can't be used");
    error.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn an_empty_environment_gives_the_defaults() {
    let config = config(&[]).unwrap();
    for row in ROWS {
        assert_eq!((row.see)(&config), row.default, "{}", row.variable);
    }
}

#[test]
fn good_values_are_taken() {
    for row in ROWS {
        for (value, expected) in row.good {
            let config = config(&[(row.variable, value)]).unwrap_or_else(|error| {
                panic!("{}={value:?} was refused: {error}", row.variable);
            });
            assert_eq!((row.see)(&config), *expected, "{}={value:?}", row.variable);
        }
    }
}

#[test]
fn bad_values_are_refused_in_one_line_that_names_the_variable_but_not_the_value() {
    for row in ROWS {
        for value in row.bad {
            let lines = problems(&[(row.variable, value)]);
            assert_eq!(lines.len(), 1, "{}={value:?}: {lines:?}", row.variable);
            assert!(
                lines[0].starts_with(&format!("{} must ", row.variable)),
                "{}={value:?}: {lines:?}",
                row.variable
            );
            assert!(!lines[0].contains("hunter2"), "{lines:?}");
        }
    }
}

#[test]
fn every_variable_has_its_row() {
    let files = ["JWT_PUBLIC_KEY_FILE", "JWT_JWKS_FILE"];
    let rows = ROWS.iter().map(|row| row.variable).chain(files);
    let mut tested: Vec<&str> = rows.collect();
    let mut known: Vec<&str> = variables::names().collect();
    tested.sort_unstable();
    known.sort_unstable();
    assert_eq!(tested, known);
    let docs = include_str!("../src/config/mod.rs");
    for name in variables::names() {
        assert!(
            docs.contains(&format!("`{name}`")),
            "{name} is not documented"
        );
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let lines = problems(&[
        ("CHAT_ENV", "test"),
        ("CHAT_REST_RATE", "x"),
        ("RUST_LOG", "a=b=c"),
    ]);
    let named: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(named, ["CHAT_ENV", "CHAT_REST_RATE", "RUST_LOG"]);
}

#[test]
fn values_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = std::ffi::OsString::from_vec(vec![0xff, 0xfe]);
    for variable in variables::names().filter(|name| !name.ends_with("_FILE")) {
        let read = Config::from_env(&Env::default().with(variable, bytes.clone()));
        // This one is not read at all.
        if variable != "CHAT_WEBHOOK_SECRET" {
            assert_eq!(
                read.unwrap_err().to_string(),
                format!("{variable} must be UTF-8")
            );
        }
    }
}

#[test]
fn misspelt_variables_are_pointed_out() {
    let config = config(&[
        ("CHAT_MESAGE_RATE", "1"),
        ("JWT_KEY", "x"),
        ("PATH", "/bin"),
    ]);
    assert_eq!(config.unwrap().unknown, ["CHAT_MESAGE_RATE", "JWT_KEY"]);
}

#[test]
fn production_wants_a_key_and_exact_origins() {
    let production =
        |more: &[(&str, &str)]| config(&[&[("CHAT_ENV", "production")], more].concat());
    let lines = production(&[]).unwrap_err().to_string();
    assert!(
        lines.starts_with("JWT_SECRET must be set in production"),
        "{lines}"
    );
    assert_eq!(lines.lines().count(), 1);

    let ready = production(&[("JWT_SECRET", SECRET), ("CHAT_BIND", "0.0.0.0:80")]).unwrap();
    assert_eq!(ready.mode, Mode::Production);
    let star = production(&[("JWT_SECRET", SECRET), ("CHAT_CORS_ORIGINS", "*")]);
    assert!(
        star.unwrap_err()
            .to_string()
            .starts_with("CHAT_CORS_ORIGINS must ")
    );
}

#[test]
fn without_a_key_only_this_machine_may_connect() {
    for address in ["0.0.0.0:5001", "[::]:5001", "192.0.2.1:80"] {
        let lines = problems(&[("CHAT_BIND", address)]);
        assert!(
            lines[0].starts_with("CHAT_BIND must be a loopback address"),
            "{lines:?}"
        );
        assert!(config(&[("CHAT_BIND", address), ("JWT_SECRET", SECRET)]).is_ok());
    }
}

#[test]
fn a_key_comes_from_one_place() {
    let lines = problems(&[("JWT_SECRET", SECRET), ("JWT_JWKS_FILE", "jwks.json")]);
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("JWT_SECRET must be the only key"),
        "{lines:?}"
    );
}

#[test]
fn key_files_are_read_at_start() {
    let folder = Scratch::new();
    let pem = folder.file("key.pem", PEM.as_bytes());
    let jwks = folder.file("jwks.json", JWKS.as_bytes());
    let binary = folder.file("binary", &[0xff, 0xfe]);
    for (variable, good, other) in [
        ("JWT_PUBLIC_KEY_FILE", &pem, &jwks),
        ("JWT_JWKS_FILE", &jwks, &pem),
    ] {
        let key = show(config(&[(variable, good)]).unwrap().auth.key);
        assert!(key.starts_with("Public("), "{key}");
        for bad in [
            "",
            other,
            &binary,
            "no/such/file",
            "/dev/zero",
            &folder.path().to_string_lossy(),
        ] {
            let lines = problems(&[(variable, bad)]);
            assert_eq!(lines.len(), 1);
            assert!(
                lines[0].starts_with(&format!("{variable} must ")),
                "{lines:?}"
            );
        }
    }
}

#[test]
fn a_configuration_shows_no_secret() {
    let shown = show(config(&[("JWT_SECRET", SECRET)]).unwrap());
    assert!(
        !shown.contains(SECRET) && !shown.contains(&show(SECRET.as_bytes())),
        "{shown}"
    );
}
