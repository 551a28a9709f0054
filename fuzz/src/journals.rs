//! Files of the file-backed journal: one that is not what it should be is an error that names it,
//! whatever is called about its saga, stays as it is, byte for byte, and is in nobody's way; one
//! that is, is gone on with from where it stands.

use std::cell::RefCell;
use std::fmt::Debug;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{FileJournalError, FileSagaJournal};
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaJournal, SagaStatus,
};
use twox_hash::{XxHash3_64, XxHash3_128};

use crate::room::Room;
use crate::source::Source;
use crate::{drawn, sagas};

const TERM: Duration = Duration::from_secs(300);

/// How a journal on a directory is made.
pub type Open = fn(&Path) -> Box<dyn SagaJournal>;

/// Checks a file of `bytes`, or of what they draw.
pub fn check(bytes: &[u8]) {
    check_with(|directory| Box::new(FileSagaJournal::new(directory)), bytes);
}

/// The same of another journal on the same file.
pub fn check_with(open: Open, bytes: &[u8]) {
    thread_local!(static ROOM: RefCell<Room> = RefCell::new(Room::new()));
    ROOM.with_borrow(|room| {
        let content = content(bytes);
        room.clear();
        fs::write(file(room), &content).expect("the directory can be written to");
        let journal = open(&room.directory);
        room.runtime.block_on(async {
            match journal.load(&order()).await {
                Ok(found) => {
                    let (header, entries) = found.expect("there is a file");
                    goes_on(&*journal, header, entries, room).await;
                }
                Err(error) => {
                    is_refused(&*journal, &error).await;
                    let kept = fs::read(file(room)).expect("nobody removes the file");
                    assert!(kept == content, "a file that cannot be read was touched");
                }
            }
        });
        assert_eq!(room.ending(".tmp"), [""; 0].map(PathBuf::from), "a temporary file is left");
    });
}

fn order() -> SagaId {
    "order:4711".parse().expect("it is an id")
}

/// The one file in a room that is of a saga.
fn file(room: &Room) -> PathBuf {
    let name = XxHash3_128::oneshot(order().as_str().as_bytes());
    room.directory.join(format!("{name:032x}.saga"))
}

/// The bytes; or what follows the first, each line with a checksum that vouches for it; or
/// drawn changes, with such checksums.
fn content(bytes: &[u8]) -> Vec<u8> {
    let mut source = Source::new(bytes);
    match source.byte() {
        b'+' => sealed(source.rest().split(|byte| *byte == b'\n')),
        b'!' => {
            let count = 1 + source.byte() % 12;
            let lines: Vec<_> = (0..count).map(|n| change(&mut source, n)).collect();
            let mut content = sealed(lines.iter().map(String::as_bytes));
            content.extend(source.rest());
            content
        }
        _ => bytes.to_vec(),
    }
}

fn sealed<'l>(lines: impl Iterator<Item = &'l [u8]>) -> Vec<u8> {
    let mut content = b"{\"format\":\"strangler-fig/saga-file\",\"version\":1}\n".to_vec();
    let mut seal = 0;
    for line in lines {
        seal = XxHash3_64::oneshot_with_seed(seal, line);
        content.extend(format!("{seal:016x} ").into_bytes());
        content.extend(line);
        content.push(b'\n');
    }
    content
}

