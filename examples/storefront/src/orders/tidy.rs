use std::fmt;
use std::time::Duration;

use adapters::postgres::{PostgresDatabase, PostgresInbox, PostgresSagaBarrier};
use strangler_fig::async_trait;
use strangler_fig::repository::Access;

use crate::Failed;

/// How old what was seen, answered or done is when it is forgotten: no message travels as long, and no saga may be parked as
/// long: tried again later, it would find nothing done, and so nothing to undo.
pub const AGE: Duration = Duration::from_hours(30 * 24);

/// What would grow for ever, otherwise.
#[async_trait]
pub trait Tidies: fmt::Debug + Send + Sync + 'static {
    /// Removes what is old.
    ///
    /// # Errors
    ///
    /// Next time, then.
    async fn tidy(&self) -> Result<(), Failed>;
}

/// What a participant has seen: commands, and events.
#[derive(Debug)]
pub struct Forgets {
    database: PostgresDatabase,
    has_inbox: bool,
}

impl Forgets {
    /// The commands of a participant.
    #[must_use]
    pub const fn commands(database: PostgresDatabase) -> Self {
        Self { database, has_inbox: false }
    }

    /// And its events.
    #[must_use]
    pub const fn and_events(mut self) -> Self {
        self.has_inbox = true;
        self
    }
}

#[async_trait]
impl Tidies for Forgets {
    async fn tidy(&self) -> Result<(), Failed> {
        let mut open = self.database.begin(Access::Write).await?;
        PostgresSagaBarrier.purge(&mut open, AGE).await?;
        if self.has_inbox {
            PostgresInbox.purge(&mut open, AGE).await?;
        }
        Ok(open.commit().await?)
    }
}
