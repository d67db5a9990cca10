//! Where a request comes from: the peer's address, or, behind proxies that are trusted, the address they report.
//!
//! The pure part takes header values and knows nothing of actix, so that REST, sockets and the server's own routes
//! count against the same address.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
};

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The networks whose `X-Forwarded-For` and `Forwarded` are believed; nobody's by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A part of the list is neither a network nor an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidNetwork(pub String);

impl std::fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "`{}` is neither a CIDR such as 10.0.0.0/8 nor an address",
            self.0
        )
    }
}

impl std::error::Error for InvalidNetwork {}

impl FromStr for TrustedProxies {
    type Err = InvalidNetwork;

    /// Reads a comma-separated list of CIDRs and single addresses; empty text trusts nobody.
    fn from_str(list: &str) -> Result<Self, InvalidNetwork> {
        let parts = list
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let network = |part: &str| {
            let single = || IpAddr::from_str(part).map(IpNet::from);
            IpNet::from_str(part)
                .or_else(|_| single())
                .map_err(|_| InvalidNetwork(part.to_owned()))
        };
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    /// These networks.
    #[must_use]
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client's address: `peer`, unless that is a trusted proxy. Then the hops that the proxies report are walked
    /// from the right, and the first one that is no trusted proxy is the client.
    ///
    /// `x_forwarded_for` and `forwarded` are the values of all headers of that name, in their order. Where both are
    /// there and name different clients one of them was made up by the client, and `peer` is the answer.
    #[must_use]
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        x_forwarded_for: impl IntoIterator<Item = &'a str>,
        forwarded: impl IntoIterator<Item = &'a str>,
    ) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let plain: Vec<_> = x_forwarded_for
            .into_iter()
            .flat_map(|value| value.split(','))
            .map(address)
            .collect();
        let standard: Vec<_> = forwarded
            .into_iter()
            .flat_map(|value| value.split(','))
            .map(|element| for_parameter(element).and_then(address))
            .collect();
        match (self.walk(peer, &plain), self.walk(peer, &standard)) {
            (Some(client), None) | (None, Some(client)) => client,
            (Some(client), Some(other)) if client == other => client,
            _ => peer,
        }
    }

    /// The rightmost hop that is not trusted; the leftmost known one if all are. A hop that can't be read ends the walk.
    fn walk(&self, peer: IpAddr, hops: &[Option<IpAddr>]) -> Option<IpAddr> {
        if hops.is_empty() {
            return None;
        }
        let mut client = peer;
        for hop in hops.iter().rev() {
            let Some(hop) = *hop else { break };
            client = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        Some(client)
    }
}

/// The value of `for=` in one element of `Forwarded` (RFC 7239 §4).
fn for_parameter(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| value.trim().trim_matches('"'))
    })
}

/// An address with or without a port, IPv6 with or without brackets. `unknown` and obfuscated names are none.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let parsed = IpAddr::from_str(bare.unwrap_or(text))
        .or_else(|_| SocketAddr::from_str(text).map(|socket| socket.ip()));
    parsed.ok().map(|address| address.to_canonical())
}

/// The client's address of an actix request, by its peer and headers. Without a peer (a Unix socket, a test) the
/// unspecified address stands for it.
#[must_use]
pub fn client_address(
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> IpAddr {
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    // A value that is no text is a hop that can't be read.
    let values = |name: HeaderName| {
        headers
            .get_all(name)
            .map(|value| value.to_str().unwrap_or("?"))
    };
    trusted.client(peer, values(X_FORWARDED_FOR), values(FORWARDED))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, x_forwarded_for: &[&str], forwarded: &[&str]) -> String {
        let trusted: TrustedProxies = "10.0.0.0/8, fd00::/8,192.0.2.7".parse().unwrap();
        let peer = peer.parse().unwrap();
        let (plain, standard) = (x_forwarded_for.to_vec(), forwarded.to_vec());
        trusted.client(peer, plain, standard).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(
            client("203.0.113.9", &["1.1.1.1"], &["for=1.1.1.1"]),
            "203.0.113.9"
        );
        let nobody = TrustedProxies::default();
        let peer: IpAddr = PROXY.parse().unwrap();
        assert_eq!(nobody.client(peer, ["1.1.1.1"], []), peer);
    }

    #[test]
    fn the_rightmost_hop_that_is_not_trusted_is_the_client() {
        assert_eq!(
            client(PROXY, &["6.6.6.6, 203.0.113.9, 10.1.1.1"], &[]),
            "203.0.113.9"
        );
        assert_eq!(
            client(PROXY, &["6.6.6.6", "203.0.113.9", "192.0.2.7"], &[]),
            "203.0.113.9"
        );
        assert_eq!(client(PROXY, &["10.2.2.2, 10.1.1.1"], &[]), "10.2.2.2");
        assert_eq!(client(PROXY, &[], &[]), PROXY);
    }

    #[test]
    fn forwarded_is_read_with_ports_quotes_and_brackets() {
        assert_eq!(
            client(PROXY, &[], &["for=203.0.113.9;proto=https"]),
            "203.0.113.9"
        );
        assert_eq!(
            client(
                PROXY,
                &[],
                &[r#"For="[2001:db8::17]:4711", by=x;for=10.1.1.1"#]
            ),
            "2001:db8::17"
        );
        assert_eq!(client(PROXY, &["203.0.113.9:8080"], &[]), "203.0.113.9");
        assert_eq!(client(PROXY, &["[2001:db8::1]"], &[]), "2001:db8::1");
    }

    #[test]
    fn a_hop_that_cannot_be_read_ends_the_walk() {
        assert_eq!(
            client(PROXY, &["1.1.1.1, unknown, 10.1.1.1"], &[]),
            "10.1.1.1"
        );
        assert_eq!(client(PROXY, &["1.1.1.1, nonsense"], &[]), PROXY);
        assert_eq!(client(PROXY, &[], &["for=_hidden"]), PROXY);
        assert_eq!(client(PROXY, &[""], &[]), PROXY);
    }

    #[test]
    fn headers_that_contradict_each_other_are_not_believed() {
        assert_eq!(client(PROXY, &["203.0.113.9"], &["for=6.6.6.6"]), PROXY);
        assert_eq!(
            client(PROXY, &["203.0.113.9"], &["for=203.0.113.9"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_the_same_address() {
        assert_eq!(
            client("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], &[]),
            "203.0.113.9"
        );
    }

    #[test]
    fn a_list_with_something_else_in_it_is_refused() {
        assert_eq!(
            "10.0.0.0/8,local".parse::<TrustedProxies>(),
            Err(InvalidNetwork("local".into()))
        );
        assert_eq!("".parse(), Ok(TrustedProxies::default()));
    }
}
