//! Shares, and what keeps a caller where it is.

use serde_json::json;
use strangler_fig::phase::{Bucket, Salt, Share, Side};
use strangler_fig::route::{KeyForm, Reason, RequestHead, RouteTable, RuleBuilder, StickyKey};

use crate::support::{built, get, side, table};

fn half(key: StickyKey) -> RouteTable {
    let rule = RuleBuilder::template("half", "/users/{user}").share(Share::percent(50), key);
    built([rule]).unwrap()
}

/// A request with a user in one place.
type Placed = fn(&str) -> RequestHead;

#[test]
fn a_user_stays_where_it_was_sent() {
    let placed: [(StickyKey, Placed); 3] = [
        (StickyKey::header("X-User"), |user| get("/users/x").with_header("x-user", user)),
        (StickyKey::cookie("user"), |user| {
            get("/users/x").with_header("cookie", format!("a=1; user={user}; b=2"))
        }),
        (StickyKey::capture("user"), |user| get(&format!("/users/{user}"))),
    ];
    let salt = Salt::of("shop/half");
    for (key, request) in placed {
        let table = half(key);
        let mut modern = 0;
        for user in 0..500 {
            let user = format!("user-{user}");
            let bucket = Bucket::of_encoded(user.as_bytes(), salt);
            let expected = if bucket.number() < 5_000 { Side::Modern } else { Side::Legacy };
            modern += u32::from(expected == Side::Modern);
            for _ in 0..2 {
                let request = request(&user);
                let decision = table.decide(&request);
                assert_eq!((decision.primary, decision.bucket), (Some(expected), Some(bucket)));
                let in_share = [Reason::OutOfShare, Reason::InShare];
                assert_eq!(decision.reason, in_share[usize::from(expected == Side::Modern)]);
            }
        }
        assert!((200..300).contains(&modern), "{modern}");
    }
}

#[test]
fn an_address_is_a_key_however_it_is_written() {
    let table = half(StickyKey::address());
    let of = |address: &str| {
        let request = get("/users/x").with_address(address.parse().unwrap());
        table.decide(&request).bucket
    };
    assert!(of("10.0.0.7").is_some());
    assert_eq!(of("10.0.0.7"), of("::ffff:10.0.0.7"));
    assert_ne!(of("10.0.0.7"), of("10.0.0.8"));
    let forged = get("/users/x").with_header("x-forwarded-for", "10.0.0.7");
    assert_eq!(table.decide(&forged).reason, Reason::NoStickyKey, "no header says who sent it");
}

#[test]
fn two_salts_choose_independently() {
    let rule = |name: &str| {
        let share = Share::percent(50);
        RuleBuilder::exact(name, &format!("/{name}")).share(share, StickyKey::header("x-user"))
    };
    let table = built([
        rule("one"),
        rule("other"),
        rule("same").with_salt("ours"),
        rule("too").with_salt("ours"),
    ])
    .unwrap();
    let modern = |name: &str, user: u32| {
        let request = get(&format!("/{name}")).with_header("x-user", user.to_string());
        side(&table, &request) == Some(Side::Modern)
    };
    let both = (0..4_000).filter(|user| modern("one", *user) && modern("other", *user)).count();
    assert!((900..1_100).contains(&both), "{both}: a quarter, not a half");
    assert!((0..4_000).all(|user| modern("same", user) == modern("too", user)));
}

#[test]
fn a_growing_share_lets_nobody_go() {
    let tables: Vec<_> = (0..=100)
        .map(|percent| {
            let share = Share::percent(percent);
            built([RuleBuilder::any("all").share(share, StickyKey::header("x-user"))]).unwrap()
        })
        .collect();
    for user in 0..500 {
        let request = get("/").with_header("x-user", format!("user-{user}"));
        let modern = tables.iter().map(|table| side(table, &request) == Some(Side::Modern));
        let modern: Vec<_> = modern.collect();
        assert!(modern.is_sorted() && !modern[0] && modern[100], "user {user}");
    }
}

