use smol_str::SmolStr;

use crate::error::Quoted;
use crate::phase::NodeId;
use crate::phase::name::text_type;

/// The longest name, in bytes.
const NAME_MAX: usize = 200;

/// Not a name of a worker.
///
/// ```
/// use strangler_fig::backfill::WorkerName;
///
/// let wrong = "a\nb".parse::<WorkerName>().unwrap_err().to_string();
/// assert!(wrong.starts_with(r#""a\nb" is no name for a worker"#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no name for a worker: it takes 1 to {NAME_MAX} bytes without control characters")]
pub struct WorkerNameError(Quoted);

/// The name, if it has 1 to `max` bytes and no control characters.
pub(super) fn plain(name: &str, max: usize) -> Result<SmolStr, Quoted> {
    if name.is_empty() || name.len() > max || name.chars().any(char::is_control) {
        return Err(Quoted::of(name, max));
    }
    Ok(name.into())
}

fn checked(name: &str) -> Result<SmolStr, WorkerNameError> {
    plain(name, NAME_MAX).map_err(WorkerNameError)
}

text_type! {
    /// Who works on a backfill: what its claims are held under. 1 to 200 bytes
    /// without control characters.
    ///
    /// ```
    /// use strangler_fig::backfill::WorkerName;
    ///
    /// let worker: WorkerName = "backfill on node-1".parse()?;
    /// assert_eq!(worker.as_str(), "backfill on node-1");
    /// assert!("".parse::<WorkerName>().is_err());
    /// # Ok::<(), strangler_fig::backfill::WorkerNameError>(())
    /// ```
    WorkerName, WorkerNameError, checked
}

impl WorkerName {
    /// The node's name if it is part of a fleet, and what no other process has.
    pub(super) fn made(node: Option<&NodeId>) -> Self {
        let unique = fastrand::u64(..);
        let name = match node {
            None => format!("worker-{unique:016x}"),
            Some(node) => format!("{node}-{unique:016x}"),
        };
        Self(name.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::Incarnation;

    #[test]
    fn a_name_is_text_of_some_length() {
        for bad in ["", "a\0b", "a\nb", "\u{9b}", &"x".repeat(201)] {
            assert!(bad.parse::<WorkerName>().is_err(), "{bad:?}");
        }
        for good in ["a", "näme 'of' a worker", &"x".repeat(200)] {
            assert_eq!(good.parse::<WorkerName>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn what_is_quoted_of_a_longer_text_is_no_name() {
        let error = "x".repeat(300).parse::<WorkerName>().unwrap_err().to_string();
        let quoted = format!("\"{}\" and 100 bytes more is no name", "x".repeat(200));
        assert!(error.starts_with(&quoted), "{error}");
    }

    #[test]
    fn what_a_worker_makes_for_itself_is_a_name() {
        let name = "x".repeat(128).parse().unwrap();
        let node = NodeId { name, incarnation: Incarnation::random().unwrap() };
        for made in [WorkerName::made(None), WorkerName::made(Some(&node))] {
            assert_eq!(made.as_str().parse(), Ok(made.clone()));
        }
        assert_ne!(WorkerName::made(Some(&node)), WorkerName::made(Some(&node)));
    }
}
