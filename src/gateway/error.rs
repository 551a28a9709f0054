use crate::phase::MigrationName;

/// Why there is no gateway: its table asks for what it was not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayBuildError {
    /// A rule follows a migration whose tracker was not given.
    #[error("rule {rule} follows migration {migration}, which has no tracker here")]
    NoTracker {
        /// The rule.
        rule: String,
        /// What it follows.
        migration: MigrationName,
    },
    /// A rule has its requests written to both sides, and there is no writer.
    #[error("rule {rule} writes to both sides, and there is no writer")]
    NoWriter {
        /// The rule.
        rule: String,
    },
    /// A rule has its requests mirrored, and there is no mirror.
    #[error("rule {rule} mirrors, and there is no mirror")]
    NoMirror {
        /// The rule.
        rule: String,
    },
    /// A rule has its requests answered by an aggregate that was not given.
    #[error("rule {rule} asks for aggregate {aggregate}, which is not here")]
    NoAggregate {
        /// The rule.
        rule: String,
        /// What it asks for.
        aggregate: String,
    },
    /// An aggregate asks for a capture that its rule does not have.
    #[error("rule {rule} captures no {capture}, which aggregate {aggregate} asks for")]
    NoCapture {
        /// The rule.
        rule: String,
        /// What it asks for.
        aggregate: String,
        /// What that asks for.
        capture: String,
    },
}
