use std::net::IpAddr;

/// A request, as far as a table looks at it.
///
/// ```
/// use strangler_fig::route::{RequestHead, RequestMeta};
///
/// let request = RequestHead::new("GET", "/orders/7").with_header("X-User", "ada");
/// assert_eq!((request.method(), request.path()), ("GET", "/orders/7"));
/// assert_eq!(request.header("x-user"), Some(&b"ada"[..]));
/// ```
///
/// # Contract
///
/// 1. Names of headers are compared without case.
/// 2. `header` answers the value of a header that is there exactly once, and nothing of one that is there more
///    often: what two values say, each reader reads in a way of its own.
/// 3. `address` is the peer's by the connection, or what a trusted proxy says; never a client's word.
pub trait RequestMeta {
    /// The method, as it was sent: methods differ by case.
    fn method(&self) -> &str;
    /// The path as it was sent, without the query.
    fn path(&self) -> &str;
    /// The host it is for, with its port if that was sent, and without a user.
    fn host(&self) -> Option<&str>;
    /// Who has sent it.
    fn address(&self) -> Option<IpAddr>;
    /// The value of a header that is there exactly once.
    fn header(&self, name: &str) -> Option<&[u8]>;
    /// Hands each value of a header to `visit`, in their order.
    fn each_header(&self, name: &str, visit: &mut dyn FnMut(&[u8]));
}
