//! Whether it is our own page that asks: what a browser says of that cannot be said by a page.

use std::str::FromStr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Uri};

/// Where browsers find the console: behind a proxy that is not where it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// Not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an origin is written as https://console.example, or with its port, and nothing after it")]
pub struct OriginError;

impl Origin {
    /// Whether it is reached over TLS alone.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    /// As browsers write it: in small letters, and without the port that is meant anyway.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        let uri: Uri = text.parse().map_err(|_| OriginError)?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) =
            (uri.scheme_str(), uri.authority())
        else {
            return Err(OriginError);
        };
        let host = authority.host();
        let port = authority.port_u16();
        let is_plain = match port {
            Some(port) => authority.as_str() == format!("{host}:{port}"),
            None => authority.as_str() == host,
        };
        let ends = text.strip_suffix('/').unwrap_or(text).ends_with(authority.as_str());
        if !is_plain || !ends {
            return Err(OriginError);
        }
        let host = host.to_ascii_lowercase();
        let port = port
            .filter(|port| (scheme, *port) != ("http", 80) && (scheme, *port) != ("https", 443));
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        Ok(Self(format!("{scheme}://{host}{port}")))
    }
}

/// Whether a request may change something: by all that the browser says, it comes from our origin, or, where none is set, from
/// the host that it asks. One that says nothing is no browser of the last years; it must bear a token instead.
#[must_use]
pub fn is_ours(headers: &HeaderMap, ours: Option<&Origin>) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    match (text(ORIGIN.as_str()), text(HOST.as_str())) {
        (Some(origin), _) if ours.is_some() => ours.is_some_and(|ours| ours.0 == origin),
        (Some(origin), Some(host)) => {
            let authority =
                origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            authority == Some(host)
        }
        (Some(_), None) => false,
        (None, _) => site.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_at(ours: Option<&Origin>, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        is_ours(&headers, ours)
    }

    fn asked(headers: &[(&'static str, &'static str)]) -> bool {
        asked_at(None, headers)
    }

    /// As nginx asks where nothing else is set: it names itself as the host it means.
    #[test]
    fn behind_a_proxy_that_names_another_host_the_origin_that_was_set_counts() {
        let ours: Origin = "https://Console.example:443/".parse().unwrap();
        let host = ("host", "127.0.0.1:8080");
        let site = ("sec-fetch-site", "same-origin");
        assert!(asked_at(Some(&ours), &[host, site, ("origin", "https://console.example")]));
        assert!(asked_at(Some(&ours), &[host, site]));
        for wrong in [
            "http://console.example",
            "https://console.example.evil.example",
            "http://127.0.0.1:8080",
            "null",
        ] {
            assert!(!asked_at(Some(&ours), &[host, ("origin", wrong)]), "{wrong:?}");
        }
        assert!(!asked_at(Some(&ours), &[host]));
    }

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        let origin = |text: &str| text.parse::<Origin>().map(|origin| origin.0);
        assert_eq!(origin("http://[::1]:8080").as_deref(), Ok("http://[::1]:8080"));
        assert_eq!(origin("http://console:80").as_deref(), Ok("http://console"));
        for wrong in [
            "",
            "console.example",
            "console.example:443",
            "ftp://console.example",
            "https://",
            "https://ann@console.example",
            "https://console.example/path",
            "https://console.example?x",
            "*",
        ] {
            assert_eq!(origin(wrong), Err(OriginError), "{wrong:?}");
        }
    }

    #[test]
    fn only_our_own_page_is_ours() {
        let host = ("host", "console:8080");
        assert!(asked(&[
            host,
            ("origin", "http://console:8080"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(asked(&[host, ("origin", "https://console:8080")]), "behind a proxy that ends TLS");
        assert!(asked(&[host, ("sec-fetch-site", "same-origin")]));
        for wrong in [
            &[host][..],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("sec-fetch-site", "cross-site"), ("origin", "http://console:8080")],
            &[host, ("sec-fetch-site", "none")],
            &[host, ("origin", "null"), ("sec-fetch-site", "same-origin")],
            &[host, ("origin", "http://console")],
            &[host, ("origin", "http://console:8080.evil.example")],
            &[host, ("origin", "ftp://console:8080")],
            &[("origin", "http://console:8080")],
        ] {
            assert!(!asked(wrong), "{wrong:?}");
        }
    }
}