/// A change that is often one that could be made.
fn change(source: &mut Source<'_>, number: u8) -> String {
    let runner = drawn::node(source.byte());
    let (at, until) = (source.number(), source.number());
    let (epoch, position) = (source.byte() % 4, source.byte() % 8);
    let status = source.one_of(SagaStatus::ALL);
    let saga = if source.byte() == 0xFF { "order:1" } else { "order:4711" };
    let identity = format!(
        r#""saga":"{saga}","definition":"checkout@3#00000000000000ff","input":42,"parent":null"#
    );
    let kind = if number == 0 { source.byte() % 8 / 6 } else { 2 + source.byte() % 5 };
    let line = match kind {
        0 => {
            let entries = entries(source);
            let times = format!(r#""runner":"{runner}","at":{at},"until":{until}"#);
            format!(r#"{{"created":{{{identity},"entries":{entries},{times}}}}}"#)
        }
        1 => {
            let held = format!(r#"["{runner}",{until}]"#);
            let held = if source.flag() { held } else { "null".to_owned() };
            let (length, epoch) = (source.number(), source.number());
            let counts = format!(r#""length":{length},"epoch":{epoch},"held":{held}"#);
            let stands = format!(r#""status":"{status}","outcome":null,"changed":{at}"#);
            format!(r#"{{"purged":{{{identity},{counts},{stands}}}}}"#)
        }
        2 | 3 => {
            let (entries, outcome) = (entries(source), outcome(source));
            let stands = format!(r#""status":"{status}","outcome":{outcome}"#);
            let times = format!(r#""at":{at},"until":{until}"#);
            format!(
                r#"{{"appended":{{"position":{position},"entries":{entries},{stands},{times}}}}}"#
            )
        }
        4 => format!(
            r#"{{"claimed":{{"epoch":{epoch},"runner":"{runner}","at":{at},"until":{until}}}}}"#
        ),
        5 => format!(r#"{{"renewed":{{"epoch":{epoch},"until":{until}}}}}"#),
        _ => format!(r#"{{"released":{{"epoch":{epoch}}}}}"#),
    };
    // A line of a file has no others within.
    line.replace('\n', "\u{1e}")
}

fn entries(source: &mut Source<'_>) -> String {
    let entries = source.many(2, |source| sagas::entry(source).to_document());
    format!("[{}]", entries.join(","))
}

fn outcome(source: &mut Source<'_>) -> String {
    let outcome = source.flag().then(|| sagas::outcome(source).to_document());
    outcome.unwrap_or_else(|| "null".to_owned())
}

fn new() -> NewSaga {
    let definition = "refund@1#0000000000000001".parse().expect("it is a definition");
    NewSaga { id: order(), definition, input: 7, parent: None }
}

fn at(position: u64, entries: &[SagaEntry]) -> SagaAppend<'_> {
    SagaAppend { position, entries, status: SagaStatus::Running, outcome: None }
}

async fn listed(journal: &dyn SagaJournal) -> Vec<SagaHeader> {
    let all = SagaFilter::default();
    let listed = journal.list(&all, None, NonZeroUsize::MAX).await;
    listed.expect("one file fails no list").into_iter().map(steady).collect()
}

/// What does not change by itself.
fn steady(mut header: SagaHeader) -> SagaHeader {
    (header.idle, header.holder) = (Duration::ZERO, None);
    header
}

/// Every call about the saga answers the same, and names the file; others leave it out.
async fn is_refused(journal: &dyn SagaJournal, error: &StoreError) {
    let names_it = |error: &StoreError| {
        let cause = error.downcast_ref::<FileJournalError>().expect("it says what is wrong");
        assert_eq!(error.kind(), StoreErrorKind::Rejected, "{cause}");
        assert!(cause.to_string().contains(".saga"), "{cause}");
    };
    names_it(error);
    let (runner, claim) = (drawn::node(0), SagaClaim { saga: order(), epoch: 1 });
    names_it(&journal.create(&new(), &[], &runner, TERM).await.expect_err("create"));
    names_it(&journal.append(&claim, &at(0, &[]), TERM).await.expect_err("append"));
    names_it(&journal.claim(&order(), &runner, TERM).await.expect_err("claim"));
    names_it(&journal.release(&claim).await.expect_err("release"));
    names_it(&journal.purge(&order()).await.expect_err("purge"));
    assert_eq!(listed(journal).await, []);
    assert_eq!(journal.renew(&[claim], TERM).await.expect("it fails no others"), []);
}

fn is_conflict<T: Debug>(answer: Result<T, StoreError>) {
    let error = answer.expect_err("it is not so");
    assert_eq!(error.kind(), StoreErrorKind::Conflict, "{error:?}");
}

/// A file that was read is gone on with as the contract says.
async fn goes_on(
    journal: &dyn SagaJournal,
    header: SagaHeader,
    mut entries: Vec<SagaEntry>,
    room: &Room,
) {
    let before = fs::read(file(room)).expect("it is there");
    assert_eq!(listed(journal).await, [steady(header.clone())]);
    match journal.create(&new(), &[], &drawn::node(0), TERM).await.expect("it was read") {
        Created::Found(found) => assert_eq!(steady(*found), steady(header.clone())),
        Created::New(claim) => panic!("it was created again: {claim:?}"),
    }
    let claim = SagaClaim { saga: order(), epoch: header.epoch };
    let other = SagaClaim { epoch: header.epoch.wrapping_add(1), ..claim.clone() };
    is_conflict(journal.append(&other, &at(header.length, &[]), TERM).await);
    is_conflict(journal.append(&claim, &at(header.length.wrapping_add(1), &[]), TERM).await);
    assert_eq!(fs::read(file(room)).expect("it is there"), before, "the file was touched");

    let started = SagaEntry::Started { step: "charge".parse().expect("it is a name") };
    let more =
        journal.append(&claim, &at(header.length, std::slice::from_ref(&started)), TERM).await;
    if header.is_purged {
        is_conflict(more);
        assert_eq!(entries, []);
        assert_eq!(
            journal.claim(&order(), &drawn::node(0), TERM).await.expect("it was read"),
            None
        );
        return journal.purge(&order()).await.expect("it was purged before");
    }
    more.expect("it was read");
    entries.push(started);
    let (now, found) = journal.load(&order()).await.expect("as before").expect("as before");
    assert_eq!((now.length, &found), (header.length + 1, &entries), "the entries");
    is_conflict(journal.purge(&order()).await);
    let status = SagaStatus::GivenUp;
    let end = SagaAppend { status, ..at(now.length, &[]) };
    journal.append(&claim, &end, TERM).await.expect("it runs");
    journal.purge(&order()).await.expect("it is over");
    let (purged, left) = journal.load(&order()).await.expect("as before").expect("as before");
    assert_eq!((purged.length, purged.status, left), (now.length, status, Vec::new()));
}
