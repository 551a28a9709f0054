use std::fmt;

use smol_str::SmolStr;

use super::Snapshot;

/// What tells two responses to one request apart.
///
/// ```
/// use strangler_fig::gateway::{ResponseComparator, ResponseDifference, Snapshot};
///
/// /// Two catalogues are the same if they have the same number of lines.
/// #[derive(Debug)]
/// struct Lines;
///
/// impl ResponseComparator for Lines {
///     fn compare(
///         &self,
///         _request: &http::Request<()>,
///         primary: &Snapshot,
///         other: &Snapshot,
///     ) -> Vec<ResponseDifference> {
///         let lines = |of: &Snapshot| of.body.iter().filter(|&&it| it == b'\n').count();
///         let differs = lines(primary) != lines(other);
///         differs.then(|| ResponseDifference::at("lines")).into_iter().collect()
///     }
/// }
///
/// let (one, two) = (Snapshot::of(200, "a\nb\n"), Snapshot::of(200, "a\n"));
/// let asked = http::Request::get("/catalogue").body(())?;
/// assert_eq!(Lines.compare(&asked, &one, &two)[0].place(), "lines");
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Contract
///
/// 1. It is pure and quick: it runs on the threads that serve requests.
/// 2. Places name parts of a response, and no content: they stand in reports. The same part has the same place
///    each time.
/// 3. A panic counts as a comparison that failed.
pub trait ResponseComparator: fmt::Debug + Send + Sync + 'static {
    /// Where they differ; nothing if they say the same. `request` is what both were sent.
    fn compare(
        &self,
        request: &http::Request<()>,
        primary: &Snapshot,
        other: &Snapshot,
    ) -> Vec<ResponseDifference>;
}

/// One place in which two responses differ.
///
/// ```
/// use strangler_fig::gateway::ResponseDifference;
/// assert_eq!(ResponseDifference::at("body.items[].price").place(), "body.items[].price");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResponseDifference {
    place: SmolStr,
}

impl ResponseDifference {
    /// A difference at this place: `status`, `header.location`, `body.items[].price`.
    #[must_use]
    pub fn at(place: impl Into<String>) -> Self {
        let place: String = place.into();
        Self { place: place.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}
