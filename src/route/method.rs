use smol_str::SmolStr;

/// The methods of RFC 9110 and RFC 5789; the first three are safe to send twice.
const KNOWN: [&str; 9] =
    ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"];
const SAFE: u16 = 0b111;

/// Whether a request of this method may be sent to one side and then to the other: `GET`, `HEAD` and
/// `OPTIONS`, which change nothing.
///
/// ```
/// use strangler_fig::route::is_safe;
///
/// assert!(is_safe("GET") && is_safe("HEAD") && is_safe("OPTIONS"));
/// assert!(!is_safe("POST") && !is_safe("get") && !is_safe("TRACE"));
/// ```
#[must_use]
pub fn is_safe(method: &str) -> bool {
    is_safe_bit(bit(method))
}

/// The same of a method's bit.
pub(super) const fn is_safe_bit(bit: u16) -> bool {
    bit & SAFE != 0
}

/// The bit of a known method; none of another.
pub(super) fn bit(method: &str) -> u16 {
    match method {
        "GET" => 1,
        "HEAD" => 1 << 1,
        "OPTIONS" => 1 << 2,
        "POST" => 1 << 3,
        "PUT" => 1 << 4,
        "PATCH" => 1 << 5,
        "DELETE" => 1 << 6,
        "CONNECT" => 1 << 7,
        "TRACE" => 1 << 8,
        _ => 0,
    }
}

/// Some methods, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MethodSet {
    All,
    Some { known: u16, others: Vec<SmolStr> },
}

impl MethodSet {
    pub(super) const fn none() -> Self {
        Self::Some { known: 0, others: Vec::new() }
    }

    /// The same and one more.
    pub(super) fn add(&mut self, method: &str) {
        if let Self::Some { known, others } = self {
            *known |= bit(method);
            if bit(method) == 0 && !others.iter().any(|other| other == method) {
                others.push(method.into());
            }
        }
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        match other {
            Self::All => *self = Self::All,
            Self::Some { known, others } => {
                let of_known = (0..KNOWN.len()).filter(|at| known >> at & 1 == 1);
                for at in of_known {
                    self.add(KNOWN[at]);
                }
                for method in others {
                    self.add(method);
                }
            }
        }
    }

    /// Whether a method is one of them, whose bit is known already.
    pub(super) fn holds(&self, method: &str, bit: u16) -> bool {
        match self {
            Self::All => true,
            Self::Some { known, .. } if bit != 0 => known & bit != 0,
            Self::Some { others, .. } => others.iter().any(|other| other == method),
        }
    }

    /// Whether every method of `other` is one of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Some { .. }, Self::All) => false,
            (Self::Some { known: more, .. }, Self::Some { known, others }) => {
                known & !more == 0 && others.iter().all(|method| self.holds(method, 0))
            }
        }
    }

    /// Those that are in both: of all methods the known ones.
    pub(super) fn common<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = &'s str> {
        let is_in_both =
            |method: &&str| self.holds(method, bit(method)) && other.holds(method, bit(method));
        let others = match (self, other) {
            (Self::Some { others, .. }, _) | (_, Self::Some { others, .. }) => others.as_slice(),
            (Self::All, Self::All) => &[],
        };
        KNOWN.into_iter().chain(others.iter().map(SmolStr::as_str)).filter(is_in_both)
    }

    /// Whether one is in both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.common(other).next().is_some()
    }

    /// Those that no known name is for.
    pub(super) fn others(&self) -> &[SmolStr] {
        match self {
            Self::All => &[],
            Self::Some { others, .. } => others,
        }
    }

    pub(super) fn has_safe(&self) -> bool {
        matches!(self, Self::All) || matches!(self, Self::Some { known, .. } if known & SAFE != 0)
    }

    pub(super) fn has_unsafe(&self) -> bool {
        match self {
            Self::All => true,
            Self::Some { known, others } => known & !SAFE != 0 || !others.is_empty(),
        }
    }
}

/// The text, if it can be a method: a token, and no known one in small letters, which would never come.
pub(super) fn checked(text: &str) -> Option<&str> {
    let is_known_in_capitals = bit(text) == 0 && bit(&text.to_ascii_uppercase()) != 0;
    (super::condition::is_token(text) && !is_known_in_capitals).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(methods: &[&str]) -> MethodSet {
        let mut set = MethodSet::none();
        for method in methods {
            set.add(method);
        }
        set
    }

    #[test]
    fn each_known_method_has_a_bit_of_its_own() {
        let bits: Vec<u16> = KNOWN.into_iter().map(bit).collect();
        assert_eq!(bits, (0..9).map(|at| 1 << at).collect::<Vec<u16>>());
    }

    #[test]
    fn sets_hold_cover_and_meet() {
        let (some, more) = (set(&["GET", "PURGE"]), set(&["GET", "POST", "PURGE"]));
        assert!(more.covers(&some) && !some.covers(&more) && MethodSet::All.covers(&more));
        assert!(!more.covers(&MethodSet::All));
        assert!(some.holds("PURGE", 0) && !some.holds("POST", bit("POST")));
        assert_eq!(some.common(&more).collect::<Vec<_>>(), ["GET", "PURGE"]);
        assert_eq!(set(&["PURGE"]).common(&MethodSet::All).collect::<Vec<_>>(), ["PURGE"]);
        assert_eq!(MethodSet::All.common(&MethodSet::All).count(), KNOWN.len());
        assert!(!set(&["PUT"]).meets(&set(&["POST"])) && some.meets(&more));
        let mut both = set(&["PUT"]);
        both.add_all(&some);
        assert!(both.covers(&set(&["PUT", "GET", "PURGE"])));
    }

    #[test]
    fn a_known_method_in_small_letters_is_a_mistake() {
        assert_eq!(
            (checked("get"), checked("GET"), checked("purge")),
            (None, Some("GET"), Some("purge"))
        );
        assert_eq!((checked(""), checked("GE T")), (None, None));
    }
}
