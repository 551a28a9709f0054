use std::fmt;
use std::net::IpAddr;

use super::RequestMeta;

/// The head of a request: for tests, and where requests are no `http::Request`s.
///
/// ```
/// use strangler_fig::route::{RequestHead, RequestMeta};
///
/// let request = RequestHead::new("POST", "/orders")
///     .with_host("shop.example")
///     .with_address([10, 0, 0, 7].into())
///     .with_header("cookie", "a=1")
///     .with_header("cookie", "b=2");
/// assert_eq!(request.host(), Some("shop.example"));
/// assert_eq!(request.header("cookie"), None, "there are two");
/// let mut both = Vec::new();
/// request.each_header("Cookie", &mut |value| both.push(value.to_vec()));
/// assert_eq!(both, [b"a=1", b"b=2"]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RequestHead {
    method: String,
    path: String,
    host: Option<String>,
    address: Option<IpAddr>,
    headers: Vec<(String, Vec<u8>)>,
}

impl RequestHead {
    /// A request without headers.
    #[must_use]
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        let (method, path) = (method.into(), path.into());
        Self { method, path, host: None, address: None, headers: Vec::new() }
    }

    /// The same, for this host.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The same, sent from there.
    #[must_use]
    pub const fn with_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The same, with one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let is_it = move |it: &&(String, Vec<u8>)| it.0.eq_ignore_ascii_case(name);
        self.headers.iter().filter(is_it).map(|(_, value)| value.as_slice())
    }
}

/// The names of its headers only, and how long its path is: the rest may be a secret.
impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("path_bytes", &self.path.len())
            .field("headers", &names)
            .finish_non_exhaustive()
    }
}

impl RequestMeta for RequestHead {
    fn method(&self) -> &str {
        &self.method
    }

    fn path(&self) -> &str {
        &self.path
    }

    fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    fn address(&self) -> Option<IpAddr> {
        self.address
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.values(name);
        values.next().filter(|_| values.next().is_none())
    }

    fn each_header(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        self.values(name).for_each(visit);
    }
}
