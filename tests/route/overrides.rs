//! Callers who choose their side.

use serde_json::json;
use strangler_fig::phase::{Phase, Share, Side};
use strangler_fig::route::{
    KeyForm, OverrideHeader, ProblemKind, Reason, RequestHead, RouteTable, RuleBuilder, StickyKey,
};

use crate::phases::state_in;
use crate::support::{State, document, get};

fn header() -> OverrideHeader {
    OverrideHeader::new("X-Canary").allow("10.0.0.0/8".parse().unwrap())
}

fn table(header: OverrideHeader) -> RouteTable {
    RouteTable::builder("shop")
        .with_override(header)
        .rule(RuleBuilder::prefix("open", "/open").to(Side::Legacy).with_override())
        .rule(RuleBuilder::prefix("modern", "/modern").to(Side::Modern).with_override())
        .rule(RuleBuilder::prefix("closed", "/closed").to(Side::Legacy))
        .build()
        .unwrap()
}

fn asked(path: &str, wish: &str) -> RequestHead {
    get(path).with_header("x-canary", wish).with_address([10, 1, 2, 3].into())
}

#[test]
fn an_override_counts_from_the_allow_list_only() {
    let table = table(header());
    let decided = |request: &RequestHead| {
        let decision = table.decide(request);
        (decision.primary.unwrap(), decision.reason)
    };
    assert_eq!(decided(&asked("/open", "always")), (Side::Modern, Reason::OverrideAlways));
    assert_eq!(decided(&asked("/modern", "never")), (Side::Legacy, Reason::OverrideNever));
    assert_eq!(
        decided(&asked("/closed", "always")),
        (Side::Legacy, Reason::Fixed),
        "not that rule"
    );
    for wish in ["", "Always", "always ", "modern", "http://evil", "always,always"] {
        assert_eq!(decided(&asked("/open", wish)), (Side::Legacy, Reason::Fixed), "{wish}");
    }
    let doubled = asked("/open", "always").with_header("X-Canary", "always");
    assert_eq!(decided(&doubled), (Side::Legacy, Reason::Fixed));
    let always = || get("/open").with_header("x-canary", "always");
    let stranger = always().with_address([11, 0, 0, 1].into());
    assert_eq!(decided(&stranger), (Side::Legacy, Reason::Fixed));
    assert_eq!(decided(&always()), (Side::Legacy, Reason::Fixed), "nobody knows who it is");
    let forged =
        stranger.with_header("x-forwarded-for", "10.0.0.1").with_header("x-real-ip", "10.0.0.1");
    assert_eq!(decided(&forged), (Side::Legacy, Reason::Fixed), "no header says who it is");
}

#[test]
fn an_override_counts_from_every_spelling_of_an_address() {
    let header = || OverrideHeader::new("x-canary");
    let allowing = |range: &str| table(header().allow(range.parse().unwrap()));
    let reason = |table: &RouteTable, address: &str| {
        let always = get("/open").with_header("x-canary", "always");
        table.decide(&always.with_address(address.parse().unwrap())).reason
    };
    for (range, inside, outside) in [
        ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
        ("::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"),
        ("fd00::/8", "fd12::1", "fe80::1"),
        ("::1", "::1", "127.0.0.1"),
        ("0.0.0.0/0", "::ffff:1.2.3.4", "::1"),
        ("10.0.0.0/8", "10.255.255.255", "::10.1.2.3"),
    ] {
        let table = allowing(range);
        assert_eq!(reason(&table, inside), Reason::OverrideAlways, "{inside} in {range}");
        assert_eq!(reason(&table, outside), Reason::Fixed, "{outside} in {range}");
    }
}

