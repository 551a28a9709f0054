//! States and leases as documents, for services that store text.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::JsonError;

use super::{MigrationName, MigrationState, NodeId, NodeLease};

const FORMAT: &str = "strangler-fig/migration-state";
const LEASE_FORMAT: &str = "strangler-fig/node-lease";
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: &'static str,
    version: u32,
    state: &'a MigrationState,
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Deserialize)]
struct Body {
    state: MigrationState,
}

#[derive(Serialize)]
struct WrittenLease<'a> {
    format: &'static str,
    version: u32,
    lease: &'a NodeLease,
}

#[derive(Deserialize)]
struct LeaseBody {
    lease: NodeLease,
}

/// The body of a document of `format`.
fn body<T: DeserializeOwned>(text: &str, format: &'static str) -> Result<T, DocumentError> {
    let foreign = |source| DocumentError::Foreign { format, source };
    let head: Head = serde_json::from_str(text).map_err(|error| foreign(Some(error.into())))?;
    if head.format != format {
        return Err(foreign(None));
    }
    if head.version > VERSION {
        return Err(DocumentError::Newer { found: head.version });
    }
    let mut text = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut text).map_err(|error| DocumentError::Broken {
        field: error.path().to_string(),
        source: error.into_inner().into(),
    })
}

/// A document that is not a usable state, or not a usable lease.
///
/// ```
/// use strangler_fig::phase::{DocumentError, MigrationName, MigrationState};
///
/// let airports: MigrationName = "airports".parse()?;
/// let foreign = MigrationState::from_document("{}", &airports);
/// assert!(matches!(foreign, Err(DocumentError::Foreign { .. })));
///
/// let users = MigrationState::new("users".parse()?).to_document();
/// let mixed_up = MigrationState::from_document(&users, &airports);
/// assert!(matches!(mixed_up, Err(DocumentError::OtherMigration { .. })));
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is no such document at all, or cut short.
    #[error("this is not a document of format {format}")]
    Foreign {
        /// What it should be.
        format: &'static str,
        /// What stopped the reading.
        source: Option<JsonError>,
    },
    /// A later version of the crate wrote it.
    #[error("the document has version {found}, this crate reads up to {VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// It has a field that cannot be.
    #[error("the document is broken at its field {field}")]
    Broken {
        /// Where to look: the path of the field.
        field: String,
        /// What is wrong with it.
        source: JsonError,
    },
    /// Its fields contradict each other: no sequence of moves leads there.
    #[error("the state document is impossible: see its field {field}")]
    Impossible {
        /// Where to look.
        field: &'static str,
    },
    /// It belongs to another migration.
    #[error("the document is the state of {found}, not of {expected}")]
    OtherMigration {
        /// Whose it should be.
        expected: MigrationName,
        /// Whose it is.
        found: MigrationName,
    },
    /// It is the lease of another node.
    #[error("the document is the lease of {found}, not of {expected}")]
    OtherNode {
        /// Whose it should be.
        expected: NodeId,
        /// Whose it is.
        found: NodeId,
    },
}

impl MigrationState {
    /// The state as a JSON document that says what it is.
    ///
    /// ```
    /// use strangler_fig::phase::MigrationState;
    ///
    /// let state = MigrationState::new("airports".parse()?);
    /// assert!(state.to_document().contains("\"airports\""));
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Never: every field has a JSON form.
    #[must_use]
    pub fn to_document(&self) -> String {
        let written = Written { format: FORMAT, version: VERSION, state: self };
        serde_json::to_string(&written).expect("every field of a state has a JSON form")
    }

    /// The state in a document of the migration `expected`.
    ///
    /// ```
    /// use strangler_fig::phase::{MigrationName, MigrationState};
    ///
    /// let name: MigrationName = "airports".parse()?;
    /// let state = MigrationState::new(name.clone());
    /// assert_eq!(MigrationState::from_document(&state.to_document(), &name)?, state);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DocumentError`], naming the field that is wrong.
    pub fn from_document(text: &str, expected: &MigrationName) -> Result<Self, DocumentError> {
        let Body { state } = body(text, FORMAT)?;
        if state.name() != expected {
            let found = state.name().clone();
            return Err(DocumentError::OtherMigration { expected: expected.clone(), found });
        }
        match state.impossible() {
            None => Ok(state),
            Some(field) => Err(DocumentError::Impossible { field }),
        }
    }
}

