//! The document as bytes: a line that says what follows, with its checksum, and
//! the document itself as one JSON object.

use std::path::Path;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::FileStateError;
use super::document::Document;
use crate::phase::{MigrationName, MigrationState, NodeId, NodeLease, Revision, Versioned};

const FORMAT: &str = "strangler-fig/migration-file";
const VERSION: u32 = 1;

/// The first line. What comes after `version` is up to that version.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    migration: MigrationName,
    stored: Option<Stored>,
    leases: Vec<NodeLease>,
    evicted: Vec<NodeId>,
}

/// The state is a document with a version of its own.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    revision: Revision,
    document: serde_json::Value,
}

fn header(payload: &[u8]) -> String {
    let checksum = XxHash3_64::oneshot(payload);
    format!(r#"{{"format":"{FORMAT}","version":{VERSION},"checksum":"{checksum:016x}"}}"#)
}

impl Document {
    pub(super) fn encode(&self) -> Vec<u8> {
        let stored = self.stored.as_ref().map(|Versioned { revision, state }| {
            let document = serde_json::from_str(&state.to_document());
            Stored { revision: *revision, document: document.expect("a state's document is JSON") }
        });
        let payload = Payload {
            migration: self.name.clone(),
            stored,
            leases: self.leases.values().cloned().collect(),
            evicted: self.evicted.iter().cloned().collect(),
        };
        let mut text = serde_json::to_string(&payload).expect("every field has a JSON form");
        text.push('\n');
        let mut bytes = header(text.as_bytes()).into_bytes();
        bytes.push(b'\n');
        bytes.extend(text.into_bytes());
        bytes
    }

    /// The document of migration `name` in `bytes`, which were read at `path`.
    pub(super) fn decode(
        bytes: &[u8],
        name: &MigrationName,
        path: &Path,
    ) -> Result<Self, FileStateError> {
        let payload = checked(bytes, path)?;
        let payload: Payload = serde_json::from_slice(payload).map_err(|error| {
            FileStateError::Broken { path: path.to_owned(), source: error.into() }
        })?;
        if payload.migration != *name {
            return Err(FileStateError::OtherMigration {
                path: path.to_owned(),
                expected: name.clone(),
                found: payload.migration,
            });
        }
        if let Some(field) = payload.impossible() {
            return Err(FileStateError::Impossible { path: path.to_owned(), field });
        }
        let stored = payload.stored.map(|stored| stored.versioned(name, path));
        let leases = payload.leases.into_iter();
        Ok(Self {
            name: payload.migration,
            stored: stored.transpose()?,
            leases: leases.map(|lease| (lease.node.clone(), lease)).collect(),
            evicted: payload.evicted.into_iter().collect(),
        })
    }
}

impl Payload {
    /// A field that no sequence of calls writes so.
    fn impossible(&self) -> Option<&'static str> {
        let is_evicted = |lease: &NodeLease| self.evicted.contains(&lease.node);
        let mut nodes: Vec<_> = self.leases.iter().map(|lease| &lease.node).collect();
        nodes.sort_unstable();
        match &self.stored {
            // It would count as none, and `create` replace it.
            Some(stored) if stored.revision == Revision::default() => Some("revision"),
            _ if self.leases.iter().any(is_evicted) => Some("evicted"),
            _ if nodes.windows(2).any(|pair| pair[0] == pair[1]) => Some("leases"),
            _ => None,
        }
    }
}

/// What follows the first line, if the line vouches for it.
fn checked<'a>(bytes: &'a [u8], path: &Path) -> Result<&'a [u8], FileStateError> {
    let foreign = || FileStateError::Foreign { path: path.to_owned() };
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, payload) = bytes.split_at(end.ok_or_else(foreign)?);
    let head: Head = serde_json::from_slice(line).map_err(|_| foreign())?;
    if head.format != FORMAT || head.version == 0 {
        return Err(foreign());
    }
    if head.version > VERSION {
        return Err(FileStateError::Newer { path: path.to_owned(), found: head.version });
    }
    let payload = &payload[1..];
    // The line is compared as it is written, so that no byte of it may differ.
    if line == header(payload).as_bytes() {
        Ok(payload)
    } else {
        Err(FileStateError::Damaged { path: path.to_owned() })
    }
}

