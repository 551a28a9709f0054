use std::net::IpAddr;

/// Who has sent a request, by its connection: an extension of an `http::Request`, which whoever accepts
/// connections sets, or a gateway that believes its proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);
