use std::time::Duration;

use async_trait::async_trait;
use mockall::mock;

use crate::controller::{SignalSource, Signals, Sweeper, Verification, VerificationSource};
use crate::error::StoreError;
use crate::phase::{SweepEvidence, SweepTicket};
use crate::reconcile::SweepError;

mock! {
    /// A mock of [`SignalSource`](crate::controller::SignalSource).
    ///
    /// ```
    /// use std::time::Duration;
    /// use strangler_fig::controller::{SignalSource, Signals};
    /// use strangler_fig::mock::MockSignalSource;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
    /// let mut source = MockSignalSource::new();
    /// source.expect_signals().returning(|_| Ok(Signals::default()));
    /// assert_eq!(source.signals(Duration::from_secs(60)).await?.operations, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub SignalSource {}

    #[async_trait]
    impl SignalSource for SignalSource {
        async fn signals(&self, window: Duration) -> Result<Signals, StoreError>;
    }
}

mock! {
    /// A mock of [`VerificationSource`](crate::controller::VerificationSource).
    ///
    /// ```
    /// use strangler_fig::controller::VerificationSource;
    /// use strangler_fig::mock::MockVerificationSource;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), strangler_fig::error::StoreError> {
    /// let mut source = MockVerificationSource::new();
    /// source.expect_last().returning(|| Ok(None));
    /// assert!(source.last().await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Debug)]
    pub VerificationSource {}

    #[async_trait]
    impl VerificationSource for VerificationSource {
        async fn last(&self) -> Result<Option<Verification>, StoreError>;
    }
}

mock! {
    /// A mock of [`Sweeper`](crate::controller::Sweeper).
    ///
    /// ```
    /// use strangler_fig::mock::MockSweeper;
    ///
    /// let mut sweeper = MockSweeper::new();
    /// sweeper.expect_sweep().returning(|ticket| Ok(ticket.finish(0, 0)));
    /// ```
    #[derive(Debug)]
    pub Sweeper {}

    #[async_trait]
    impl Sweeper for Sweeper {
        async fn sweep(&self, ticket: SweepTicket) -> Result<SweepEvidence, SweepError>;
    }
}
