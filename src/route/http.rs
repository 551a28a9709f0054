//! Requests of the crate `http`, as a table sees them.

use std::net::IpAddr;

use http::header::HOST;
use http::request::Parts;
use http::{Extensions, HeaderMap, Request, Uri};

use super::{ClientAddress, RequestMeta};

/// The value of a header that is there once.
fn once<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.as_bytes())
}

fn each(headers: &HeaderMap, name: &str, visit: &mut dyn FnMut(&[u8])) {
    headers.get_all(name).iter().for_each(|value| visit(value.as_bytes()));
}

/// The authority of the target, or else the one `Host`; without a user, whom a target may name and no host has.
fn host<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    let host = match uri.authority() {
        Some(authority) => authority.as_str(),
        None => std::str::from_utf8(once(headers, HOST.as_str())?).ok()?,
    };
    Some(host.rsplit_once('@').map_or(host, |(_, host)| host))
}

fn address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get().map(|ClientAddress(address)| *address)
}

/// Its address is the extension [`ClientAddress`].
impl<B> RequestMeta for Request<B> {
    fn method(&self) -> &str {
        self.method().as_str()
    }

    fn path(&self) -> &str {
        self.uri().path()
    }

    fn host(&self) -> Option<&str> {
        host(self.uri(), self.headers())
    }

    fn address(&self) -> Option<IpAddr> {
        address(self.extensions())
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        once(self.headers(), name)
    }

    fn each_header(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        each(self.headers(), name, visit);
    }
}

/// Its address is the extension [`ClientAddress`].
impl RequestMeta for Parts {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn path(&self) -> &str {
        self.uri.path()
    }

    fn host(&self) -> Option<&str> {
        host(&self.uri, &self.headers)
    }

    fn address(&self) -> Option<IpAddr> {
        address(&self.extensions)
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        once(&self.headers, name)
    }

    fn each_header(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        each(&self.headers, name, visit);
    }
}
