use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use super::condition::{HeaderCondition, HeaderTest, is_blank};
use super::host::HostPattern;
use super::index::PathIndex;
use super::method;
use super::path::SEGMENTS_MAX;
use super::pattern::{End, PathPattern, Piece};
use super::rule::MethodOf;
use super::{PlainPath, RequestHead, RequestMeta, Rule};

/// A request that two rules may be for.
pub(super) struct Example {
    head: RequestHead,
    headers: Headers,
}

type Headers = BTreeMap<String, Vec<u8>>;

/// What no rule of a table names.
pub(super) struct Fresh {
    /// A segment.
    segment: String,
    /// A method.
    method: String,
    /// More segments than any path of a rule has.
    depth: usize,
    /// The headers that some rule wants absent.
    unwanted: BTreeSet<String>,
}

impl Fresh {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let pieces = rules.iter().flat_map(|rule| &rule.pattern.pieces);
        let literals: BTreeSet<&[u8]> = pieces
            .filter_map(|piece| match piece {
                Piece::Literal(bytes) => Some(&**bytes),
                Piece::Capture(_) => None,
            })
            .collect();
        let methods: BTreeSet<&str> =
            rules.iter().flat_map(|rule| rule.methods.others()).map(AsRef::as_ref).collect();
        let deepest = rules.iter().map(|rule| rule.pattern.pieces.len()).max().unwrap_or_default();
        let absent = rules.iter().flat_map(|rule| &rule.headers);
        let absent = absent.filter(|condition| condition.test == HeaderTest::Absent);
        Self {
            segment: lengthened("x", |text| literals.contains(text.as_bytes())),
            method: lengthened("X", |text| methods.contains(text)),
            depth: (deepest + 1).min(SEGMENTS_MAX),
            unwanted: absent.map(|condition| condition.name.to_string()).collect(),
        }
    }
}

/// The shortest repetition of a text that is not taken.
fn lengthened(text: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut long = text.to_owned();
    while is_taken(&long) {
        long.push_str(text);
    }
    long
}

/// Requests that meet both rules, if there are any: the shortest path of both, one segment more, and more than any
/// rule names; with something that no rule names for captures, also with an escaped slash and a parameter where both
/// allow that; and `OPTIONS *`. Each with every method of both, and with the headers that both ask for: values as short
/// as can be, and longer than any; at last with what some rule wants absent, too. What predicates say is not asked.
pub(super) fn examples<'e>(
    one: &'e Rule,
    other: &'e Rule,
    fresh: &'e Fresh,
) -> impl Iterator<Item = Example> + use<'e> {
    let host = host_of_both(one.host.as_ref(), other.host.as_ref());
    let headers = headers_of_both(one, other, fresh);
    let mut paths = paths_of_both(one, other, fresh);
    if one.is_for_asterisk() && other.is_for_asterisk() {
        paths.push("*".to_owned());
    }
    let is_possible = host.is_some();
    let host = host.flatten();
    let all = paths.into_iter().filter(move |_| is_possible).flat_map(move |path| {
        let with_headers = headers.clone().into_iter().map(move |headers| (path.clone(), headers));
        with_headers.collect::<Vec<_>>()
    });
    all.flat_map(move |(path, headers)| {
        let host = host.clone();
        methods_of_both(one, other, fresh, &path).map(move |method| {
            let mut head = RequestHead::new(method, path.clone());
            if let Some(host) = &host {
                head = head.with_host(host.clone());
            }
            for (name, value) in &headers {
                head = head.with_header(name.clone(), value.clone());
            }
            Example { head, headers: headers.clone() }
        })
    })
}

fn methods_of_both<'e>(
    one: &'e Rule,
    other: &'e Rule,
    fresh: &'e Fresh,
    path: &str,
) -> impl Iterator<Item = &'e str> + use<'e> {
    let is_asterisk = path == "*";
    let common = one.methods.common(&other.methods);
    let unknown = fresh.method.as_str();
    let is_in_both = one.methods.holds(unknown, 0) && other.methods.holds(unknown, 0);
    let all = common.chain(Some(unknown).filter(|_| is_in_both));
    all.filter(move |method| !is_asterisk || *method == "OPTIONS")
}

/// Whether a rule is for it.
pub(super) fn is_met(example: &Example, rule: &Rule) -> bool {
    let name = example.method();
    let method = MethodOf { name, bit: method::bit(name) };
    if example.path() == "*" {
        return rule.is_for_asterisk() && rule.holds(&example.head, method, None);
    }
    let Ok(path) = PlainPath::of(example.path()) else { return false };
    let index = PathIndex::new(std::iter::once(&rule.pattern));
    index.first(&path, |_| rule.holds(&example.head, method, Some(&path))).is_some()
}

impl RequestMeta for Example {
    fn method(&self) -> &str {
        self.head.method()
    }

    fn path(&self) -> &str {
        self.head.path()
    }

    fn host(&self) -> Option<&str> {
        self.head.host()
    }

    fn address(&self) -> Option<std::net::IpAddr> {
        None
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.head.header(name)
    }

    fn each_header(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        self.head.each_header(name, visit);
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.head.method(), self.head.path())?;
        if let Some(host) = self.head.host() {
            write!(f, " at {host}")?;
        }
        for (name, value) in &self.headers {
            write!(f, ", {name}: {}", String::from_utf8_lossy(value))?;
        }
        Ok(())
    }
}

