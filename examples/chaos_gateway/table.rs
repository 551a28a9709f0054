use std::fmt;

use super::callers::Seen;

/// One stage of the story, as all who took part saw it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) straight: Seen,
    pub(crate) through: Seen,
    pub(crate) net: Net,
}

/// What the gateway did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Net {
    pub(crate) fell_back: u64,
    pub(crate) opened: u64,
    pub(crate) differences: u64,
}

pub(crate) const HEAD: [&str; 2] = [
    "                    straight to modern              through the gateway",
    "modern is           answered  wrong     p99 orders  answered  wrong     p99 orders  twice  \
     fell back  opened  differences",
];

struct Shown<'a>(&'a Seen);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.0;
        let answered = 100 * seen.answered / seen.asked.max(1);
        let orders = 100 * seen.told_done / seen.ordered.max(1);
        let p99 = seen.p99().as_millis();
        write!(f, "{answered:>6} %  {:>5}  {p99:>4} ms  {orders:>3} %", seen.wrong)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, straight, through, net } = self;
        let Net { fell_back, opened, differences } = net;
        write!(f, "{what:<20}{}  {}", Shown(straight), Shown(through))?;
        write!(f, "  {:>5}  {fell_back:>9}  {opened:>6}  {differences:>11}", through.doubled)
    }
}