/// Whoever has no key is sent to legacy, even where all go to modern.
fn has_none(key: StickyKey, request: &RequestHead) {
    let rule = RuleBuilder::template("all", "/users/{user}").share(Share::WHOLE, key);
    let table = built([rule]).unwrap();
    let decision = table.decide(request);
    let (legacy, none) = (Some(Side::Legacy), Reason::NoStickyKey);
    assert_eq!(
        (decision.primary, decision.reason, decision.bucket),
        (legacy, none, None),
        "{request:?}"
    );
}

#[test]
fn who_has_no_sticky_key_goes_to_legacy() {
    let plain = || get("/users/ada");
    has_none(StickyKey::header("x-user"), &plain());
    has_none(StickyKey::header("x-user"), &plain().with_header("x-user", ""));
    has_none(StickyKey::header("x-user"), &plain().with_header("x-user", "a".repeat(1_025)));
    has_none(StickyKey::cookie("user"), &plain());
    has_none(StickyKey::cookie("user"), &plain().with_header("cookie", "xuser=ada"));
    has_none(StickyKey::cookie("user"), &plain().with_header("cookie", "user="));
    has_none(StickyKey::address(), &plain());
    for (form, key) in [
        (KeyForm::U32, "ada"),
        (KeyForm::U32, "4294967296"),
        (KeyForm::U64, "-1"),
        (KeyForm::I64, "9223372036854775808"),
        (KeyForm::U8, "256"),
        (KeyForm::U16, "65536"),
        (KeyForm::I8, "-129"),
        (KeyForm::I16, "32768"),
        (KeyForm::I32, "2147483648"),
        (KeyForm::U128, "-1"),
        (KeyForm::I128, "1e3"),
        (KeyForm::Uuid, "0123"),
    ] {
        has_none(StickyKey::header("x").in_form(form), &plain().with_header("x", key));
        has_none(StickyKey::capture("user").in_form(form), &get(&format!("/users/{key}")));
    }
    let latin = plain().with_header("x", vec![0xE9]);
    has_none(StickyKey::header("x").in_form(KeyForm::Text), &latin);
}

#[test]
fn a_doubled_key_is_none() {
    let plain = || get("/users/ada");
    let header = plain().with_header("x-user", "ada").with_header("X-User", "ada");
    has_none(StickyKey::header("x-user"), &header);
    let cookie = plain().with_header("cookie", "user=ada; user=ada");
    has_none(StickyKey::cookie("user"), &cookie);
    let cookies = plain().with_header("cookie", "user=ada").with_header("cookie", "user=eve");
    has_none(StickyKey::cookie("user"), &cookies);
}

#[test]
fn cookies_may_come_in_several_headers() {
    let table = half(StickyKey::cookie("user"));
    let joined = get("/users/x").with_header("cookie", "a=1; user=ada");
    let apart = get("/users/x").with_header("cookie", "a=1").with_header("cookie", "user=ada");
    assert!(table.decide(&joined).bucket.is_some());
    assert_eq!(table.decide(&joined).bucket, table.decide(&apart).bucket);
}

#[test]
fn a_captured_key_is_what_it_means() {
    let table = half(StickyKey::capture("user"));
    let of = |path: &str| table.decide(&get(path)).bucket;
    assert_eq!(of("/users/ada"), of("/users/%61d%61"));
    let long = format!("/users/{}", "%61".repeat(1_025));
    assert_eq!(of(&long), None);
    assert!(of(&long.replace("%61", "a")[..1_000]).is_some());
}

#[test]
fn the_buckets_are_pinned() {
    let table = table(&json!([
        {"name": "half", "to": {"share": {"basis_points": 5000, "sticky": {"header": "x-user"}}}}
    ]));
    let bucket = |user: &str| table.decide(&get("/").with_header("x-user", user)).bucket.unwrap();
    let buckets = ["ada", "bob", "eve"].map(|user| bucket(user).number());
    assert_eq!(buckets, PINNED, "users would move when the crate is updated");
}

const PINNED: [u16; 3] = [7_500, 371, 4_004];
