//! Tables of routes.

use strangler_fig::phase::{Share, Side};
use strangler_fig::route::{
    Captures, ClientAddress, Decision, DualWritePlan, IdSource, IpRange, IpRangeError, KeyForm,
    MirrorPlan, NothingKnown, OverrideHeader, PathFault, PatternFault, Place, PlainPath,
    Predicates, Problem, ProblemKind, Reason, RequestHead, RequestMeta, RequestPlan, RouteError,
    RoutePredicate, RouteState, RouteTable, Rule, RuleBuilder, StickyKey, TableBuilder,
    TableHandle, Trackers, Warning, WriteOrder, is_safe,
};

use crate::{assert_error, assert_shared, assert_value};

fn assert_copy<T: Copy>() {}

#[test]
fn tables_may_be_shared_between_threads() {
    assert_shared::<RouteTable>();
    assert_shared::<TableHandle>();
    assert_shared::<Trackers>();
    assert_shared::<Predicates>();
    assert_shared::<Rule>();
    assert_shared::<TableBuilder>();
    assert_shared::<RuleBuilder>();
    assert_shared::<Box<dyn RoutePredicate>>();
}

#[test]
fn decisions_are_copied_for_nothing() {
    assert_copy::<Decision<'_>>();
    assert_copy::<PlainPath<'_>>();
    assert_copy::<RequestPlan>();
    assert!(size_of::<Decision<'_>>() <= 160);
}

#[test]
fn small_values_compare_and_print() {
    assert_value::<Captures>();
    assert_value::<ClientAddress>();
    assert_value::<DualWritePlan>();
    assert_value::<IdSource>();
    assert_value::<IpRange>();
    assert_value::<KeyForm>();
    assert_value::<MirrorPlan>();
    assert_value::<OverrideHeader>();
    assert_value::<PathFault>();
    assert_value::<PatternFault>();
    assert_value::<Place>();
    assert_value::<Problem>();
    assert_value::<ProblemKind>();
    assert_value::<Reason>();
    assert_value::<RequestHead>();
    assert_value::<StickyKey>();
    assert_value::<NothingKnown>();
    assert_value::<Warning>();
    assert_value::<WriteOrder>();
}

#[test]
fn errors_are_errors() {
    assert_error::<RouteError>();
    assert_error::<IpRangeError>();
    assert_error::<PathFault>();
    assert_error::<PatternFault>();
    assert_error::<ProblemKind>();
}

/// A request of the user's own, and a state of the user's own, decide as the crate's do.
#[test]
fn a_table_takes_whatever_tells_what_it_asks() {
    struct Own(&'static str, &'static str);
    impl RequestMeta for Own {
        fn method(&self) -> &str {
            self.0
        }
        fn path(&self) -> &str {
            self.1
        }
        fn host(&self) -> Option<&str> {
            None
        }
        fn address(&self) -> Option<std::net::IpAddr> {
            None
        }
        fn header(&self, _: &str) -> Option<&[u8]> {
            Some(b"ada")
        }
        fn each_header(&self, _: &str, visit: &mut dyn FnMut(&[u8])) {
            visit(b"ada");
        }
    }
    let rule = RuleBuilder::prefix("orders", "/orders");
    let rule = rule.share(Share::WHOLE, StickyKey::header("x-user"));
    let table = RouteTable::builder("shop").rule(rule).build().unwrap();
    assert_eq!(
        table.decide_in(&Own("GET", "/orders/7"), &NothingKnown).primary,
        Some(Side::Modern)
    );
    assert!(Trackers::default().breaker(Side::Modern).admits() && is_safe("GET"));
}
