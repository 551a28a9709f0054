//! What the other side is sent, and when.

use strangler_fig::gateway::{Body, Mirror, Request, mark};
use strangler_fig::phase::{Share, Side};
use strangler_fig::route::MirrorPlan;

use super::support::{ALL, Sides, WithTarget, answered, answered_by, compared, get, plain, text};

#[tokio::test(start_paused = true)]
async fn a_mirror_keeps_path_query_and_method() {
    for method in ["GET", "HEAD", "OPTIONS"] {
        let (mirror, sides) = (plain(), Sides::saying(|_, _| "a"));
        let mut request = get("http://evil.example/orders/7?full=1&q=a%20b").with("x-a", "1");
        *request.method_mut() = method.parse().unwrap();
        text(answered(&mirror, &sides, request).await).await;
        mirror.drained().await;

        let sent = sides.sent();
        let [_, (Side::Modern, mirrored)] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!(mirrored.method(), method);
        assert_eq!(
            mirrored.uri(),
            "/orders/7?full=1&q=a%20b",
            "and no host of the client's choice"
        );
        assert_eq!(mirrored.headers()["x-a"], "1");
    }
}

/// Other mirrors send another host, and a service that answers by hosts then answers something else.
#[tokio::test(start_paused = true)]
async fn a_mirror_keeps_the_host() {
    let (mirror, sides) = (plain(), Sides::saying(|_, _| "a"));
    text(answered(&mirror, &sides, get("/orders/7").with("host", "shop.example")).await).await;
    mirror.drained().await;
    let sent = sides.sent();
    let [_, (Side::Modern, mirrored)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(mirrored.headers()["host"], "shop.example");
}

#[tokio::test(start_paused = true)]
async fn a_mirrored_request_is_marked_and_the_client_s_is_not() {
    let (mirror, sides) = (plain(), Sides::saying(|side, _| side.name()));
    compared(&mirror, &sides).await;
    let sent = sides.sent();
    assert_eq!(sent.len(), 5, "it differs, and is asked again");
    assert!(!sent[0].1.headers().contains_key(mark::MIRROR));
    for (_, mirrored) in &sent[1..] {
        assert_eq!(mirrored.headers()[mark::MIRROR], "1", "whoever gets it: nobody waits for it");
    }
}

#[tokio::test(start_paused = true)]
async fn no_credentials_are_mirrored_unless_they_are_wanted() {
    let with_credentials = || {
        let request = get("/orders").with("cookie", "a=1").with("cookie", "b=2");
        request.with("authorization", "Bearer x").with("proxy-authorization", "Basic x")
    };
    for (mirror, expected) in [(plain(), 0), (plain().with_credentials(), 4)] {
        let sides = Sides::saying(|_, _| "a");
        text(answered(&mirror, &sides, with_credentials()).await).await;
        mirror.drained().await;
        for (side, mirrored) in &sides.sent()[1..] {
            let secret = ["cookie", "authorization", "proxy-authorization"];
            let count = secret.map(|it| mirrored.headers().get_all(it).iter().count());
            assert_eq!(count.iter().sum::<usize>(), expected, "to {side:?}");
        }
        assert_eq!(mirror.report().equal, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_to_more_is_not_compared_with_what_is_answered_to_less() {
    for (name, value) in [("cookie", "a=1"), ("if-none-match", "\"7\""), ("range", "bytes=0-1")] {
        // Legacy says something else to who shows a cookie; without one, both say the same.
        let sides = Sides::saying(|side, nth| match (side, nth) {
            (Side::Legacy, 0) => "for Ada",
            _ => "for anybody",
        });
        let mirror = plain();
        text(answered(&mirror, &sides, get("/orders").with(name, value)).await).await;
        mirror.drained().await;
        assert_eq!(sides.order(), [Side::Legacy, Side::Legacy, Side::Modern], "{name}");
        assert!(sides.sent()[1..].iter().all(|(_, it)| !it.headers().contains_key(name)));
        assert_eq!((mirror.report().equal, mirror.report().compared), (1, 1), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_packed_is_asked_for_unpacked() {
    let sides = Sides::new(|side, nth| async move {
        let mut response = super::support::ok("the same");
        if (side, nth) == (Side::Legacy, 0) {
            response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
            *response.body_mut() = Body::full("packed");
        }
        Ok(response)
    });
    let mirror = plain();
    let request = get("/orders").with("accept-encoding", "gzip");
    assert_eq!(text(answered(&mirror, &sides, request).await).await, "packed");
    mirror.drained().await;
    let sent = sides.sent();
    assert_eq!(sent.len(), 3, "legacy is asked for it unpacked, too");
    assert!(sent[1..].iter().all(|(_, it)| it.headers()["accept-encoding"] == "identity"));
    assert_eq!((mirror.report().equal, mirror.report().compared), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_unsafe_request_is_never_mirrored() {
    let mirror = plain();
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "PURGE"] {
        let mut request = get("/orders");
        *request.method_mut() = method.parse().unwrap();
        assert!(mirror.draw(ALL, "orders", &request).is_none(), "{method}");
    }
    assert!(mirror.draw(ALL, "orders", &get("/orders")).is_some(), "a control");
}

#[tokio::test(start_paused = true)]
async fn a_body_of_a_request_is_mirrored_if_it_is_there_and_short() {
    let mirror = plain().with_body_max(8);
    let with = |body| {
        let mut request = get("/search");
        *request.body_mut() = body;
        mirror.draw(ALL, "search", &request).is_some()
    };
    assert!(with(Body::full("a query!")));
    assert!(!with(Body::full("a query!!")), "it is too long");
    let stream = http_body_util::Full::new(bytes::Bytes::from("a"));
    assert!(!with(Body::from_http(stream)), "it cannot be sent twice");
}

#[tokio::test(start_paused = true)]
async fn a_share_of_requests_is_mirrored() {
    fastrand::seed(7);
    let mirror = Mirror::clone(&plain()).with_kept_max(100_000.try_into().unwrap());
    let drawn = |share| {
        let plan = MirrorPlan::new(ALL.to, share);
        (0..10_000).filter(|_| mirror.draw(plan, "orders", &get("/")).is_some()).count()
    };
    assert_eq!((drawn(Share::NONE), drawn(Share::WHOLE)), (0, 10_000));
    let tenth = drawn(Share::percent(10));
    assert!((900..1_100).contains(&tenth), "{tenth}");
}

#[tokio::test(start_paused = true)]
async fn the_side_that_has_answered_is_not_compared_with_itself() {
    // Modern was to be asked first; it failed, and legacy has stood in.
    let (mirror, sides) = (plain(), Sides::saying(|_, _| "a"));
    let plan = MirrorPlan::new(Side::Legacy, Share::WHOLE);
    let response = answered_by(Side::Legacy, plan, &mirror, &sides, get("/")).await;
    assert_eq!(text(response).await, "a");
    mirror.drained().await;
    assert_eq!((sides.asked(Side::Legacy), mirror.report().skipped), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn modern_s_answers_are_compared_with_legacy_s_as_well() {
    use Side::{Legacy, Modern};
    let sides = Sides::saying(|side, _| side.name());
    let (mirror, plan) = (plain(), MirrorPlan::new(Legacy, Share::WHOLE));
    let request: Request = get("/");
    text(answered_by(Modern, plan, &mirror, &sides, request).await).await;
    mirror.drained().await;
    assert_eq!(sides.order(), [Modern, Legacy, Modern, Legacy, Modern]);
    assert_eq!(mirror.report().different, 1);
}
