use std::fmt;

use super::pattern::PatternFault;
use crate::error::in_one_line;
use crate::phase::NameError;

/// The most problems that an error lists.
const PROBLEMS_MAX: usize = 100;

/// A table that cannot be: everything that is wrong with it, as text on one line.
///
/// ```
/// use strangler_fig::route::RouteTable;
///
/// let error = RouteTable::from_document(r#"{
///     "format": "strangler-fig/route-table", "version": 1, "salt": "shop",
///     "rules": [
///         {"name": "a", "path": {"prefix": "orders"}, "to": "modern"},
///         {"name": "b", "host": "shop:80", "to": {"share": {"basis_points": 10001}}}
///     ]
/// }"#).unwrap_err();
/// let places: Vec<_> = error.problems().iter().map(|it| it.place.to_string()).collect();
/// assert_eq!(places, [
///     "rules[0].path.prefix", "rules[1].host", "rules[1].to.share.basis_points",
///     "rules[1].to.share.sticky",
/// ]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteError {
    problems: Vec<Problem>,
    more: usize,
}

impl RouteError {
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        let more = problems.len().saturating_sub(PROBLEMS_MAX);
        problems.truncate(PROBLEMS_MAX);
        Self { problems, more }
    }

    /// What is wrong: one or more, in the order of the document; the first 100 at most.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many more problems there are than are listed.
    #[must_use]
    pub const fn more(&self) -> usize {
        self.more
    }
}

impl std::error::Error for RouteError {}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table of routes cannot be used")?;
        for (at, problem) in self.problems.iter().enumerate() {
            let before = if at == 0 { ": " } else { "; " };
            write!(f, "{before}{problem}")?;
        }
        if self.more > 0 { write!(f, "; and {} more", self.more) } else { Ok(()) }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Where to look.
    pub place: Place,
    /// What is wrong there.
    pub kind: ProblemKind,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

/// The most characters that are told of a name nobody knows.
const NAME_MAX: usize = 64;

/// Where in a table's document something is: `rules[3].path.template`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    rule: Option<usize>,
    field: String,
}

impl Place {
    pub(super) const fn whole() -> Self {
        Self { rule: None, field: String::new() }
    }

    pub(super) fn field(name: &str) -> Self {
        Self { rule: None, field: name.to_owned() }
    }

    pub(super) fn rule(at: usize, field: &str) -> Self {
        Self { rule: Some(at), field: field.to_owned() }
    }

    /// A place inside this one.
    pub(super) fn below(mut self, inner: &str) -> Self {
        if !inner.is_empty() {
            let dot = if self.field.is_empty() || inner.starts_with('[') { "" } else { "." };
            self.field = format!("{}{dot}{inner}", self.field);
        }
        self
    }

    /// The same with a name that the document made up, which may be long, break lines, or be part of a secret.
    pub(super) fn below_name(self, name: &str) -> Self {
        if self.is_secret() {
            return self;
        }
        let told: String = name.chars().take(NAME_MAX).collect();
        self.below(&in_one_line(&told))
    }

    /// Whether what stands there may be a secret, or part of one.
    pub(super) fn is_secret(&self) -> bool {
        self.rule.is_none() && is_at_or_below(&self.field, "override.secret")
    }

    /// Whether a secret may stand there, or somewhere below.
    pub(super) fn may_hold_secret(&self) -> bool {
        self.is_secret() || (self.rule.is_none() && self.field == "override")
    }

    /// The rule it is in, counted from 0.
    #[must_use]
    pub const fn of_rule(&self) -> Option<usize> {
        self.rule
    }
}

/// Whether a path of fields is another, or goes on below it.
fn is_at_or_below(field: &str, other: &str) -> bool {
    let rest = field.strip_prefix(other);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rule, self.field.as_str()) {
            (None, "") => write!(f, "the document"),
            (None, field) => write!(f, "{field}"),
            (Some(at), "") => write!(f, "rules[{at}]"),
            (Some(at), field) => write!(f, "rules[{at}].{field}"),
        }
    }
}

