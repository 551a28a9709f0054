//! What is sound passes whatever happens; what is broken is found.

use super::outbox_fault::Fault;
use super::sim::Planted;
use super::world::run;

/// The seeds to be tried.
fn seeds(default: u64) -> std::ops::Range<u64> {
    let of = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    match of("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..of("SEEDS").unwrap_or(default),
    }
}

fn passes(planted: Planted, default: u64) {
    let mut effects = 0;
    for seed in seeds(default) {
        match run(seed, planted) {
            Ok(found) => effects += found,
            Err(wrong) => panic!("SEED={seed}: {wrong}"),
        }
    }
    assert!(effects > 0, "something happens");
}

/// Looks for a seed that finds the fault, as the default test has them.
fn is_found(planted: Planted) {
    let found = (0..300).find_map(|seed| run(seed, planted).err().map(|wrong| (seed, wrong)));
    assert!(found.is_some(), "{planted:?} passes");
}

#[test]
fn whatever_fails_each_effect_is_there_once_and_in_order() {
    passes(Planted::Nothing, 50);
}

#[test]
fn a_simple_relay_passes_too() {
    passes(Planted::Naive, 20);
}

#[test]
fn a_seed_is_played_again_the_same_way() {
    for seed in 0..5 {
        let planted = Planted::Outbox(Fault::NoKeyLock);
        assert_eq!(run(seed, planted), run(seed, planted));
        assert_eq!(run(seed, Planted::Nothing), run(seed, Planted::Nothing));
    }
}

macro_rules! found {
    ($($test:ident: $planted:expr;)+) => {$(
        #[test]
        fn $test() {
            is_found($planted);
        }
    )+};
}

found! {
    cursor_by_position_is_found: Planted::Outbox(Fault::CursorByPosition);
    settle_up_to_is_found: Planted::Outbox(Fault::SettlesUpTo);
    unfenced_is_found: Planted::Outbox(Fault::SettlesBlindly);
    term_ignored_is_found: Planted::Outbox(Fault::FetchesWhatRanOut);
    old_claim_fetches_is_found: Planted::Outbox(Fault::FetchesBlindly);
    two_hold_a_lane_is_found: Planted::Outbox(Fault::Steals);
    lanes_by_random_hash_is_found: Planted::Outbox(Fault::LanesAreDrawn);
    no_key_lock_is_found: Planted::Outbox(Fault::NoKeyLock);
    postponed_key_goes_on_is_found: Planted::Outbox(Fault::PutOffHoldsNothing);
    newest_first_is_found: Planted::Outbox(Fault::NewestFirst);
    no_waves_is_found: Planted::NoWaves;
    mark_before_publish_is_found: Planted::MarkBeforePublish;
    unknown_is_sent_is_found: Planted::UnknownIsSent;
    unknown_parks_is_found: Planted::UnknownParks;
    no_inbox_is_found: Planted::NoInbox;
    inbox_outside_of_the_transaction_is_found: Planted::InboxOutsideOfTheTransaction;
    nack_instead_of_in_place_is_found: Planted::NackInsteadOfInPlace;
    ack_before_handling_is_found: Planted::AckBeforeHandling;
}
