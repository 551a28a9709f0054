use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;

use super::answer;
use super::template::TargetTemplate;
use super::{AggregateError, Join, JoinObjects, Part};
use crate::gateway::{Request, Response};

/// How many parts are asked side by side.
const PARTS_MAX: usize = 8;
/// How long a part's name may be.
const NAME_MAX: usize = 64;

/// One answer of several: for clients that would ask for each by itself.
///
/// The parts are asked side by side, each by the gateway's own table, so that each follows a route of its own. They
/// are sent what the client has sent to identify itself, and to say what it likes. A required part that is
/// answered with a 4xx is the answer; one that is not answered is a 502, or a 504 if it was late. Optional parts
/// that are missing are named in [`mark::PARTIAL`](crate::gateway::mark::PARTIAL).
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::gateway::{Aggregate, Part};
///
/// let page = Aggregate::of([
///     Part::required("order", "/orders/{id}"),
///     Part::optional("reviews", "/reviews?order={id}"),
/// ])?;
/// let page = page.with_deadline(Duration::from_millis(800));
/// assert_eq!(page.captures().collect::<Vec<_>>(), ["id"]);
/// # Ok::<(), strangler_fig::gateway::AggregateError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Aggregate {
    pub(super) parts: Vec<(Part, TargetTemplate)>,
    pub(super) deadline: Duration,
    pub(super) part_max: usize,
    pub(super) whole_max: usize,
    pub(super) join: Arc<dyn Join>,
}

impl Aggregate {
    /// An aggregate of these, joined by [`JoinObjects`], within 2 s; each part has 1 MiB at most, and all together
    /// 4 MiB.
    ///
    /// # Errors
    ///
    /// There is no part or more than 8, two have one name, or a name or a target is none.
    pub fn of(parts: impl IntoIterator<Item = Part>) -> Result<Self, AggregateError> {
        let parsed = |part: Part| match TargetTemplate::parse(&part.target) {
            Ok(target) => Ok((part, target)),
            Err(what) => Err(AggregateError::Target { part: part.name().into(), what }),
        };
        let parts: Vec<Part> = parts.into_iter().collect();
        check(&parts)?;
        let parts = parts.into_iter().map(parsed).collect::<Result<_, _>>()?;
        let (deadline, join) = (Duration::from_secs(2), Arc::new(JoinObjects));
        Ok(Self { parts, deadline, part_max: 1 << 20, whole_max: 4 << 20, join })
    }

    /// How long it may take until all parts are there whole. What is optional and late is missing.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many bytes a part's body may have; one that is longer is not answered.
    #[must_use]
    pub const fn with_part_max(mut self, bytes: usize) -> Self {
        self.part_max = bytes;
        self
    }

    /// How many bytes the bodies of all parts that are joined may have together.
    #[must_use]
    pub const fn with_whole_max(mut self, bytes: usize) -> Self {
        self.whole_max = bytes;
        self
    }

    /// How they are joined.
    #[must_use]
    pub fn joined_by(mut self, join: Arc<dyn Join>) -> Self {
        self.join = join;
        self
    }

    /// The captures that its targets ask for: the rule that it stands in must have them.
    pub fn captures(&self) -> impl Iterator<Item = &str> {
        let names: BTreeSet<&str> = self.parts.iter().flat_map(|(_, it)| it.captures()).collect();
        names.into_iter()
    }

    /// Whether a request is a part of an aggregate. No aggregate answers such a one.
    #[must_use]
    pub fn is_part(request: &Request) -> bool {
        request.extensions().get::<answer::OfAggregate>().is_some()
    }

    /// The answer to a client's request. `capture` gives the bytes of its path that were captured under a name;
    /// `ask` sends a part on, as if a client had sent it.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops what `ask` has begun; parts are GETs.
    pub async fn answer<'c, C, A, F>(&self, client: &Parts, capture: C, ask: A) -> Response
    where
        C: Fn(&str) -> Option<&'c str>,
        A: Fn(Request) -> F,
        F: Future<Output = Response>,
    {
        answer::answer(self, client, capture, ask).await
    }
}

fn check(parts: &[Part]) -> Result<(), AggregateError> {
    match parts.len() {
        0 => return Err(AggregateError::Empty),
        1..=PARTS_MAX => {}
        more => return Err(AggregateError::TooMany(more)),
    }
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'-';
    let mut names = BTreeSet::new();
    for name in parts.iter().map(Part::name) {
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(is_letter) {
            return Err(AggregateError::Name(name.into()));
        }
        if !names.insert(name) {
            return Err(AggregateError::Twice(name.into()));
        }
    }
    Ok(())
}
