use std::net::IpAddr;

use super::Request;
use crate::route::RequestMeta;

/// A request as a route table sees it: with the address of its client, which may stand behind a trusted proxy.
pub(super) struct Head<'r> {
    pub(super) request: &'r Request,
    pub(super) address: Option<IpAddr>,
}

impl RequestMeta for Head<'_> {
    fn method(&self) -> &str {
        RequestMeta::method(self.request)
    }

    fn path(&self) -> &str {
        self.request.path()
    }

    fn host(&self) -> Option<&str> {
        self.request.host()
    }

    fn address(&self) -> Option<IpAddr> {
        self.address
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.request.header(name)
    }

    fn each_header(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        self.request.each_header(name, visit);
    }
}
