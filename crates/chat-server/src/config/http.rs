//! The listener, and what it believes of its peers: `CHAT_BIND`, `CHAT_CORS_ORIGINS`, `CHAT_TRUSTED_PROXIES`,
//! `CHAT_SHUTDOWN_SECS`.

use std::{
    fmt,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    time::Duration,
};

use ipnet::IpNet;

use super::{Mode, env::Reader};

const BIND: &str = "CHAT_BIND";
const DEFAULT_BIND: &str = "127.0.0.1:5001";
const ORIGINS: &str = "CHAT_CORS_ORIGINS";
const PROXIES: &str = "CHAT_TRUSTED_PROXIES";

/// The listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Where to listen: `CHAT_BIND`, default `127.0.0.1:5001`.
    pub bind: Bind,
    /// Exact origins whose pages may call, or `*`: `CHAT_CORS_ORIGINS`.
    pub origins: Vec<String>,
    /// Whose `X-Forwarded-For` is believed: `CHAT_TRUSTED_PROXIES`, default nobody's.
    pub trusted_proxies: Vec<IpNet>,
    /// How long in-flight work may take after a signal: `CHAT_SHUTDOWN_SECS`, default 10 s.
    pub shutdown: Duration,
}

impl HttpConfig {
    pub(super) fn read(r: &mut Reader<'_>, mode: Mode) -> Self {
        Self {
            bind: Bind::read(r),
            origins: origins(r, mode),
            trusted_proxies: proxies(r),
            shutdown: Duration::from_secs(r.number("CHAT_SHUTDOWN_SECS", 10, 1..=300)),
        }
    }
}

/// Addresses to listen on: a host name may have several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind(pub Vec<SocketAddr>);

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(", "))
    }
}

impl Bind {
    fn read(r: &mut Reader<'_>) -> Self {
        let text = r.text(BIND).unwrap_or(DEFAULT_BIND);
        let addresses: Vec<SocketAddr> = match text.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
                text.to_socket_addrs()
                    .map(Iterator::collect)
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        };
        if addresses.is_empty() {
            r.problem(
                BIND,
                "must be host:port of this machine, such as 127.0.0.1:5001 or [::1]:5001; port 0 takes a free one",
            );
        }
        Self(addresses)
    }

    /// Whether nobody but this machine can connect.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.iter().all(|address| address.ip().is_loopback())
    }
}

/// Where the list is empty, development lets pages of this machine call, and production none but the server's own.
fn origins(r: &mut Reader<'_>, mode: Mode) -> Vec<String> {
    let Some(text) = r.text(ORIGINS) else {
        return Vec::new();
    };
    let origins: Vec<String> = text.split(',').map(|origin| origin.trim().into()).collect();
    if origins == ["*"] {
        if mode == Mode::Production {
            r.problem(
                ORIGINS,
                "must list exact origins in production: * is for development only",
            );
        }
    } else if !origins.iter().all(|origin| is_origin(origin)) {
        r.problem(
            ORIGINS,
            "must be origins as browsers send them, scheme://host[:port] in lower case without path or default port, \
             separated by commas; or * in development",
        );
    }
    origins
}

/// RFC 6454 §6.2, "ASCII Serialization of an Origin".
fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let (host, port) = match rest.rfind(':') {
        Some(colon) if !rest.ends_with(']') => (&rest[..colon], Some(&rest[colon + 1..])),
        _ => (rest, None),
    };
    let default_port = match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        _ => 0,
    };
    let is_port = |port: &str| {
        let number = port.parse::<u16>().unwrap_or(0);
        number != 0 && number != default_port && number.to_string() == port
    };
    is_scheme(scheme) && is_host(host) && port.is_none_or(is_port)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
}

fn is_host(text: &str) -> bool {
    let literal = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    if let Some(address) = literal {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
}

fn proxies(r: &mut Reader<'_>) -> Vec<IpNet> {
    let Some(text) = r.text(PROXIES) else {
        return Vec::new();
    };
    let network = |part: &str| {
        let part = part.trim();
        let address = part.parse::<IpAddr>().map(IpNet::from);
        part.parse::<IpNet>().or(address).ok()
    };
    let networks: Option<Vec<IpNet>> = text.split(',').map(network).collect();
    networks.unwrap_or_else(|| {
        r.problem(
            PROXIES,
            "must be networks such as 10.0.0.0/8 or single addresses, separated by commas",
        );
        Vec::new()
    })
}
