//! The request that opens a session, as the application sees it.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;

use crate::config::Config;

/// How a session's packets travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// HTTP long polling.
    Polling,
    /// WebSocket.
    WebSocket,
}

impl TransportKind {
    /// The name in the `transport` query parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// A request that wants a session; given to the `allow_request` hook.
#[derive(Debug)]
pub struct HandshakeRequest<'a> {
    request: &'a HttpRequest,
    transport: TransportKind,
}

impl<'a> HandshakeRequest<'a> {
    pub(crate) fn new(request: &'a HttpRequest, transport: TransportKind) -> Self {
        Self { request, transport }
    }

    /// Address of the peer: the last proxy's, if there is one. `None` over a Unix socket.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.request.peer_addr()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The query, as sent.
    pub fn query_string(&self) -> &str {
        self.request.query_string()
    }

    /// The transport asked for.
    pub fn transport(&self) -> TransportKind {
        self.transport
    }

    /// The whole request, for what the other methods do not show.
    pub fn http(&self) -> &HttpRequest {
        self.request
    }
}

/// What is kept of the request that opened a session.
#[derive(Debug, Clone)]
pub struct Handshake {
    peer_ip: Option<IpAddr>,
    query: Box<str>,
    headers: Box<[(Box<str>, Box<str>)]>,
}

impl Handshake {
    /// Copies what `config` says should be kept, so that the request itself can be freed.
    pub(crate) fn of(request: &HttpRequest, config: &Config) -> Self {
        let lines = |name: &'_ String| {
            let name: Box<str> = name.as_str().into();
            let values = request.headers().get_all(&*name);
            let readable = values.filter_map(|value| value.to_str().ok());
            readable
                .map(|value| (name.clone(), value.into()))
                .collect::<Vec<_>>()
        };
        Self {
            peer_ip: request.peer_addr().map(|address| address.ip()),
            query: request.query_string().into(),
            headers: config.handshake_headers.iter().flat_map(lines).collect(),
        }
    }

    /// Address of the peer: the last proxy's, if there is one. `None` over a Unix socket.
    pub fn peer_ip(&self) -> Option<IpAddr> {
        self.peer_ip
    }

    /// Value of a header, if [`Config::handshake_headers`] names it. Only the first of several lines.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_lines(name).next()
    }

    /// Values of all lines of a header, in their order, if [`Config::handshake_headers`] names it. A proxy may append a
    /// line of its own below the one that the client made up.
    pub fn header_lines(&self, name: &str) -> impl Iterator<Item = &str> {
        let lines = self.headers.iter();
        lines.filter_map(move |(kept, value)| kept.eq_ignore_ascii_case(name).then_some(&**value))
    }

    /// The query, as sent: `EIO=4&transport=polling&…`.
    pub fn query_string(&self) -> &str {
        &self.query
    }

    /// Value of a query parameter, percent-decoded. Only the first of several.
    pub fn query(&self, name: &str) -> Option<String> {
        let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(&self.query).ok()?;
        pairs
            .into_inner()
            .into_iter()
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn every_line_of_a_kept_header_is_there() {
        let request = TestRequest::default()
            .append_header(("X-Forwarded-For", "6.6.6.6"))
            .append_header(("X-Forwarded-For", "10.0.0.1"))
            .append_header(("Authorization", "secret"))
            .to_http_request();
        let config = Config {
            handshake_headers: vec!["x-forwarded-for".into()],
            ..Config::default()
        };
        let handshake = Handshake::of(&request, &config);
        let lines: Vec<_> = handshake.header_lines("X-Forwarded-For").collect();
        assert_eq!(lines, ["6.6.6.6", "10.0.0.1"]);
        assert_eq!(handshake.header("x-forwarded-for"), Some("6.6.6.6"));
        assert_eq!(handshake.header("authorization"), None);
    }
}