impl NodeLease {
    /// The lease as a JSON document that says what it is.
    ///
    /// ```
    /// use strangler_fig::phase::{Incarnation, NodeId, NodeLease};
    ///
    /// let node = NodeId { name: "node-1".parse()?, incarnation: Incarnation::fixed(1) };
    /// assert!(NodeLease::new(node).to_document().contains("\"node-1\""));
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Never: every field has a JSON form.
    #[must_use]
    pub fn to_document(&self) -> String {
        let written = WrittenLease { format: LEASE_FORMAT, version: VERSION, lease: self };
        serde_json::to_string(&written).expect("every field of a lease has a JSON form")
    }

    /// The lease of `expected` in a document.
    ///
    /// ```
    /// use strangler_fig::phase::{Incarnation, NodeId, NodeLease};
    ///
    /// let node = NodeId { name: "node-1".parse()?, incarnation: Incarnation::fixed(1) };
    /// let lease = NodeLease::new(node.clone());
    /// assert_eq!(NodeLease::from_document(&lease.to_document(), &node)?, lease);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DocumentError`], naming the field that is wrong.
    pub fn from_document(text: &str, expected: &NodeId) -> Result<Self, DocumentError> {
        let LeaseBody { lease } = body(text, LEASE_FORMAT)?;
        if lease.node == *expected {
            return Ok(lease);
        }
        Err(DocumentError::OtherNode { expected: expected.clone(), found: lease.node })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> MigrationName {
        "airports".parse().unwrap()
    }

    fn document() -> String {
        MigrationState::new(name()).to_document()
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = document();
        for end in 0..whole.len() {
            assert!(MigrationState::from_document(&whole[..end], &name()).is_err(), "{end}");
        }
    }

    #[test]
    fn a_broken_field_is_named() {
        for (good, bad, named, at) in [
            ("legacy_only", "sideways", "sideways", "state.base.phase"),
            ("xxh3_v1", "md5", "md5", "state.hash"),
            ("\"epoch\":0", "\"epoch\":-1", "-1", "state.epoch"),
            ("\"left_legacy\"", "\"left_lagacy\"", "left_lagacy", "state.left_lagacy"),
            ("\"airports\"", "7", "7", "state.name"),
        ] {
            let error = MigrationState::from_document(&document().replace(good, bad), &name());
            let Err(DocumentError::Broken { field, source }) = error else { panic!("{error:?}") };
            assert!(source.quoting().to_string().contains(named), "{source}");
            assert!(named.len() < 3 || !source.to_string().contains(named), "{source}");
            assert_eq!(field, at);
        }
    }

    #[test]
    fn a_broken_lease_is_named_too() {
        let node = |name: &str| NodeId {
            name: name.parse().unwrap(),
            incarnation: crate::phase::Incarnation::fixed(1),
        };
        let whole = NodeLease::new(node("node-1")).to_document();
        for end in 0..whole.len() {
            assert!(NodeLease::from_document(&whole[..end], &node("node-1")).is_err(), "{end}");
        }
        let broken = whole.replace("\"holds\":0", "\"holds\":-1");
        let error = NodeLease::from_document(&broken, &node("node-1")).unwrap_err();
        assert_eq!(error.to_string(), "the document is broken at its field lease.holds");
        let error = NodeLease::from_document(&whole, &node("node-2")).unwrap_err();
        assert!(matches!(error, DocumentError::OtherNode { .. }), "{error}");
        let error = NodeLease::from_document(&document(), &node("node-1")).unwrap_err();
        assert!(matches!(error, DocumentError::Foreign { .. }), "{error}");
    }

    #[test]
    fn a_state_that_no_move_leads_to_is_refused() {
        for (good, bad, field) in [
            ("legacy_only", "ramp_down", "base"),
            ("\"since_epoch\":0", "\"since_epoch\":3", "base"),
            ("\"legacy_complete_since\":0", "\"legacy_complete_since\":9", "legacy_complete_since"),
            ("\"modern_complete\":false", "\"modern_complete\":true", "base"),
        ] {
            let text = document().replace(good, bad);
            assert_ne!(text, document(), "{good}");
            let error = MigrationState::from_document(&text, &name()).unwrap_err();
            let DocumentError::Impossible { field: found } = error else { panic!("{error:?}") };
            assert_eq!(found, field, "{bad}");
        }
    }

    #[test]
    fn a_newer_a_foreign_and_another_migrations_document_are_told_apart() {
        let newer = document().replace("\"version\":1", "\"version\":2");
        let newer = MigrationState::from_document(&newer, &name());
        assert!(matches!(newer, Err(DocumentError::Newer { found: 2 })));

        let foreign = document().replace(FORMAT, "something-else");
        let foreign = MigrationState::from_document(&foreign, &name());
        assert!(matches!(foreign, Err(DocumentError::Foreign { source: None, .. })));

        let other = MigrationState::from_document(&document(), &"users".parse().unwrap());
        assert!(matches!(other, Err(DocumentError::OtherMigration { .. })));
    }
}
