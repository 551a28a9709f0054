//! The state as a document, for services that store text.

use serde::{Deserialize, Serialize};

use super::{MigrationName, MigrationState};

const FORMAT: &str = "strangler-fig/migration-state";
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

/// A document that is not a usable state.
///
/// ```
/// use strangler_fig::phase::{DocumentError, MigrationName, MigrationState};
///
/// let airports: MigrationName = "airports".parse()?;
/// let foreign = MigrationState::from_document("{}", &airports);
/// assert!(matches!(foreign, Err(DocumentError::Foreign(_))));
///
/// let users = MigrationState::new("users".parse()?).to_document();
/// let mixed_up = MigrationState::from_document(&users, &airports);
/// assert!(matches!(mixed_up, Err(DocumentError::OtherMigration { .. })));
/// # Ok::<(), strangler_fig::phase::NameError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is no state document at all, or cut short.
    #[error("this is not a migration-state document")]
    Foreign(#[source] Option<serde_json::Error>),
    /// A later version of the crate wrote it.
    #[error("the document has version {found}, this crate reads up to {VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// It is a state document with a field that cannot be.
    #[error("the state document is broken")]
    Broken(#[source] serde_json::Error),
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
        let head: Head =
            serde_json::from_str(text).map_err(|error| DocumentError::Foreign(Some(error)))?;
        if head.format != FORMAT {
            return Err(DocumentError::Foreign(None));
        }
        if head.version > VERSION {
            return Err(DocumentError::Newer { found: head.version });
        }
        let Body { state } = serde_json::from_str(text).map_err(DocumentError::Broken)?;
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
        for (good, bad, named) in [
            ("legacy_only", "sideways", "sideways"),
            ("xxh3_v1", "md5", "md5"),
            ("\"epoch\":0", "\"epoch\":-1", "-1"),
            ("\"left_legacy\"", "\"left_lagacy\"", "left_lagacy"),
        ] {
            let error = MigrationState::from_document(&document().replace(good, bad), &name());
            let Err(DocumentError::Broken(source)) = error else { panic!("{error:?}") };
            assert!(source.to_string().contains(named), "{source}");
        }
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
        assert!(matches!(foreign, Err(DocumentError::Foreign(None))));

        let other = MigrationState::from_document(&document(), &"users".parse().unwrap());
        assert!(matches!(other, Err(DocumentError::OtherMigration { .. })));
    }
}
