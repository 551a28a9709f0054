//! Judges the history of one key as it grows: every way in which the operations
//! so far could have taken effect one after the other.
//!
//! Values are the numbers of the writes that made them, told apart by nothing
//! else; stamps are not seen here.

/// The number of a write; 0 is what was there before.
pub(crate) type Id = u8;

/// What a read shows: the number of a save, or nothing.
pub(crate) type Seen = Option<Id>;

/// More writes than any model has.
const IDS: u32 = 12;
/// The guesses of reads begin above the bits of the writes.
const GUESSES_AT: u32 = 4 + IDS;
const GUESS_BITS: u32 = 4;

/// One order of what has happened: the value, the writes that have taken effect,
/// and what each read under way has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Order(u32);

impl Order {
    const fn value(self) -> Id {
        (self.0 & 0xF) as Id
    }

    const fn has(self, id: Id) -> bool {
        self.0 >> (4 + id) & 1 == 1
    }

    const fn after(self, id: Id) -> Self {
        Self(self.0 & !0xF | id as u32 | 1 << (4 + id))
    }

    const fn guess(self, reader: u8) -> Option<Id> {
        let guess = self.0 >> (GUESSES_AT + GUESS_BITS * reader as u32) & 0xF;
        if guess == 0 { None } else { Some(guess as Id - 1) }
    }

    const fn without_guess(self, reader: u8) -> Self {
        Self(self.0 & !(0xF << (GUESSES_AT + GUESS_BITS * reader as u32)))
    }

    const fn guessing(self, reader: u8) -> Self {
        let guess = self.value() as u32 + 1;
        Self(self.0 | guess << (GUESSES_AT + GUESS_BITS * reader as u32))
    }
}

/// Every order that is still possible; none is a violation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Judge {
    orders: Vec<Order>,
    /// Writes that may still take effect.
    pending: u16,
    /// Reads under way.
    reading: u8,
    /// Writes that delete.
    deletes: u16,
    /// Writes that were refused.
    refused: u16,
    /// Writes that were acknowledged.
    acknowledged: u16,
    /// For each write, those acknowledged before it began.
    before: Vec<u16>,
}

impl Judge {
    /// Nothing has happened; the key is there, or is not.
    pub(crate) fn new(exists: bool) -> Self {
        Self {
            orders: vec![Order(0)],
            pending: 0,
            reading: 0,
            deletes: u16::from(!exists),
            refused: 0,
            acknowledged: 1,
            before: vec![0],
        }
    }

    /// Whether some order explains all that was seen.
    pub(crate) fn is_possible(&self) -> bool {
        !self.orders.is_empty()
    }

    /// What a read shows while this write's value is there.
    pub(crate) const fn shown(&self, id: Id) -> Seen {
        if self.deletes >> id & 1 == 1 { None } else { Some(id) }
    }

    /// The number of the next write.
    fn next(&self) -> Id {
        let id = Id::try_from(self.before.len()).expect("few writes");
        assert!(u32::from(id) < IDS, "an order has no room for more writes");
        id
    }

    /// A write begins.
    pub(crate) fn write(&mut self, deletes: bool) -> Id {
        let id = self.next();
        self.before.push(self.acknowledged);
        self.deletes |= u16::from(deletes) << id;
        self.pending |= 1 << id;
        self.close();
        id
    }

    /// A write is acknowledged.
    pub(crate) fn acknowledge(&mut self, id: Id) {
        self.orders.retain(|order| order.has(id));
        self.pending &= !(1 << id);
        self.acknowledged |= 1 << id;
    }

    /// A write is refused: it never takes effect.
    pub(crate) fn refuse(&mut self, id: Id) {
        self.orders.retain(|order| !order.has(id));
        self.pending &= !(1 << id);
        self.refused |= 1 << id;
    }

    /// A read begins.
    pub(crate) fn read(&mut self, reader: u8) {
        self.reading |= 1 << reader;
        self.close();
    }

