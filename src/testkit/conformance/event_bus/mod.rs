//! The facts of [`EventPublisher`](crate::event::EventPublisher), [`EventSubscriber`](crate::event::EventSubscriber) and
//! [`EventSubscription`](crate::event::EventSubscription).

mod fixture;
mod published;
mod received;
mod samples;
mod settled;
mod subscribed;

pub use fixture::{EventBusFixture, GivenUp};
use published::*;
use received::*;
use settled::*;
use subscribed::*;

use super::Fact;

/// Every fact of the suite.
///
/// ```
/// use strangler_fig::testkit::conformance::{EventBusFixture, event_bus, run_all};
///
/// async fn is_caught<F: EventBusFixture>(broken: impl AsyncFn() -> F) -> bool {
///     let reports = run_all(event_bus::facts(), broken).await;
///     reports.iter().any(|report| report.outcome.is_err())
/// }
/// ```
#[must_use]
pub fn facts<F: EventBusFixture>() -> Vec<Fact<F>> {
    crate::__each_event_bus_fact!(__conformance_list [])
}

/// Tests that an [`EventBus`](crate::event::EventBus) keeps its contract: see
/// [`conformance`](crate::testkit::conformance). What must not come is waited for, a third of a second each time.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::event::{EventBus, SubscriptionName};
/// use strangler_fig::memory::InMemoryBus;
/// use strangler_fig::testkit::conformance::{EventBusFixture, GivenUp, async_trait};
///
/// struct InMemory(InMemoryBus);
///
/// #[async_trait]
/// impl EventBusFixture for InMemory {
///     fn bus(&self) -> Arc<dyn EventBus> {
///         Arc::new(self.0.clone())
///     }
///     async fn given_up(&self, name: &SubscriptionName) -> Vec<GivenUp> {
///         let letters = self.0.dead_letters(name).into_iter();
///         letters
///             .map(|letter| GivenUp::new(letter.topic, letter.content, letter.reason))
///             .collect()
///     }
/// }
///
/// mod conformance {
///     use super::*;
///
///     strangler_fig::event_bus_conformance!(async { InMemory(InMemoryBus::default()) });
/// }
/// ```
#[macro_export]
macro_rules! event_bus_conformance {
    ($fixture:expr $(, #[$meta:meta])* $(,)?) => {
        $crate::__each_event_bus_fact!(__conformance_tests [[$(#[$meta])*] $fixture]);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __each_event_bus_fact {
    ($make:ident $with:tt) => {
        $crate::$make! { $with event_bus::facts:
            each_message_is_answered_in_order
            what_was_ok_reaches_every_subscription
            a_message_without_subscriptions_is_ok
            a_message_that_is_too_large_is_rejected_alone
            behind_a_failed_message_its_key_waits
            other_keys_do_not_wait
            events_come_back_equal
            topics_that_differ_in_case_differ
            a_subscription_keeps_what_nobody_receives
            subscriptions_do_not_disturb_each_other
            one_name_shares_what_comes
            opening_again_keeps_what_waits_and_adds_topics
            a_key_comes_in_order
            a_later_message_comes_to_nobody_else_meanwhile
            no_more_than_the_limit_is_in_flight
            receive_waits
            receive_may_be_dropped
            what_is_extended_comes_to_nobody_else
            what_was_acknowledged_does_not_come_again
            what_is_given_back_comes_after_its_time_and_counts
            what_is_given_back_in_order_comes_in_order
            behind_what_was_given_back_its_key_waits
            what_a_dropped_subscription_held_comes_again_in_order
            a_receipt_of_another_life_settles_nothing
            what_is_no_event_comes_as_such_and_holds_up_no_other
            what_was_given_up_is_kept_with_its_reason
        }
    };
}