/// What can be wrong in a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// It is no table's document at all, or cut short.
    #[error("this is no document of a table of routes: {cause}")]
    Foreign {
        /// What stopped the reading.
        cause: String,
    },
    /// A later version of the crate wrote it.
    #[error("the document has version {found}, this crate reads up to 1")]
    Newer {
        /// Its version.
        found: u64,
    },
    /// No version is 0.
    #[error("there is no version 0")]
    NoVersion,
    /// It is missing.
    #[error("it is missing")]
    Missing,
    /// It is there twice.
    #[error("it is there twice")]
    Doubled,
    /// Nobody knows what it should mean.
    #[error("there is no such field")]
    UnknownField,
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It cannot be read, and stands where a secret does.
    #[error("it is not what it should be; what it is, is not told, for it may be a secret")]
    UnreadableSecret,
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is more than is allowed.
    #[error("it is more than {0}")]
    TooMuch(u64),
    /// It is no name.
    #[error("{0}")]
    Name(NameError),
    /// Another rule is called so.
    #[error("rules[{0}] is called so already")]
    DoubledName(usize),
    /// A path is one of `exact`, `prefix` and `template`.
    #[error("it needs one of `exact`, `prefix` and `template`")]
    PathForm,
    /// It is no pattern of paths.
    #[error("it is no pattern of paths: {0}")]
    Path(PatternFault),
    /// It is no method, or one in small letters.
    #[error("{0:?} is no method; methods differ by case")]
    Method(String),
    /// It is no host.
    #[error("{0:?} is no host, such as shop.example or *.shop.example, without a port")]
    Host(String),
    /// It is no name of a header or a cookie.
    #[error("{0:?} is no name of a header or a cookie")]
    Token(String),
    /// It cannot be the value of a header.
    #[error("it cannot be the value of a header")]
    HeaderValue,
    /// A condition on a header is one of `equals`, `begins` and `present`.
    #[error("it needs one of `equals`, `begins` and `present`")]
    HeaderTest,
    /// No predicate of this name was given.
    #[error("there is no predicate {0:?}")]
    Predicate(String),
    /// It is no range of addresses.
    #[error("{0}")]
    Range(super::IpRangeError),
    /// An override header from nobody: it needs addresses or a secret.
    #[error("it allows nobody: it needs `allow` or `secret`")]
    AllowsNobody,
    /// A secret has fewer than 16 characters.
    #[error("a secret has at least 16 characters")]
    WeakSecret,
    /// The secret has the header's own name, so no request could have both.
    #[error("the secret needs another header")]
    SameHeader,
    /// No request can do without this header, which a gateway would strip.
    #[error("{0:?} has a meaning of its own, and cannot be stripped")]
    NeededHeader(String),
    /// The table has no override header that the rule could take.
    #[error("the table has no `override`")]
    NoOverride,
    /// A rule that follows a migration or joins responses takes no override.
    #[error("a rule takes an override only if it goes `to` legacy, modern or a share")]
    OverrideBeside,
    /// A rule goes to a side, a share, where a migration is, or to several upstreams.
    #[error("it is `legacy`, `modern`, or one of `share`, `follow` and `aggregate`")]
    Target,
    /// Only a share is drawn with a salt.
    #[error("only a share is drawn with a `salt`")]
    NoSalt,
    /// A share tells callers apart by something.
    #[error("a share needs a `sticky` key")]
    NoSticky,
    /// A key is one of `header`, `cookie`, `capture` and `address`.
    #[error("it needs one of `header`, `cookie`, `capture` and `address`")]
    StickyPlace,
    /// An address has no other form than its own.
    #[error("an address has no `as`")]
    AddressForm,
    /// The keys of a migration are no addresses.
    #[error("the keys of a migration are no addresses")]
    AddressKey,
    /// A rule that follows a migration needs the form of its keys.
    #[error("it needs `as`, the form of the repository's keys")]
    NoForm,
    /// The rule's template captures nothing of this name.
    #[error("the rule's path captures no {0:?}")]
    Capture(String),
    /// Nothing of the rule may fall back.
    #[error("nothing of this rule may fall back: that takes safe methods, and a way to modern")]
    NoFallback,
    /// Only what follows a migration can be stale.
    #[error("only a rule that follows a migration, and falls back, has a stale fallback")]
    NoStaleFallback,
    /// Only safe requests are mirrored.
    #[error("nothing of this rule may be mirrored: that takes safe methods and a side")]
    NoMirror,
    /// Only unsafe requests are written to both sides.
    #[error("nothing of this rule is a write: that takes unsafe methods and a side")]
    NoDualWrite,
    /// How strict a rule is that follows a migration is the phase's affair.
    #[error("the phase says whether a rule is strict that follows a migration")]
    StrictByPhase,
    /// Responses are joined for safe requests only.
    #[error("responses are joined for safe methods only")]
    UnsafeAggregate,
    /// Its conditions on headers exclude each other.
    #[error("no request meets all of these")]
    Contradiction,
    /// No request is left for it: for each of its methods, one earlier rule takes all. Where it takes several for one
    /// method, by their paths, hosts or headers, that is not found.
    #[error("rule {rule:?} is unreachable: {} leave nothing to it", Listed(.by))]
    Unreachable {
        /// The rule.
        rule: String,
        /// Who takes all of it.
        by: Vec<String>,
    },
}

struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name:?}")?;
        }
        Ok(())
    }
}

/// What is odd about a table, but no mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// An earlier rule takes part of a rule, and is not narrower than it: shown by a request that was tried. None is
    /// told where only a value of a header or a host that nobody named would show it, or where a predicate does not
    /// hold for what is tried.
    Shadowed {
        /// The rule.
        rule: String,
        /// Who takes part of it.
        by: String,
        /// A request of both.
        example: String,
    },
    /// A rule follows a migration and has unsafe methods, but no `dual_write`: where a phase asks for both
    /// sides, the services themselves must see to it.
    FollowsWithoutDualWrite {
        /// The rule.
        rule: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shadowed { rule, by, example } => {
                write!(
                    f,
                    "rule {by:?} comes before {rule:?} and takes part of it, such as {example}"
                )
            }
            Self::FollowsWithoutDualWrite { rule } => {
                write!(f, "rule {rule:?} follows a migration, and its writes go to one side only")
            }
        }
    }
}
