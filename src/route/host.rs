use std::net::Ipv6Addr;

use smol_str::SmolStr;

/// The most characters of a host.
const LENGTH_MAX: usize = 253;

/// A host, or all hosts below one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HostPattern {
    Exact(SmolStr),
    /// However it is written.
    Address(Ipv6Addr),
    /// What stands after the star, with its dot.
    Below(SmolStr),
}

impl HostPattern {
    /// `shop.example`, `*.shop.example`, `10.0.0.7`, `[::1]`: without a port.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        if let Some(below) = lower.strip_prefix('*') {
            let rest = below.strip_prefix('.')?;
            return is_name(rest).then(|| Self::Below(below.into()));
        }
        if let Some(address) = address(&lower) {
            return Some(Self::Address(address));
        }
        is_name(&lower).then(|| Self::Exact(lower.into()))
    }

    /// Whether a request for this host is meant, its port set aside.
    pub(super) fn matches(&self, host: &str) -> bool {
        let host = bare(host);
        match self {
            Self::Exact(name) => host.eq_ignore_ascii_case(name),
            Self::Address(own) => address(host) == Some(*own),
            Self::Below(ending) => {
                let Some(at) = host.len().checked_sub(ending.len()) else { return false };
                at > 0 && host.as_bytes()[at..].eq_ignore_ascii_case(ending.as_bytes())
            }
        }
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(name), Self::Exact(other)) => name == other,
            (Self::Address(own), Self::Address(other)) => own == other,
            (Self::Exact(_) | Self::Address(_), _) | (Self::Below(_), Self::Address(_)) => false,
            (Self::Below(_), Self::Exact(name)) => self.matches(name),
            (Self::Below(ending), Self::Below(other)) => other.ends_with(ending.as_str()),
        }
    }

    /// A host that matches.
    pub(super) fn example(&self) -> String {
        match self {
            Self::Exact(name) => name.to_string(),
            Self::Address(address) => format!("[{address}]"),
            Self::Below(ending) => format!("any{ending}"),
        }
    }
}

/// The host without its port, without the dot that ends a full name, and without a user that it has no business
/// with: nobody is to get past a rule by adding one.
fn bare(host: &str) -> &str {
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let name = match host.rfind(':') {
        Some(at) if !host[at..].contains(']') => &host[..at],
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(fits);
    text.len() <= LENGTH_MAX && text.split('.').all(is_label)
}

fn address(text: &str) -> Option<Ipv6Addr> {
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        HostPattern::parse(text).unwrap()
    }

    #[test]
    fn hosts_match_without_case_and_port() {
        let shop = pattern("Shop.example");
        for host in [
            "shop.example",
            "SHOP.EXAMPLE:8080",
            "shop.example.",
            "shop.example.:80",
            "u@shop.example",
            "u:p@shop.example:80",
            "u@v@shop.example",
        ] {
            assert!(shop.matches(host), "{host}");
        }
        for host in ["", "shop.example.org", "a.shop.example", "shop", "shop.example@evil"] {
            assert!(!shop.matches(host), "{host}");
        }
    }

    #[test]
    fn addresses_are_the_same_however_they_are_written() {
        let one = pattern("[fd00::1]");
        for host in ["[fd00::1]", "[FD00::0001]:80", "[fd00:0:0:0:0:0:0:1]", "u@[fd00::1]:1"] {
            assert!(one.matches(host) && pattern("*.b").covers(&one) == one.matches("b"), "{host}");
        }
        for host in ["[fd00::2]", "fd00::1", "[fd00::1", "[fd00::1%25eth0]", "[]"] {
            assert!(!one.matches(host), "{host}");
        }
        assert!(one.covers(&pattern("[fd00:0::1]")) && !one.covers(&pattern("[fd00::2]")));
        assert!(one.matches(&one.example()));
    }

    #[test]
    fn a_star_is_one_label_or_more() {
        let below = pattern("*.shop.example");
        assert!(below.matches("a.shop.example") && below.matches("a.B.shop.example:1"));
        assert!(!below.matches("shop.example") && !below.matches(".shop.example"));
        assert!(!below.matches("evilshop.example") && !below.matches("\u{e9}hop.example"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in
            ["", "*", "*.", "a..b", "shop.example:80", "a*b", "shop/", "*.*.b", "[::1", "a b"]
        {
            assert_eq!(HostPattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_wider_pattern_covers() {
        let [wide, narrow] = ["*.example", "*.shop.example"].map(pattern);
        assert!(wide.covers(&narrow) && !narrow.covers(&wide));
        assert!(narrow.covers(&pattern("a.shop.example")) && !wide.covers(&pattern("example")));
    }
}