    /// A read answers.
    pub(crate) fn answer(&mut self, reader: u8, seen: Seen) {
        let deletes = self.deletes;
        let shown = |id: Id| if deletes >> id & 1 == 1 { None } else { Some(id) };
        self.orders.retain(|order| order.guess(reader).map(shown) == Some(seen));
        self.forget(reader);
    }

    /// A read ends without an answer.
    pub(crate) fn forget(&mut self, reader: u8) {
        self.reading &= !(1 << reader);
        self.orders.iter_mut().for_each(|order| *order = order.without_guess(reader));
        self.tidy();
    }

    /// Whether a read that began and ended just now may show this.
    pub(crate) fn allows(&self, seen: Seen) -> bool {
        self.orders.iter().any(|order| self.shown(order.value()) == seen)
    }

    /// The values that a query beginning now must not show: those of writes that
    /// an acknowledged write has certainly replaced.
    pub(crate) fn replaced(&self) -> u16 {
        let acknowledged = (0..self.before.len()).filter(|id| self.acknowledged >> id & 1 == 1);
        acknowledged.fold(0, |replaced, id| replaced | self.before[id])
    }

    /// Whether a query may show this, when these were replaced before it began.
    pub(crate) fn query_allows(&self, replaced: u16, seen: Seen) -> bool {
        let ids = 0..self.next();
        let hidden = replaced | self.refused;
        ids.filter(|id| hidden >> id & 1 == 0).any(|id| self.shown(id) == seen)
    }

    /// Adds every order that what is under way makes possible.
    fn close(&mut self) {
        let mut next = 0;
        while let Some(&order) = self.orders.get(next) {
            next += 1;
            let writes = (1..self.next())
                .filter(|id| self.pending >> id & 1 == 1 && !order.has(*id))
                .map(|id| order.after(id));
            let reads = (0..8)
                .filter(|reader| self.reading >> reader & 1 == 1 && order.guess(*reader).is_none())
                .map(|reader| order.guessing(reader));
            let more: Vec<_> = writes.chain(reads).filter(|it| !self.orders.contains(it)).collect();
            self.orders.extend(more);
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        self.orders.sort_unstable();
        self.orders.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_after_an_acknowledged_write_shows_it() {
        let mut judge = Judge::new(true);
        let id = judge.write(false);
        assert!(judge.allows(Some(0)) && judge.allows(Some(id)), "either, while it is under way");
        judge.acknowledge(id);
        assert!(!judge.allows(Some(0)) && judge.allows(Some(id)));
    }

    #[test]
    fn what_was_seen_does_not_go_away_again() {
        let mut judge = Judge::new(true);
        let id = judge.write(false);
        judge.read(0);
        judge.answer(0, Some(id));
        assert!(judge.is_possible() && !judge.allows(Some(0)));
        judge.refuse(id);
        assert!(!judge.is_possible(), "a refused write was seen");
    }

    #[test]
    fn a_read_may_show_what_was_there_when_it_began() {
        let mut judge = Judge::new(true);
        judge.read(0);
        let id = judge.write(false);
        judge.acknowledge(id);
        judge.read(1);
        judge.answer(1, Some(id));
        judge.answer(0, Some(0));
        assert!(judge.is_possible());
        judge.read(0);
        judge.answer(0, Some(0));
        assert!(!judge.is_possible());
    }

    #[test]
    fn a_query_misses_no_acknowledged_write() {
        let mut judge = Judge::new(true);
        let (one, two) = (judge.write(false), judge.write(true));
        assert!(judge.query_allows(judge.replaced(), Some(0)));
        judge.acknowledge(one);
        let replaced = judge.replaced();
        assert!(!judge.query_allows(replaced, Some(0)));
        assert!(judge.query_allows(replaced, Some(one)) && judge.query_allows(replaced, None));
        judge.acknowledge(two);
        assert!(judge.query_allows(judge.replaced(), Some(one)), "they overlapped");
        let three = judge.write(false);
        judge.acknowledge(three);
        assert!(!judge.query_allows(judge.replaced(), Some(one)));
        assert!(judge.query_allows(judge.replaced(), Some(three)));
    }
}
