//! What `pgoutput` writes, version 1: the messages of logical replication, as
//! [the manual](https://www.postgresql.org/docs/15/protocol-logicalrep-message-formats.html) has them.

use std::collections::HashMap;

use strangler_fig::event::Changed;
use strangler_fig::key::KeyExt;

use crate::customer::Customer;

/// The prefix of the message that marks a transaction as the crate's own.
pub(super) const OWN: &str = "strangler_fig";
/// And of the one that says that a trigger has changed rows of its own in it.
pub(super) const BESIDE: &str = "strangler_fig_beside";
/// The column of the key.
const KEY: &[u8] = b"id";
/// The type of the key, `bytea`.
const BYTEA: u32 = 17;

/// A committed transaction, as far as it concerns the tables that are followed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Transaction {
    /// Microseconds since 2000, by the server's clock.
    pub(super) committed: i64,
    /// Where the log goes on after it.
    pub(super) end: u64,
    /// Whether it went through the crate.
    pub(super) is_own: bool,
    /// Whether triggers have changed rows in it beside what was asked for.
    pub(super) is_beside: bool,
    /// Whether a table was emptied, of which nobody tells the rows.
    pub(super) is_truncated: bool,
    pub(super) changes: Vec<Changed<Vec<u8>, Customer>>,
}

/// A message that is none, or comes where it should not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

/// What is known of a table: which column is its key, and of what type, if deletions and changes of it are told with it.
/// Under a full replica identity every column is.
struct Relation {
    key: Option<(usize, u32)>,
}

/// A column of a row; `None` if it is null, or was not sent.
type Column<'a> = Option<&'a [u8]>;

/// The whole transactions in these messages, in the order of their commits.
pub(super) fn transactions<'a>(
    messages: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Transaction>, Malformed> {
    let (mut relations, mut open, mut done) = (HashMap::new(), None, Vec::new());
    for message in messages {
        let mut at = Reader(message);
        let kind = at.byte()?;
        match kind {
            b'B' => {
                at.skip(8)?;
                let committed = i64::from_be_bytes(at.bytes()?);
                open = Some(Transaction { committed, ..Transaction::default() });
            }
            b'C' => {
                at.skip(1 + 8)?;
                let mut whole = open.take().ok_or(Malformed("a commit of nothing"))?;
                whole.end = u64::from_be_bytes(at.bytes()?);
                done.push(whole);
            }
            b'R' => {
                let id = u32::from_be_bytes(at.bytes()?);
                relations.insert(id, at.relation()?);
            }
            b'I' | b'U' | b'D' => {
                let id = u32::from_be_bytes(at.bytes()?);
                let relation = relations.get(&id).ok_or(Malformed("a table nobody told of"))?;
                let changes = at.changes(relation)?;
                open.as_mut().ok_or(Malformed("a change outside"))?.changes.extend(changes);
            }
            b'T' => open.as_mut().ok_or(Malformed("a truncation outside"))?.is_truncated = true,
            b'M' => {
                at.skip(1 + 8)?;
                let (prefix, outside) = (at.text()?, Malformed("a message outside"));
                if prefix == OWN.as_bytes() {
                    open.as_mut().ok_or(outside)?.is_own = true;
                } else if prefix == BESIDE.as_bytes() {
                    open.as_mut().ok_or(outside)?.is_beside = true;
                }
            }
            // Where it comes from, and types.
            b'O' | b'Y' => {}
            _ => return Err(Malformed("no such message")),
        }
    }
    Ok(done)
}

impl Relation {
    /// A change of the row with this key, or of one whose key cannot be read. One that has none could not be found again.
    fn changed(&self, row: &[Column<'_>]) -> Result<Changed<Vec<u8>, Customer>, Malformed> {
        let (at, of_type) =
            self.key.ok_or(Malformed("the key is not in the replica identity of the table"))?;
        let text = row.get(at).copied().flatten().ok_or(Malformed("a row came without its key"))?;
        let unreadable = |why: String| Changed::Unreadable { key: text.to_vec().to_bytes(), why };
        Ok(match (of_type, unescaped(text)) {
            (BYTEA, Some(id)) => Changed::Hint(id),
            (BYTEA, None) => unreadable("a key that is no bytea as text".to_owned()),
            _ => unreadable(format!("the key is of type {of_type}, and no bytea")),
        })
    }
}

/// `\x` and digits, as `bytea_output` is by default and as `pgoutput` always writes.
fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix(b"\\x")?).ok()
}

