//! Negative controls: a fact must not hold on an adapter with its flaw.

use strangler_fig::testkit::conformance::{Fact, run_all};

/// Runs the named fact on a flawed adapter; it must not hold.
pub(crate) async fn caught<F>(facts: Vec<Fact<F>>, by: &str, open: impl AsyncFn() -> F) {
    let named: Vec<_> = facts.into_iter().filter(|fact| fact.name() == by).collect();
    let reports = run_all(named, open).await;
    let outcomes: Vec<_> = reports.iter().map(|report| report.outcome.is_err()).collect();
    assert_eq!(outcomes, [true], "a flaw got past {by}");
}

/// Every fact of the suite is named by a control.
pub(crate) fn none_is_vacuous<F>(facts: &[Fact<F>], caught_by: &[&str]) {
    let names = facts.iter().map(Fact::name);
    let unproven: Vec<_> = names.filter(|name| !caught_by.contains(name)).collect();
    assert!(unproven.is_empty(), "no flaw proves {unproven:?}");
}

/// A test for each flaw, named for it, and one that no fact is without.
macro_rules! controls {
    (
        $suite:ident on $fixture:ident;
        $($flaw:ident: $fact:ident)+
        $(; on a paused clock: $($slow:ident: $by:ident)+)?
    ) => {
        $(
            #[expect(non_snake_case, reason = "named for the flaw")]
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $flaw() {
                let open = async || $fixture::open(Flaw::$flaw);
                $crate::controls::caught($suite::facts(), stringify!($fact), open).await;
            }
        )+

        // Nobody waits for the deadline of what hangs.
        $($(
            #[expect(non_snake_case, reason = "named for the flaw")]
            #[tokio::test(start_paused = true)]
            async fn $slow() {
                let open = async || $fixture::open(Flaw::$slow);
                $crate::controls::caught($suite::facts(), stringify!($by), open).await;
            }
        )+)?

        #[test]
        fn no_fact_is_vacuous() {
            let caught_by = [$(stringify!($fact),)+ $($(stringify!($by),)+)?];
            $crate::controls::none_is_vacuous::<$fixture>(&$suite::facts(), &caught_by);
        }
    };
}
