//! Which web origins may call the API from a browser.

use std::net::IpAddr;

use url::{Host, Url};

/// Exact origins such as `https://app.example`; in development also `*`, and loopback origins where no list is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins {
    listed: Vec<String>,
    development: bool,
}

impl AllowedOrigins {
    /// These origins. `*` counts in development only.
    #[must_use]
    pub const fn new(listed: Vec<String>, development: bool) -> Self {
        Self {
            listed,
            development,
        }
    }

    /// Whether a page of that origin may call.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        let listed = self
            .listed
            .iter()
            .any(|listed| listed == origin || (self.development && listed == "*"));
        listed || (self.development && self.listed.is_empty() && is_loopback(origin))
    }
}

/// `http://localhost:3000`, `http://127.0.0.1`, `http://[::1]:8080` and their likes.
fn is_loopback(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else {
        return false;
    };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(listed: &[&str], development: bool) -> AllowedOrigins {
        AllowedOrigins::new(
            listed.iter().map(|&origin| origin.into()).collect(),
            development,
        )
    }

    #[test]
    fn origins_are_compared_exactly() {
        let app = origins(&["https://app.example"], false);
        assert!(app.allows("https://app.example"));
        for other in [
            "http://app.example",
            "https://app.example:8443",
            "https://evil.app.example",
            "null",
            "",
        ] {
            assert!(!app.allows(other), "{other:?}");
        }
    }

    #[test]
    fn a_star_counts_in_development_only() {
        assert!(origins(&["*"], true).allows("https://any.example"));
        assert!(!origins(&["*"], false).allows("https://any.example"));
    }

    #[test]
    fn development_without_a_list_lets_loopback_origins_in() {
        let open = origins(&[], true);
        for local in [
            "http://localhost:3000",
            "http://127.0.0.1",
            "https://[::1]:8080",
        ] {
            assert!(open.allows(local), "{local}");
            assert!(!origins(&[], false).allows(local), "{local}");
            assert!(
                !origins(&["https://app.example"], true).allows(local),
                "{local}"
            );
        }
        assert!(!open.allows("https://localhost.example"));
        assert!(!open.allows("null"));
    }
}