/// Whatever a client sends, a mirror goes to the other one of the two sides, and nothing of it is in the plan.
#[test]
fn no_client_header_chooses_the_mirrors_target() {
    let rule = |name: &str, to| {
        let rule = RuleBuilder::prefix(name, &format!("/{name}")).to(to);
        rule.with_mirror(Share::percent(1)).with_override()
    };
    let header = header().allow_secret("x-key", "correct horse battery");
    let table = RouteTable::builder("shop").with_override(header);
    let table = table.rule(rule("legacy", Side::Legacy)).rule(rule("modern", Side::Modern));
    let table = table.build().unwrap();
    let names = [
        "host",
        "x-canary",
        "x-mirror",
        "x-mirror-to",
        "x-forwarded-host",
        "x-original-url",
        "forwarded",
        "x-upstream",
        "via",
        "x-key",
        "location",
    ];
    let values = ["always", "never", "modern", "legacy", "http://evil.example", "evil.example", ""];
    let mut mirrored = Vec::new();
    for path in ["/legacy/a", "/modern/a"] {
        for name in names {
            for value in values {
                let request = asked(path, "x").with_host("evil.example").with_header(name, value);
                for request in [request.clone(), get(path).with_header(name, value)] {
                    let decision = table.decide(&request);
                    let mirror = decision.mirror.unwrap();
                    assert_eq!(
                        mirror.to,
                        decision.primary.unwrap().other(),
                        "{path} with {name}: {value:?}"
                    );
                    assert_eq!(mirror.share, Share::percent(1), "{path} with {name}: {value:?}");
                    mirrored.push(mirror.to);
                }
            }
        }
    }
    assert!(mirrored.contains(&Side::Legacy) && mirrored.contains(&Side::Modern));
    // The one header that counts chooses which side answers; the mirror is still the other one.
    for (wish, to) in [("always", Side::Legacy), ("never", Side::Modern)] {
        let decision = table.decide(&asked("/legacy/a", wish));
        assert_eq!(decision.mirror.map(|mirror| mirror.to), Some(to), "{wish}");
    }
}

#[test]
fn who_knows_the_secret_may_override() {
    let secret = "correct horse battery";
    let table = table(OverrideHeader::new("x-canary").allow_secret("X-Canary-Key", secret));
    let side = |key: &str| {
        let request = get("/open").with_header("x-canary", "always");
        table.decide(&request.with_header("x-canary-key", key)).primary
    };
    assert_eq!(side(secret), Some(Side::Modern));
    for wrong in ["", "correct", "correct horse batterx", "correct horse battery2"] {
        assert_eq!(side(wrong), Some(Side::Legacy), "{wrong}");
    }
    let shown = format!("{:?} {table:?}", table.override_header());
    assert!(!shown.contains(secret), "{shown}");
}

#[test]
fn an_override_beats_no_phase() {
    let orders = "orders".parse().unwrap();
    let key = StickyKey::capture("id").in_form(KeyForm::Text);
    let follow = || RuleBuilder::template("follow", "/orders/{id}").follow(&orders, key.clone());
    // Beside it one that takes the header, which shows that the caller may.
    let fixed = |to| RuleBuilder::template("fixed", "/fixed/{id}").to(to).with_override();
    let mut differed = 0_usize;
    for phase in Phase::ALL {
        let state = State { word: Some(state_in(phase).word()), ..State::default() };
        for (wish, wished, to) in
            [("always", Side::Modern, Side::Legacy), ("never", Side::Legacy, Side::Modern)]
        {
            let table = RouteTable::builder("shop").with_override(header());
            let table = table.rule(follow()).rule(fixed(to)).build().unwrap();
            let side = |request| table.decide_in(&request, &state).primary;
            assert_eq!(side(asked("/fixed/7", wish)), Some(wished), "{phase}");
            assert_eq!(side(get("/fixed/7")), Some(to), "{phase}");
            let (with, without) = (asked("/orders/7", wish), get("/orders/7"));
            let (with, without) =
                (table.decide_in(&with, &state), table.decide_in(&without, &state));
            assert_eq!(with.primary, without.primary, "{phase}");
            assert_eq!(with.reason, Reason::Phase(phase), "{phase}");
            differed += usize::from(with.primary != Some(wished));
        }
    }
    assert!(differed > Phase::ALL.len() / 2, "a wish that counted would have shown");
    let refused =
        RouteTable::builder("shop").with_override(header()).rule(follow().with_override());
    let refused = refused.build().unwrap_err();
    assert_eq!(refused.problems()[0].kind, ProblemKind::OverrideBeside);
}

/// What a gateway strips before it forwards.
#[test]
fn an_override_is_not_forwarded() {
    let table = table(header().allow_secret("X-Canary-Key", "correct horse battery"));
    let header = table.override_header().unwrap();
    assert_eq!((header.name(), header.secret_name()), ("x-canary", Some("x-canary-key")));
}

#[test]
fn a_document_has_it_too() {
    let text = document(&json!([{"name": "a", "override": true, "to": "legacy"}]));
    let text = text.replacen('{', r#"{"override": {"header": "x-canary", "allow": ["::1"]},"#, 1);
    let table = RouteTable::from_document(&text).unwrap();
    let local = get("/").with_header("x-canary", "always").with_address("::1".parse().unwrap());
    assert_eq!(table.decide(&local).reason, Reason::OverrideAlways);
}