/// The segment that two pieces have in common, `any` if both take any; none if there is none.
fn segment<'p>(one: Option<&'p Piece>, other: Option<&'p Piece>, any: &'p str) -> Option<&'p [u8]> {
    match (one, other) {
        (Some(Piece::Literal(one)), Some(Piece::Literal(other))) => (one == other).then_some(one),
        (Some(Piece::Literal(literal)), Some(Piece::Capture(_)))
        | (Some(Piece::Capture(_)), Some(Piece::Literal(literal))) => {
            (!literal.is_empty()).then_some(literal)
        }
        (Some(Piece::Literal(literal)), None) | (None, Some(Piece::Literal(literal))) => {
            Some(literal)
        }
        _ => Some(any.as_bytes()),
    }
}

fn paths_of_both(one: &Rule, other: &Rule, fresh: &Fresh) -> Vec<String> {
    let (left, right) = (&one.pattern, &other.pattern);
    let least = left.pieces.len().max(right.pieces.len());
    let is_too_short = |it: &PathPattern| it.pieces.len() < least && it.end == End::Here;
    if is_too_short(left) || is_too_short(right) {
        return Vec::new();
    }
    let mut depths = BTreeSet::from([least]);
    if left.end != End::Here && right.end != End::Here {
        depths.extend([least + 1, fresh.depth.max(least)]);
    }
    let mut anything = vec![fresh.segment.clone()];
    let hidden = [
        (";", one.has_parameters && other.has_parameters),
        ("/", one.has_encoded_slashes && other.has_encoded_slashes),
    ];
    for (mark, _) in hidden.iter().filter(|(_, is_allowed)| *is_allowed) {
        anything.push(format!("{0}{mark}{0}", fresh.segment));
    }
    let mut paths = Vec::new();
    for any in &anything {
        for depth in depths.iter().filter(|depth| **depth <= SEGMENTS_MAX) {
            let path = path_of_both(left, right, *depth, any);
            paths.extend(path.filter(|path| !paths.contains(path)));
        }
    }
    paths
}

fn path_of_both(one: &PathPattern, other: &PathPattern, depth: usize, any: &str) -> Option<String> {
    if depth == 0 {
        return Some("/".to_owned());
    }
    let mut path = String::new();
    for at in 0..depth {
        path.push('/');
        for &byte in segment(one.pieces.get(at), other.pieces.get(at), any)? {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                path.push(byte.into());
            } else {
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    Some(path)
}

/// A host of both, `Some(None)` if neither asks for one.
#[expect(clippy::option_option, reason = "no host meets both, or none is needed, or one")]
fn host_of_both(one: Option<&HostPattern>, other: Option<&HostPattern>) -> Option<Option<String>> {
    match (one, other) {
        (None, None) => Some(None),
        (Some(only), None) | (None, Some(only)) => Some(Some(only.example())),
        (Some(one), Some(other)) if one.covers(other) => Some(Some(other.example())),
        (Some(one), Some(other)) => other.covers(one).then(|| Some(one.example())),
    }
}

/// Headers that meet both rules; none if nothing does.
fn headers_of_both(one: &Rule, other: &Rule, fresh: &Fresh) -> Vec<Headers> {
    let mut asked: BTreeMap<&str, Vec<&HeaderCondition>> = BTreeMap::new();
    for condition in one.headers.iter().chain(&other.headers) {
        let before = asked.entry(&condition.name).or_default();
        if before.iter().any(|before| before.excludes(condition)) {
            return Vec::new();
        }
        before.push(condition);
    }
    let written = |is_long: bool| -> Headers {
        let values = asked.iter().filter_map(|(name, conditions)| {
            Some(((*name).to_owned(), value_of_all(conditions, is_long)?))
        });
        values.collect()
    };
    let (short, long) = (written(false), written(true));
    let mut full = long.clone();
    let free = fresh.unwanted.iter().filter(|name| !asked.contains_key(name.as_str()));
    full.extend(free.map(|name| (name.clone(), ANYTHING.to_vec())));
    let mut all = vec![short];
    for more in [long, full] {
        if !all.contains(&more) {
            all.push(more);
        }
    }
    all
}

/// What stands for any value of a header.
const ANYTHING: &[u8] = b"x";

/// A value that meets all conditions, which do not exclude each other; none if it is to be absent.
fn value_of_all(conditions: &[&HeaderCondition], is_long: bool) -> Option<Vec<u8>> {
    // The longest begins as all of them do.
    let mut value = Vec::new();
    let mut is_whole = false;
    for condition in conditions {
        match &condition.test {
            HeaderTest::Absent => return None,
            HeaderTest::Equals(whole) => (value, is_whole) = (whole.to_vec(), true),
            HeaderTest::Begins(start) if start.len() > value.len() => value = start.to_vec(),
            HeaderTest::Present | HeaderTest::Begins(_) => {}
        }
    }
    // A blank at the end would be lost on the way.
    let is_open = value.last().is_none_or(|last| is_blank(*last));
    if !is_whole && (is_long || is_open) {
        value.extend_from_slice(ANYTHING);
    }
    Some(value)
}
