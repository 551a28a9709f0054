//! The laws of a mapping between the entities of two stores, tried on a sample.
//!
//! A migration that maps entities both ways relies on four things: every entity
//! can be mapped, comes back as it was, keeps its key, and is the only one that
//! maps to what it maps to. A mapping that rounds, trims, or puts a default where
//! nothing was breaks one of them, and the checker would show it one row at a
//! time.
//!
//! ```
//! use strangler_fig::testkit::mapping::MappingLaws;
//!
//! // Legacy has the name in one field, modern in two.
//! type Legacy = (u32, String);
//! type Modern = (u32, String, Option<String>);
//!
//! let to_modern = |user: &Legacy| -> Result<Modern, String> {
//!     Ok(match user.1.split_once(' ') {
//!         Some((first, last)) => (user.0, first.to_owned(), Some(last.to_owned())),
//!         None => (user.0, user.1.clone(), None),
//!     })
//! };
//! let to_legacy = |user: &Modern| -> Result<Legacy, String> {
//!     let last = user.2.as_ref().map_or(String::new(), |last| format!(" {last}"));
//!     Ok((user.0, format!("{}{last}", user.1)))
//! };
//! let laws = MappingLaws::new(to_modern, to_legacy, |user| user.0, |user| user.0);
//!
//! let report = laws.check([(1, "Ada Lovelace".to_owned()), (2, "Grace ".to_owned())]);
//! report.assert();
//! ```

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::Hash;

/// How many violations a report describes.
const KEPT_MAX: usize = 20;

/// What a mapping must do.
///
/// ```
/// use strangler_fig::testkit::mapping::Law;
/// assert_eq!(Law::ALL.map(Law::name), ["total", "invertible", "key_preserving", "injective"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Law {
    /// Every entity can be mapped, there and back.
    Total,
    /// What was mapped comes back as it was.
    Invertible,
    /// The key stays.
    KeyPreserving,
    /// Two keys never map to one.
    Injective,
}

impl Law {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Total, Self::Invertible, Self::KeyPreserving, Self::Injective];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Invertible => "invertible",
            Self::KeyPreserving => "key_preserving",
            Self::Injective => "injective",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

type Map<A, B> = Box<dyn Fn(&A) -> Result<B, String> + Send + Sync>;

/// A mapping there and back, to be tried.
///
/// ```
/// use strangler_fig::testkit::mapping::{Law, MappingLaws};
///
/// // Modern has no place for the last name.
/// let to_modern = |user: &(u32, &'static str)| -> Result<(u32, &str), String> {
///     Ok((user.0, user.1.split(' ').next().unwrap_or_default()))
/// };
/// let to_legacy = |user: &(u32, &'static str)| -> Result<(u32, &str), String> { Ok(*user) };
/// let laws = MappingLaws::new(to_modern, to_legacy, |user| user.0, |user| user.0);
///
/// let report = laws.check([(1, "Ada Lovelace"), (2, "Grace")]);
/// assert_eq!(report.violations(Law::Invertible), 1);
/// ```
pub struct MappingLaws<L, M, K> {
    to_modern: Map<L, M>,
    to_legacy: Map<M, L>,
    legacy_key: Box<dyn Fn(&L) -> K + Send + Sync>,
    modern_key: Box<dyn Fn(&M) -> K + Send + Sync>,
}

impl<L, M, K> fmt::Debug for MappingLaws<L, M, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappingLaws").finish_non_exhaustive()
    }
}

