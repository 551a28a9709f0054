use std::fmt;
use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::controller::{ControllerError, MigrationController};
use strangler_fig::status::MigrationStatus;

/// What the page needs of a migration.
#[async_trait]
pub trait Desk: fmt::Debug + Send + Sync + 'static {
    /// All that there is to see.
    async fn status(&self) -> Result<MigrationStatus, ControllerError>;

    /// What moves it.
    fn controller(&self) -> &Arc<MigrationController>;
}

/// An error with all its causes, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let whys = std::iter::successors(Some(error), |error| (*error).source());
    let texts: Vec<_> = whys.map(ToString::to_string).collect();
    texts.join(": ")
}
