//! Metrics: the recorder, what is counted around every request, and what the process says of itself.
//!
//! Other crates count through the `metrics` facade under names of their own; nothing here knows them. Labels are route
//! patterns, never paths, ids or addresses, so that their number is bounded and nothing personal is in them.

use std::{
    fs,
    time::{Duration, Instant},
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};
use anyhow::{Context, Result};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const REQUESTS: &str = "chat_http_requests_total";
const DURATION: &str = "chat_http_request_duration_seconds";
const BUILD: &str = "chat_build_info";
const UPTIME: &str = "chat_uptime_seconds";
const MEMORY: &str = "process_resident_memory_bytes";
const FILES: &str = "process_open_fds";

/// Seconds; from a cached answer to a statement's timeout. Whatever ends in `_seconds` is counted in these.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];
/// How many operations at once: whatever ends in `_ops`.
const OPERATIONS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
/// How often histograms are emptied into their buckets, so that they don't grow between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// The server's numbers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Metrics {
    recorder: PrometheusHandle,
    started: Instant,
}

impl Metrics {
    /// Makes this the process's recorder.
    pub(crate) fn start() -> Result<Self> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Suffix("_ops".into()), &OPERATIONS)
            })
            .and_then(PrometheusBuilder::install_recorder)
            .context("can't start metrics")?;
        describe_counter!(REQUESTS, "Requests by method, route and status.");
        describe_histogram!(
            DURATION,
            "Time to the head of the answer; not for Socket.IO, whose polls wait."
        );
        describe_gauge!(BUILD, "Always 1; the label tells the version.");
        describe_gauge!(UPTIME, "Seconds since the start.");
        describe_gauge!(MEMORY, "Resident memory of the process.");
        describe_gauge!(FILES, "Open files and sockets of the process.");
        gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(Self {
            recorder,
            started: Instant::now(),
        })
    }

    /// Everything in Prometheus' text format.
    pub(crate) fn render(&self) -> String {
        gauge!(UPTIME).set(self.started.elapsed().as_secs_f64());
        if let Some(bytes) = resident_bytes() {
            gauge!(MEMORY).set(bytes);
        }
        if let Some(count) = open_files() {
            gauge!(FILES).set(count);
        }
        self.recorder.render()
    }

    /// Keeps memory bounded when nobody scrapes; never ends.
    pub(crate) async fn upkeep(self) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            self.recorder.run_upkeep();
        }
    }
}

/// Counts a request and its duration. To be wrapped around everything else.
pub(crate) async fn observe<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let is_socket = request.path().starts_with("/socket.io/");
    let method = method(request.method());
    let response = next.call(request).await?;
    let route = if is_socket {
        "/socket.io/".to_owned()
    } else {
        let pattern = response.request().match_pattern();
        pattern.unwrap_or_else(|| "unmatched".to_owned())
    };
    let status = response.status().as_u16().to_string();
    counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    if !is_socket {
        histogram!(DURATION, "method" => method, "route" => route).record(started.elapsed());
    }
    Ok(response)
}

/// A client may make up any method; those share one label.
fn method(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let found = known.into_iter().find(|name| *name == method.as_str());
    found.unwrap_or("other")
}

/// From `/proc`, where there is one.
fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}

/// From `/proc`, where there is one.
fn open_files() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(count).ok().map(f64::from)
}