impl Stored {
    fn versioned(self, name: &MigrationName, path: &Path) -> Result<Versioned, FileStateError> {
        let state = MigrationState::from_document(&self.document.to_string(), name);
        let state =
            state.map_err(|source| FileStateError::State { path: path.to_owned(), source })?;
        Ok(Versioned { revision: self.revision, state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::Incarnation;

    fn name() -> MigrationName {
        "airports".parse().unwrap()
    }

    fn node(name: &str) -> NodeId {
        NodeId { name: name.parse().unwrap(), incarnation: Incarnation::fixed(7) }
    }

    fn document() -> Document {
        let mut document = Document::empty(name());
        document.create(MigrationState::new(name())).unwrap();
        let lease = NodeLease::new(node("here")).with_holds(u64::MAX);
        document.renew(lease).unwrap();
        document.evict(&NodeLease::new(node("gone"))).unwrap();
        document
    }

    fn decoded(bytes: &[u8]) -> Result<Document, FileStateError> {
        Document::decode(bytes, &name(), Path::new("here"))
    }

    /// `payload` under a first line that vouches for it.
    fn vouched(payload: &str) -> Vec<u8> {
        format!("{}\n{payload}", header(payload.as_bytes())).into_bytes()
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(decoded(&document().encode()).unwrap(), document());
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = document().encode();
        for end in 0..whole.len() {
            assert!(decoded(&whole[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let whole = document().encode();
        for at in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(decoded(&flipped).is_err(), "bit {at}");
        }
    }

    #[test]
    fn a_byte_too_many_is_noticed() {
        let mut longer = document().encode();
        longer.push(b'\n');
        assert!(matches!(decoded(&longer), Err(FileStateError::Damaged { .. })));
    }

    #[test]
    fn a_field_that_cannot_be_is_named_though_the_checksum_is_right() {
        let text = String::from_utf8(document().encode()).unwrap();
        let payload = text.lines().nth(1).unwrap();
        let error = decoded(&vouched(&payload.replace("\"holds\"", "\"hords\""))).unwrap_err();
        let FileStateError::Broken { source, .. } = error else { panic!("{error:?}") };
        assert!(source.to_string().contains("holds"), "{source}");
    }

    #[test]
    fn what_no_call_writes_is_refused_though_the_checksum_is_right() {
        let mut document = document();
        let here = document.leases.first_key_value().unwrap().1.clone();
        document.evicted.insert(here.node.clone());
        let evicted = String::from_utf8(document.encode()).unwrap();
        let text = String::from_utf8(self::document().encode()).unwrap();
        let lease = serde_json::to_string(&here).unwrap();
        for (field, payload) in [
            ("evicted", evicted),
            ("revision", text.replace("\"revision\":1", "\"revision\":0")),
            ("leases", text.replace(&lease, &format!("{lease},{lease}"))),
        ] {
            let error = decoded(&vouched(payload.split_once('\n').unwrap().1)).unwrap_err();
            let FileStateError::Impossible { field: found, .. } = error else {
                panic!("{field}: {error:?}")
            };
            assert_eq!(found, field);
        }
    }

    #[test]
    fn a_state_of_a_later_version_is_refused_though_the_file_is_not() {
        let text = String::from_utf8(document().encode()).unwrap();
        let payload = text.lines().nth(1).unwrap();
        let newer = payload.replace("\"version\":1", "\"version\":2");
        let error = decoded(&vouched(&newer)).unwrap_err();
        assert!(matches!(error, FileStateError::State { .. }), "{error:?}");
    }
}
