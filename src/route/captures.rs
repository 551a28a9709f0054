use std::ops::Range;

use super::Rule;

/// The most captures of a template.
pub(super) const CAPTURES_MAX: usize = 8;

/// Where in a request's path the captures of its rule are.
///
/// ```
/// use strangler_fig::route::{RequestHead, RouteTable};
/// use strangler_fig::route::RuleBuilder;
/// use strangler_fig::phase::Side;
///
/// let lines = RuleBuilder::template("lines", "/orders/{order}/lines/{line}").to(Side::Modern);
/// let table = RouteTable::builder("shop").rule(lines).build()?;
/// let path = "/orders/7/lines/a%20b";
/// let decision = table.decide(&RequestHead::new("GET", path));
/// assert_eq!(decision.capture(path, "order"), Some("7"));
/// assert_eq!(decision.capture(path, "line"), Some("a%20b"), "as it was sent");
/// assert_eq!(decision.capture(path, "customer"), None);
/// # Ok::<(), strangler_fig::route::RouteError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Captures {
    ranges: [(u16, u16); CAPTURES_MAX],
    len: u8,
}

impl Captures {
    /// One more; what is more than a template can have is left out.
    pub(super) fn push(&mut self, range: &Range<usize>) {
        let (start, end) = (u16::try_from(range.start), u16::try_from(range.end));
        let place = self.ranges.get_mut(usize::from(self.len));
        if let (Some(place), Ok(start), Ok(end)) = (place, start, end) {
            *place = (start, end);
            self.len += 1;
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where they are, in bytes of the path, in the order of the template.
    #[must_use]
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        let taken = &self.ranges[..self.len()];
        taken.iter().map(|&(start, end)| usize::from(start)..usize::from(end))
    }

    /// What the capture of this name is in `path`, as it was sent: escapes are not undone.
    #[must_use]
    pub fn get<'p>(&self, rule: &Rule, path: &'p str, name: &str) -> Option<&'p str> {
        let at = rule.captures().position(|of_rule| of_rule == name)?;
        path.get(self.ranges().nth(at)?)
    }
}
