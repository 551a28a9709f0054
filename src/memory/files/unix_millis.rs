use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};
use crate::memory::saga_record::Moment;

/// A moment by the host's wall clock, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::memory) struct UnixMillis(u64);

impl UnixMillis {
    pub(in crate::memory) fn now() -> Self {
        Self(SystemClock.unix_millis())
    }
}

impl Moment for UnixMillis {
    fn after(self, term: Duration) -> Self {
        let millis = term.as_nanos().div_ceil(1_000_000);
        Self(self.0.saturating_add(u64::try_from(millis).unwrap_or(u64::MAX)))
    }

    fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
