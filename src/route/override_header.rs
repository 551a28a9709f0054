use std::net::IpAddr;

use smol_str::SmolStr;

use super::{IpRange, RequestMeta};
use crate::phase::Side;

/// A header by which some callers choose their side: `always` is modern, `never` is legacy.
///
/// It counts only from the addresses that are allowed, or with the secret; it chooses between the two sides of
/// a rule, and no other place. A gateway strips it, and the secret, before it sends a request on.
///
/// ```
/// use strangler_fig::phase::Side;
/// use strangler_fig::route::{OverrideHeader, RequestHead, RouteTable, RuleBuilder};
///
/// let header = OverrideHeader::new("x-canary").allow("10.0.0.0/8".parse().unwrap());
/// let rule = RuleBuilder::any("all").to(Side::Legacy).with_override();
/// let table = RouteTable::builder("shop").with_override(header).rule(rule).build()?;
///
/// let request = RequestHead::new("GET", "/").with_header("x-canary", "always");
/// let side = |request| table.decide(&request).primary;
/// assert_eq!(side(request.clone()), Some(Side::Legacy), "nobody knows who it is");
/// assert_eq!(side(request.with_address([10, 0, 0, 7].into())), Some(Side::Modern));
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideHeader {
    pub(super) name: SmolStr,
    pub(super) allow: Vec<IpRange>,
    pub(super) secret: Option<Secret>,
}

/// A header with a value that only some know.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) header: SmolStr,
    pub(super) value: Box<[u8]>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: (hidden)", self.header)
    }
}

impl Secret {
    /// Whether it was sent, in a time that does not depend on how much of it is right.
    fn is_known_to(&self, request: &impl RequestMeta) -> bool {
        let Some(sent) = request.header(&self.header) else { return false };
        let wrong = sent.iter().zip(&self.value).fold(0, |wrong, (sent, own)| wrong | (sent ^ own));
        std::hint::black_box(wrong) == 0 && sent.len() == self.value.len()
    }
}

impl OverrideHeader {
    /// A header of this name, from nobody yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_ascii_lowercase().into(), allow: Vec::new(), secret: None }
    }

    /// The same, from these addresses too.
    #[must_use]
    pub fn allow(mut self, range: IpRange) -> Self {
        self.allow.push(range);
        self
    }

    /// The same, from whoever sends this value in this header: at least 16 characters.
    #[must_use]
    pub fn allow_secret(mut self, header: &str, value: &str) -> Self {
        let header = header.to_ascii_lowercase().into();
        self.secret = Some(Secret { header, value: value.as_bytes().into() });
        self
    }

    /// Its name, in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the header with the secret, in lower case.
    #[must_use]
    pub fn secret_name(&self) -> Option<&str> {
        self.secret.as_ref().map(|secret| secret.header.as_str())
    }

    /// The side that a request asks for, if it may.
    pub(super) fn wish(&self, request: &impl RequestMeta) -> Option<Side> {
        let side = match request.header(&self.name)? {
            b"always" => Side::Modern,
            b"never" => Side::Legacy,
            _ => return None,
        };
        let is_near = |address: IpAddr| self.allow.iter().any(|range| range.contains(address));
        let knows = |secret: &Secret| secret.is_known_to(request);
        let may = request.address().is_some_and(is_near) || self.secret.as_ref().is_some_and(knows);
        may.then_some(side)
    }
}
