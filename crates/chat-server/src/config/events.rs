//! Where events for other services go: `CHAT_EVENTS`.

use super::env::Reader;

const VARIABLE: &str = "CHAT_EVENTS";

/// A place that events go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// The log.
    Log,
}

/// Events for other services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsConfig {
    /// Each named once; default: the log.
    pub sinks: Vec<Sink>,
}

impl EventsConfig {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let mut sinks = Vec::new();
        let text = r.text(VARIABLE).unwrap_or("log");
        for name in text.split(',').map(str::trim) {
            match name {
                "log" if !sinks.contains(&Sink::Log) => sinks.push(Sink::Log),
                "log" => {}
                name if is_planned(name) => {
                    r.problem(VARIABLE, "must be log: this build supports no other sink");
                    break;
                }
                _ => {
                    r.problem(VARIABLE, "must be log");
                    break;
                }
            }
        }
        Self { sinks }
    }
}

/// Sinks that the contract names and this build lacks.
fn is_planned(name: &str) -> bool {
    name == "redis-stream"
        || ["amqp://", "nats://", "https://", "http://"]
            .iter()
            .any(|scheme| name.starts_with(scheme))
}