impl<L, M, K> MappingLaws<L, M, K>
where
    L: PartialEq + fmt::Debug,
    M: PartialEq,
    K: Eq + Hash,
{
    /// The mapping `to_modern` and `to_legacy`, and the keys of the entities.
    pub fn new<E: fmt::Display, F: fmt::Display>(
        to_modern: impl Fn(&L) -> Result<M, E> + Send + Sync + 'static,
        to_legacy: impl Fn(&M) -> Result<L, F> + Send + Sync + 'static,
        legacy_key: impl Fn(&L) -> K + Send + Sync + 'static,
        modern_key: impl Fn(&M) -> K + Send + Sync + 'static,
    ) -> Self {
        Self {
            to_modern: Box::new(move |legacy| to_modern(legacy).map_err(|it| it.to_string())),
            to_legacy: Box::new(move |modern| to_legacy(modern).map_err(|it| it.to_string())),
            legacy_key: Box::new(legacy_key),
            modern_key: Box::new(modern_key),
        }
    }

    /// Tries every entity of `sample`, which is kept until the end.
    pub fn check(&self, sample: impl IntoIterator<Item = L>) -> MappingReport {
        let mut report = MappingReport::default();
        let mut mapped: HashMap<K, Vec<(L, M)>> = HashMap::new();
        for legacy in sample {
            report.entities += 1;
            let modern = match (self.to_modern)(&legacy) {
                Ok(modern) => modern,
                Err(error) => {
                    report.note(Law::Total, format_args!("{legacy:?} cannot be mapped: {error}"));
                    continue;
                }
            };
            self.check_back(&legacy, &modern, &mut report);
            match mapped.entry((self.modern_key)(&modern)) {
                Entry::Vacant(free) => drop(free.insert(vec![(legacy, modern)])),
                Entry::Occupied(mut taken) => {
                    let same = |it: &&(L, M)| it.1 == modern && it.0 != legacy;
                    if let Some((other, _)) = taken.get().iter().find(same) {
                        let what = format!("{other:?} and {legacy:?} are mapped to one");
                        report.note(Law::Injective, what);
                    }
                    taken.get_mut().push((legacy, modern));
                }
            }
        }
        report
    }

    fn check_back(&self, legacy: &L, modern: &M, report: &mut MappingReport) {
        if (self.legacy_key)(legacy) != (self.modern_key)(modern) {
            report.note(Law::KeyPreserving, format_args!("{legacy:?} is mapped to another key"));
        }
        match (self.to_legacy)(modern) {
            Err(error) => {
                report.note(Law::Total, format_args!("{legacy:?} cannot be mapped back: {error}"));
            }
            Ok(back) if back != *legacy => {
                report.note(Law::Invertible, format_args!("{legacy:?} comes back as {back:?}"));
            }
            Ok(_) => {}
        }
    }
}

/// What trying a mapping came to.
///
/// ```
/// use strangler_fig::testkit::mapping::{Law, MappingLaws};
///
/// let cents = |euros: &f64| -> Result<i64, String> { Ok((euros * 100.0).round() as i64) };
/// let euros = |cents: &i64| -> Result<f64, String> { Ok(*cents as f64 / 100.0) };
/// let report = MappingLaws::new(cents, euros, |_| (), |_| ()).check([1.0, 1.001, 2.0]);
/// assert_eq!((report.entities(), report.holds()), (3, false));
/// assert_eq!(report.violations(Law::Injective), 1);
/// assert_eq!(report.first()[0], "invertible: 1.001 comes back as 1.0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MappingReport {
    entities: u64,
    violations: [u64; 4],
    first: Vec<String>,
}

impl MappingReport {
    /// How many entities were tried.
    #[must_use]
    pub const fn entities(&self) -> u64 {
        self.entities
    }

    /// How often a law was broken.
    #[must_use]
    pub const fn violations(&self, law: Law) -> u64 {
        self.violations[law as usize]
    }

    /// The first violations of all, in words.
    #[must_use]
    pub fn first(&self) -> &[String] {
        &self.first
    }

    /// Whether the laws hold on the sample; on none they do not.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.entities > 0 && self.violations == [0; 4]
    }

    /// For a test.
    ///
    /// # Panics
    ///
    /// With the report, if a law does not hold.
    pub fn assert(&self) {
        assert!(self.holds(), "the mapping breaks its laws\n{self}");
    }

    fn note(&mut self, law: Law, what: impl fmt::Display) {
        self.violations[law as usize] += 1;
        if self.first.len() < KEPT_MAX {
            self.first.push(format!("{law}: {what}"));
        }
    }
}

impl fmt::Display for MappingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entities", self.entities)?;
        for law in Law::ALL {
            write!(f, "\n  {law:<14} broken {} times", self.violations(law))?;
        }
        self.first.iter().try_for_each(|what| write!(f, "\n  {what}"))
    }
}