/// Reads a message from its front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed("it is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), Malformed> {
        self.take(count).map(drop)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N).map(|taken| taken.try_into().expect("it is so long"))
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        self.bytes().map(|[byte]| byte)
    }

    /// Up to a zero, which is taken too.
    fn text(&mut self) -> Result<&'a [u8], Malformed> {
        let end =
            self.0.iter().position(|byte| *byte == 0).ok_or(Malformed("a text has no end"))?;
        let text = self.take(end)?;
        self.skip(1)?;
        Ok(text)
    }

    fn count(&mut self) -> Result<usize, Malformed> {
        usize::try_from(i16::from_be_bytes(self.bytes()?)).map_err(|_| Malformed("fewer than none"))
    }

    fn relation(&mut self) -> Result<Relation, Malformed> {
        self.text()?;
        self.text()?;
        self.skip(1)?;
        let mut key = None;
        for at in 0..self.count()? {
            let is_told = self.byte()? & 1 == 1;
            let name = self.text()?;
            let of_type = u32::from_be_bytes(self.bytes()?);
            self.skip(4)?;
            if is_told && name == KEY {
                key = Some((at, of_type));
            }
        }
        Ok(Relation { key })
    }

    /// One row, or the one before and the one after: two, if the key was changed.
    fn changes(
        &mut self,
        relation: &Relation,
    ) -> Result<Vec<Changed<Vec<u8>, Customer>>, Malformed> {
        let mut changes = Vec::new();
        while !self.0.is_empty() {
            if !matches!(self.byte()?, b'N' | b'K' | b'O') {
                return Err(Malformed("no such row"));
            }
            let change = relation.changed(&self.row()?)?;
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
        if changes.is_empty() { Err(Malformed("a change of nothing")) } else { Ok(changes) }
    }

    fn row(&mut self) -> Result<Vec<Column<'a>>, Malformed> {
        let mut row = Vec::new();
        for _ in 0..self.count()? {
            row.push(match self.byte()? {
                b'n' | b'u' => None,
                b't' | b'b' => {
                    let length = u32::from_be_bytes(self.bytes()?);
                    Some(self.take(length as usize)?)
                }
                _ => return Err(Malformed("no such column")),
            });
        }
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin() -> Vec<u8> {
        [&b"B"[..], &7_u64.to_be_bytes(), &5_i64.to_be_bytes(), &9_u32.to_be_bytes()].concat()
    }

    fn commit(end: u64) -> Vec<u8> {
        [&b"C\0"[..], &7_u64.to_be_bytes(), &end.to_be_bytes(), &5_i64.to_be_bytes()].concat()
    }

    /// A table of a key of this type, and a text.
    fn relation(of_type: u32) -> Vec<u8> {
        identified(of_type, [1, 0])
    }

    /// The same; which columns are in its replica identity.
    fn identified(of_type: u32, flags: [u8; 2]) -> Vec<u8> {
        let column = |flags: u8, name: &[u8], of_type: u32| {
            [&[flags][..], name, b"\0", &of_type.to_be_bytes(), &(-1_i32).to_be_bytes()].concat()
        };
        let columns = [column(flags[0], b"id", of_type), column(flags[1], b"name", 25)].concat();
        [&b"R\0\0\0\x01public\0customer\0d"[..], &2_i16.to_be_bytes(), &columns].concat()
    }

    fn row(kind: u8, id: &str) -> Vec<u8> {
        let length = u32::try_from(id.len()).unwrap().to_be_bytes();
        [&[kind][..], &2_i16.to_be_bytes(), b"t", &length, id.as_bytes(), b"n"].concat()
    }

    fn change(kind: u8, rows: &[Vec<u8>]) -> Vec<u8> {
        [&[kind][..], b"\0\0\0\x01", &rows.concat()].concat()
    }

    fn decoded(messages: &[Vec<u8>]) -> Result<Vec<Transaction>, Malformed> {
        transactions(messages.iter().map(Vec::as_slice))
    }

    fn hints(transaction: &Transaction) -> Vec<Vec<u8>> {
        let hint = |change: &Changed<Vec<u8>, Customer>| match change {
            Changed::Hint(id) => id.clone(),
            other => panic!("no hint: {other:?}"),
        };
        transaction.changes.iter().map(hint).collect()
    }

    #[test]
    fn changes_come_by_transaction_and_a_changed_key_is_two() {
        let messages = [
            begin(),
            relation(BYTEA),
            change(b'I', &[row(b'N', "\\x0a")]),
            change(b'U', &[row(b'N', "\\x0b")]),
            commit(100),
            begin(),
            change(b'U', &[row(b'K', "\\x0c"), row(b'N', "\\x0d")]),
            change(b'U', &[row(b'O', "\\x0e"), row(b'N', "\\x0e")]),
            change(b'D', &[row(b'K', "\\x")]),
            commit(200),
        ];
        let [first, second] = decoded(&messages).unwrap().try_into().unwrap();
        assert_eq!((first.end, first.committed, second.end), (100, 5, 200));
        assert_eq!(hints(&first), [[10], [11]]);
        assert_eq!(hints(&second), [vec![12], vec![13], vec![14], vec![]]);
        assert!(!first.is_own && !first.is_truncated);
    }

    #[test]
    fn the_crate_s_own_transactions_and_truncations_are_told() {
        let own = [&b"M\x01"[..], &7_u64.to_be_bytes(), b"strangler_fig\0\0\0\0\0"].concat();
        let other = [&b"M\x01"[..], &7_u64.to_be_bytes(), b"other\0\0\0\0\0"].concat();
        let truncation = b"T\0\0\0\x01\0\0\0\0\x01".to_vec();
        let messages =
            [begin(), own, commit(1), begin(), other, commit(2), begin(), truncation, commit(3)];
        let told = decoded(&messages).unwrap();
        let told: Vec<_> = told.iter().map(|it| (it.is_own, it.is_truncated)).collect();
        assert_eq!(told, [(true, false), (false, false), (false, true)]);

        let beside = [&b"M\x01"[..], &7_u64.to_be_bytes(), b"strangler_fig_beside\0\0\0\0\0"];
        let [whole] = decoded(&[begin(), beside.concat(), commit(1)]).unwrap().try_into().unwrap();
        assert!(whole.is_beside && !whole.is_own);
    }

    #[test]
    fn a_full_identity_has_the_key_and_one_without_it_is_an_error() {
        let changes = [
            change(b'U', &[row(b'O', "\\x0c"), row(b'N', "\\x0d")]),
            change(b'D', &[row(b'O', "\\x0e")]),
        ];
        let told = |flags| {
            decoded(&[&[begin(), identified(BYTEA, flags)], &changes[..], &[commit(1)]].concat())
        };
        assert_eq!(hints(&told([1, 1]).unwrap()[0]), [[12], [13], [14]]);
        for flags in [[0, 1], [0, 0]] {
            let why = Malformed("the key is not in the replica identity of the table");
            assert_eq!(told(flags), Err(why));
        }
        let nameless = [&b"D\0\0\0\x01K"[..], &2_i16.to_be_bytes(), b"nn"].concat();
        let told = decoded(&[begin(), relation(BYTEA), nameless, commit(1)]);
        assert_eq!(told, Err(Malformed("a row came without its key")));
    }

    #[test]
    fn a_key_of_another_type_parks_its_row_and_no_other() {
        let messages = [
            begin(),
            relation(BYTEA),
            change(b'I', &[row(b'N', "\\x0a")]),
            relation(25),
            change(b'I', &[row(b'N', "ten")]),
            commit(1),
        ];
        let [whole] = decoded(&messages).unwrap().try_into().unwrap();
        assert_eq!(whole.changes[0], Changed::Hint(vec![10]));
        let why = "the key is of type 25, and no bytea".to_owned();
        assert_eq!(whole.changes[1], Changed::Unreadable { key: b"ten".to_vec().to_bytes(), why });
    }

    #[test]
    fn what_is_no_message_is_an_error_and_never_a_panic() {
        let good = [
            begin(),
            relation(BYTEA),
            change(b'U', &[row(b'K', "\\x0c"), row(b'N', "\\x0d")]),
            commit(1),
        ];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..50_000 {
            let mut messages = good.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(0..messages.len());
                let message = &mut messages[at];
                match random.u8(0..3) {
                    0 => message.truncate(random.usize(0..=message.len())),
                    1 if !message.is_empty() => {
                        let byte = random.usize(0..message.len());
                        message[byte] = random.u8(..);
                    }
                    _ => message.push(random.u8(..)),
                }
            }
            let _ = decoded(&messages);
        }
        assert_eq!(decoded(&[commit(1)]), Err(Malformed("a commit of nothing")));
        assert_eq!(decoded(&[b"?".to_vec()]), Err(Malformed("no such message")));
        assert!(decoded(&[Vec::new()]).is_err());
        assert_eq!(decoded(&good[..3]).unwrap(), [], "what is not whole is not told");
    }
}
