use std::sync::Arc;
use std::time::Duration;

use strangler_fig::gateway::{ClientAddress, Request};
use tokio::sync::Barrier;
use tokio::time::{Instant, sleep};

use super::support::{Behind, User, answer, answered, get, page, response};

#[tokio::test(start_paused = true)]
async fn parts_are_asked_side_by_side() {
    let both = Arc::new(Barrier::new(2));
    let behind = Behind::new(move |_| {
        let both = Arc::clone(&both);
        async move {
            both.wait().await;
            sleep(Duration::from_millis(100)).await;
            response(200, "1")
        }
    });
    let began = Instant::now();
    assert_eq!(answered(&page(), &behind).await.status(), 200);
    assert_eq!(began.elapsed(), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_capture_cannot_leave_its_segment() {
    for (id, order, reviews) in [
        ("7", "/orders/7", "/reviews?order=7"),
        ("7%2Fadmin", "/orders/7%2Fadmin", "/reviews?order=7%2Fadmin"),
        ("7%3Fall%3D1", "/orders/7%3Fall%3D1", "/reviews?order=7%3Fall%3D1"),
        ("7&all=1", "/orders/7%26all%3D1", "/reviews?order=7%26all%3D1"),
        ("7;a=1", "/orders/7%3Ba%3D1", "/reviews?order=7%3Ba%3D1"),
        ("%23x", "/orders/%23x", "/reviews?order=%23x"),
    ] {
        let behind = Behind::well();
        answer(&page(), &behind, get(), id).await;
        assert_eq!(behind.targets(), [order, reviews], "{id}");
    }
    for id in ["..", "%2e%2E", "..%2Fadmin", ".", "", "%00", "%0d%0aHost:%20evil.example"] {
        let behind = Behind::well();
        assert_eq!(answer(&page(), &behind, get(), id).await.status(), 404, "{id}");
        assert!(behind.targets().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_capture_that_the_rule_lacks_is_the_gateway_s_mistake() {
    let (client, _) = get().into_parts();
    let behind = Behind::well();
    let told = page().answer(&client, |_| None, |request| behind.ask(request)).await;
    assert_eq!((told.status().as_u16(), behind.asked().len()), (500, 0));
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_cannot_reach_itself() {
    let behind = Behind::well();
    answered(&page(), &behind).await;
    assert!(behind.asked().iter().all(|it| it.is_part), "whoever is asked can see that");
    assert!(!strangler_fig::gateway::Aggregate::is_part(&get()));
    // No header makes a part of a request, and none hides it.
    let mut request = get();
    request.headers_mut().insert("strangler-part", "1".parse().unwrap());
    assert!(!strangler_fig::gateway::Aggregate::is_part(&request));
}

#[tokio::test(start_paused = true)]
async fn a_part_is_a_get_of_the_same_client() {
    let mut request: Request = get();
    *request.uri_mut() = "http://shop.example/page/7?x=1".parse().unwrap();
    for (name, value) in [
        ("cookie", "user=ada"),
        ("authorization", "Bearer x"),
        ("accept-language", "de"),
        ("accept", "text/html"),
        ("accept-encoding", "gzip"),
        ("content-length", "0"),
        ("if-none-match", "\"7\""),
        ("range", "bytes=0-1"),
        ("idempotency-key", "k"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request.extensions_mut().insert(ClientAddress([10, 0, 0, 7].into()));
    request.extensions_mut().insert(User(7));
    let behind = Behind::well();
    answer(&page(), &behind, request, "7").await;
    for part in behind.asked() {
        let mut names: Vec<_> = part.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-language", "authorization", "cookie", "host"]);
        assert_eq!(part.headers["host"], "shop.example");
        assert_eq!(part.headers["accept"], "application/json");
        assert_eq!(part.method, "GET");
        assert_eq!(part.user, Some(User(7)), "a side in this process knows who it is");
    }
}
