use smol_str::SmolStr;

use super::sticky::Sticky;
use crate::phase::{MigrationName, Share, Side};

/// Where a rule sends requests.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// To one side.
    Side(Side),
    /// A share to modern, the rest to legacy.
    Share { share: Share, sticky: Sticky },
    /// Where the phase of a migration says.
    Follow { migration: MigrationName, sticky: Option<Sticky> },
    /// To several upstreams, whose responses are joined under this name.
    Aggregate(SmolStr),
}

impl Target {
    /// The key that tells callers apart.
    pub(super) const fn sticky(&self) -> Option<&Sticky> {
        match self {
            Self::Share { sticky, .. } => Some(sticky),
            Self::Follow { sticky, .. } => sticky.as_ref(),
            Self::Side(_) | Self::Aggregate(_) => None,
        }
    }
}
