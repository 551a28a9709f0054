use strangler_fig::error::{StoreError, StoreErrorKind};

/// What a call that broke off may have left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing: it only reads, or nothing of it is committed yet.
    None,
    /// Its change: the store may have got it, or may yet get it.
    Possible,
}

impl Effect {
    /// The kind of a call that was cut off: by a timeout, by a broken connection.
    pub(crate) const fn when_cut_off(self) -> StoreErrorKind {
        match self {
            Self::None => StoreErrorKind::Unavailable,
            Self::Possible => StoreErrorKind::Unknown,
        }
    }

    /// A call that was given up after its deadline.
    pub(crate) fn timed_out(self) -> StoreError {
        StoreError::new(self.when_cut_off(), "the store did not answer in time")
    }

    /// The same failure, as far as it is in doubt.
    pub(crate) fn of(self, error: StoreError) -> StoreError {
        match error.kind() {
            StoreErrorKind::Unknown => error.with_kind(self.when_cut_off()),
            _ => error,
        }
    }
}
