//! Whether it is our own page that asks: what a browser says of that cannot be said by a page.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether a request may change something: by all that the browser says, it comes from this origin. One that says nothing
/// is no browser of the last years; it must bear a token instead.
#[must_use]
pub fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    match (text(ORIGIN.as_str()), text(HOST.as_str())) {
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

    fn asked(headers: &[(&'static str, &'static str)]) -> bool {
        is_ours(
            &headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
        )
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
