use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use smol_str::SmolStr;

use super::RequestMeta;

/// A condition of a rule that a table cannot express otherwise; rules name it.
///
/// ```
/// use strangler_fig::phase::Side;
/// use strangler_fig::route::{RequestHead, RequestMeta, RouteTable, RuleBuilder};
///
/// let inside = |request: &dyn RequestMeta| request.address().is_some_and(|it| it.is_loopback());
/// let rule = RuleBuilder::any("beta").when("inside").to(Side::Modern);
/// let table = RouteTable::builder("shop").with_predicate("inside", inside).rule(rule).build()?;
///
/// let request = RequestHead::new("GET", "/");
/// assert_eq!(table.decide(&request).primary, Some(Side::Legacy));
/// let request = request.with_address([127, 0, 0, 1].into());
/// assert_eq!(table.decide(&request).primary, Some(Side::Modern));
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
///
/// # Contract
///
/// 1. It is quick and without effects. It is asked last, only of requests that meet all else its rule asks for;
///    but perhaps of one that an earlier rule takes, too: rules are not tried in their order, but by the parts of
///    the path. What is odd about a table is found by made-up requests, of which it is asked when one is built.
/// 2. Of one request it says the same at each time.
/// 3. One that panics does not hold.
pub trait RoutePredicate: Send + Sync + 'static {
    /// Whether the rule may be for this request.
    fn holds(&self, request: &dyn RequestMeta) -> bool;
}

impl<F> RoutePredicate for F
where
    F: Fn(&dyn RequestMeta) -> bool + Send + Sync + 'static,
{
    fn holds(&self, request: &dyn RequestMeta) -> bool {
        self(request)
    }
}

/// A predicate under its name.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) name: SmolStr,
    pub(super) predicate: Arc<dyn RoutePredicate>,
}

impl Named {
    pub(super) fn holds(&self, request: &dyn RequestMeta) -> bool {
        let asked = catch_unwind(AssertUnwindSafe(|| self.predicate.holds(request)));
        asked.unwrap_or(false)
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// What a header must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeaderCondition {
    pub(super) name: SmolStr,
    pub(super) test: HeaderTest,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum HeaderTest {
    /// It is there, once or more.
    Present,
    /// It is not there.
    Absent,
    /// It is there once, and has this value.
    Equals(Box<[u8]>),
    /// It is there once, and its value begins so.
    Begins(Box<[u8]>),
}

/// Without the values: some are secrets, against advice.
impl fmt::Debug for HeaderTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Present => "Present",
            Self::Absent => "Absent",
            Self::Equals(_) => "Equals(..)",
            Self::Begins(_) => "Begins(..)",
        })
    }
}

impl HeaderCondition {
    pub(super) fn holds(&self, request: &impl RequestMeta) -> bool {
        match &self.test {
            HeaderTest::Present => is_there(request, &self.name),
            HeaderTest::Absent => !is_there(request, &self.name),
            HeaderTest::Equals(value) => request.header(&self.name) == Some(value),
            HeaderTest::Begins(start) => {
                request.header(&self.name).is_some_and(|value| value.starts_with(start))
            }
        }
    }

    /// Whether whatever meets `other` meets this one too.
    pub(super) fn follows_from(&self, other: &Self) -> bool {
        use HeaderTest::{Absent, Begins, Equals, Present};
        self.name == other.name
            && match (&self.test, &other.test) {
                (Present, test) => *test != Absent,
                (Absent, test) => *test == Absent,
                (Equals(value), Equals(other)) => value == other,
                (Begins(start), Equals(other) | Begins(other)) => other.starts_with(start),
                (Equals(_) | Begins(_), _) => false,
            }
    }

    /// Whether nothing can meet both.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        use HeaderTest::{Absent, Begins, Equals};
        self.name == other.name
            && match (&self.test, &other.test) {
                (Absent, test) | (test, Absent) => *test != Absent,
                (Equals(value), Equals(other)) => value != other,
                (Equals(value), Begins(start)) | (Begins(start), Equals(value)) => {
                    !value.starts_with(start)
                }
                (Begins(start), Begins(other)) => {
                    !start.starts_with(other) && !other.starts_with(start)
                }
                _ => false,
            }
    }
}

fn is_there(request: &impl RequestMeta, name: &str) -> bool {
    let mut found = false;
    request.each_header(name, &mut |_| found = true);
    found
}

/// Whether a text is a token of RFC 9110, as names of headers and methods are.
pub(super) fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(fits)
}

/// Whether a byte is no part of a value where it stands before or after it.
pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// Whether a text can be the value of a header, and is not empty.
pub(super) fn is_value(text: &str) -> bool {
    is_start(text) && !text.bytes().next_back().is_some_and(is_blank)
}

/// Whether a value can begin so: then a blank may be the last of it.
pub(super) fn is_start(text: &str) -> bool {
    let fits = |byte: u8| byte == b'\t' || byte >= 0x20 && byte != 0x7F;
    let begins = text.bytes().next().is_some_and(|byte| !is_blank(byte));
    text.len() <= 1_024 && begins && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::RequestHead;

    fn condition(test: HeaderTest) -> HeaderCondition {
        HeaderCondition { name: "x-api".into(), test }
    }

    fn all() -> [HeaderCondition; 6] {
        let bytes = |text: &str| text.as_bytes().into();
        [
            condition(HeaderTest::Present),
            condition(HeaderTest::Absent),
            condition(HeaderTest::Equals(bytes("v1.2"))),
            condition(HeaderTest::Equals(bytes("v2"))),
            condition(HeaderTest::Begins(bytes("v1"))),
            condition(HeaderTest::Begins(bytes("v"))),
        ]
    }

    #[test]
    fn what_follows_and_what_excludes_agree_with_requests() {
        let plain = RequestHead::new("GET", "/");
        let values = ["v1.2", "v2", "v1", "v", "x"];
        let mut requests: Vec<_> =
            values.map(|value| plain.clone().with_header("X-Api", value)).to_vec();
        requests.push(plain.clone());
        requests.push(plain.with_header("x-api", "v2").with_header("x-api", "v2"));
        for this in all() {
            for other in all() {
                let both = |request: &&RequestHead| this.holds(*request) && other.holds(*request);
                let met = requests.iter().filter(|request| other.holds(*request)).count();
                let met_both = requests.iter().filter(both).count();
                assert_eq!(this.excludes(&other), met_both == 0, "{this:?} {other:?}");
                assert!(!this.follows_from(&other) || met == met_both, "{this:?} {other:?}");
            }
        }
    }

    #[test]
    fn tokens_and_values_are_what_may_be_sent() {
        assert!(is_token("x-api") && !is_token("") && !is_token("x api") && !is_token("x:"));
        assert!(is_value("a b") && !is_value("") && !is_value(" a") && !is_value("a\r\nb"));
        assert!(!is_value("Bearer ") && is_start("Bearer ") && !is_start(" B") && !is_start(" "));
    }
}
