//! A ramp from nobody to everybody.

use std::thread;

use strangler_fig::phase::{Share, Side};
use strangler_fig::route::{RequestHead, RouteTable, RuleBuilder, StickyKey};

use crate::support::{built, get};

const USERS: usize = 100_000;

fn table(basis_points: u16) -> RouteTable {
    let share = Share::new(basis_points).unwrap();
    built([RuleBuilder::any("orders").share(share, StickyKey::header("x-user"))]).unwrap()
}

/// How many go to modern at each step of 100 basis points, and how many went back from it.
fn ramp(table_at: impl Fn(u16) -> RouteTable, requests: &[RequestHead]) -> (Vec<usize>, usize) {
    let mut was_modern = vec![false; requests.len()];
    let (mut counts, mut moved_back) = (Vec::new(), 0);
    for basis_points in (0..=10_000).step_by(100) {
        let table = table_at(basis_points);
        let mut modern = 0;
        for (request, was) in requests.iter().zip(&mut was_modern) {
            let is = table.decide(request).primary == Some(Side::Modern);
            modern += usize::from(is);
            moved_back += usize::from(*was && !is);
            *was = is;
        }
        counts.push(modern);
    }
    (counts, moved_back)
}

fn requests(users: std::ops::Range<usize>) -> Vec<RequestHead> {
    users.map(|user| get("/").with_header("x-user", user.to_string())).collect()
}

/// Of users whose buckets were drawn, every third population would be off by more than 0.3 points at some step:
/// nobody can do better who does not know them all. This one is not.
#[test]
fn of_100_000_users_each_share_is_within_0_3_points_and_nobody_moves_back() {
    let halves = [0..USERS / 2, USERS / 2..USERS];
    let [one, other] = thread::scope(|scope| {
        let ramps = halves.map(|users| scope.spawn(|| ramp(table, &requests(users))));
        ramps.map(|ramp| ramp.join().unwrap())
    });
    let counts = one.0.into_iter().zip(other.0).map(|(one, other)| one + other);
    let off = counts.enumerate().map(|(percent, modern)| modern.abs_diff(USERS * percent / 100));
    let off = off.max().unwrap();
    let moved_back = one.1 + other.1;
    println!("figure route.ramp.moved_back {moved_back} users");
    assert_eq!(moved_back, 0);
    assert!(off * 1_000 <= USERS * 3, "{off} users at the worst step");
}

/// What a ramp would show whose steps draw anew.
#[test]
fn a_ramp_that_salts_each_step_anew_is_found_out() {
    let drawn_anew = |basis_points: u16| {
        let share = Share::new(basis_points).unwrap();
        let rule = RuleBuilder::any("orders").with_salt(&format!("step-{basis_points}"));
        built([rule.share(share, StickyKey::header("x-user"))]).unwrap()
    };
    let (_, moved_back) = ramp(drawn_anew, &requests(0..1_000));
    assert!(moved_back > 1_000, "{moved_back}");
}
