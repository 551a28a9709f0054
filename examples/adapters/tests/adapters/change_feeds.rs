//! What the tests of both change feeds ask.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::num::NonZeroUsize;

use adapters::customer::Customer;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::event::{ChangeFeed, Changed};

/// A feed of customers.
pub(crate) trait Feed: ChangeFeed<Key = Vec<u8>, Entity = Customer> {}

impl<F: ChangeFeed<Key = Vec<u8>, Entity = Customer>> Feed for F {}

/// All that is unsettled.
pub(crate) async fn page(feed: &impl Feed) -> Vec<Changed<Vec<u8>, Customer>> {
    feed.changes(NonZeroUsize::new(100).unwrap()).await.unwrap().changes
}

/// The same, and it is settled.
pub(crate) async fn settled(feed: &impl Feed) -> Vec<Changed<Vec<u8>, Customer>> {
    let page = feed.changes(NonZeroUsize::new(100).unwrap()).await.unwrap();
    feed.settle(&page.mark).await.unwrap();
    page.changes
}

/// Both calls say that it is, and why.
pub(crate) async fn is_lost(feed: &impl Feed, why: &str) {
    let page = feed.changes(NonZeroUsize::MIN).await.unwrap_err();
    for lost in [page, feed.lag().await.unwrap_err()] {
        let told = lost.with_causes();
        assert!(lost.kind() == StoreErrorKind::Rejected && told.contains(why), "{told}");
    }
}
