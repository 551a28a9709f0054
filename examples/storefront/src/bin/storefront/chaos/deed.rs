use std::time::Duration;

/// What is done to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// SIGKILL; another life begins after that time.
    Kill(Duration),
    /// SIGSTOP, and SIGCONT after that time.
    Stop(Duration),
    /// Every session in a database is ended by its server.
    Cut,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stroke {
    pub(super) after: Duration,
    pub(super) victim: usize,
    pub(super) deed: Deed,
}
