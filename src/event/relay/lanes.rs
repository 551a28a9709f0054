//! The lanes of a relay: claimed, shared with others, and given back.

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use super::RelayReport;
use super::failing::Failing;
use super::work::{Work, own};
use crate::clock::later;
use crate::event::{Lane, LaneClaims};
use crate::observe::{Event, field};

impl Work<'_> {
    pub(super) async fn claim(&mut self) {
        let (inner, config) = (self.inner, &self.inner.config);
        let (asked, wanted) = (Instant::now(), self.claims.fair_share());
        let claimed = inner.within(inner.outbox.claim(&inner.node, wanted, config.term)).await;
        match claimed {
            Ok(claims) => {
                self.failures.claiming = None;
                self.claim_at = later(asked, config.term / 3);
                self.held(claims, later(asked, config.term));
                self.balance().await;
            }
            Err(error) => {
                let failing = self.fail("lanes cannot be claimed", |it| &mut it.claiming, error);
                // It costs no more than when all is well, and the terms go on running.
                self.claim_at = failing.min(later(Instant::now(), config.term / 3));
            }
        }
    }

    /// Notes what is held now.
    pub(super) fn held(&mut self, claims: LaneClaims, until: Instant) {
        let before: BTreeSet<_> = self.claims.held.iter().copied().collect();
        if claims.held.iter().any(|claim| !before.contains(claim)) {
            self.fetch_at = Instant::now();
            self.is_hinted |= !self.running.is_empty();
        }
        self.claims = claims;
        self.holding.send_modify(|holding| holding.until = until);
        self.show();
    }

    /// Shows the groups what is held.
    pub(super) fn show(&self) {
        let claims = self.claims.held.iter().copied().collect();
        self.holding.send_modify(|holding| holding.claims = claims);
    }

    /// Gives back what another relay is to have; groups that hold some of it end with the call in hand.
    pub(super) async fn balance(&mut self) {
        let is_busy = |lane: &Lane| self.running.contains(&self.inner.group_of(*lane));
        let lanes = self.claims.held.iter().map(|claim| claim.lane);
        let busy: BTreeSet<_> = lanes.filter(is_busy).collect();
        let surplus = self.claims.surplus(&busy);
        if !surplus.is_empty() {
            self.claims.held.retain(|claim| !surplus.contains(claim));
            self.show();
            let inner = self.inner;
            if let Err(error) = inner.within(inner.outbox.release(&surplus)).await {
                let text = error.with_causes();
                warn!(
                    { field::ERROR } = text,
                    "lanes were not given back: they are when their terms end"
                );
                self.report.store_errors += 1;
            }
        }
        let is_yielding = self.claims.held.len() > usize::from(self.claims.fair_share().get());
        self.holding.send_modify(|holding| holding.is_yielding = is_yielding);
        self.tell_lanes();
    }

    fn tell_lanes(&mut self) {
        let held = u16::try_from(self.claims.held.len()).unwrap_or(u16::MAX);
        if self.told != Some(held) {
            self.told = Some(held);
            let (of, relays) = (self.claims.lanes.get(), self.claims.relays.get());
            info!(
                { field::HELD } = held,
                { field::OF } = of,
                { field::RELAYS } = relays,
                "the lanes of a relay have changed"
            );
            self.inner.tell(|| Event::LanesHeld { held, of });
        }
    }

    /// Finishes what is in hand, and gives the lanes back.
    pub(super) async fn leave(mut self) -> (RelayReport, Option<Failing>) {
        self.holding.send_modify(|holding| holding.is_yielding = true);
        while let Some(ended) = self.groups.join_next().await {
            let (_, end) = own(ended);
            self.add(&end.report);
        }
        if self.told.is_some() {
            let held = u64::try_from(self.claims.held.len()).unwrap_or(u64::MAX);
            self.report.lanes_not_held = u64::from(self.claims.lanes.get()).saturating_sub(held);
        }
        // With a term of no time all that is held is free, and this relay is counted no more.
        let inner = self.inner;
        let leave = inner.outbox.claim(&inner.node, NonZeroU16::MIN, Duration::ZERO);
        if let Err(error) = inner.within(leave).await {
            let text = error.with_causes();
            warn!(
                { field::ERROR } = text,
                "lanes were not given back: they are when their terms end"
            );
            self.report.store_errors += 1;
        }
        self.inner.tell(|| Event::LanesHeld { held: 0, of: self.claims.lanes.get() });
        (self.report, self.failures.for_good())
    }
}
