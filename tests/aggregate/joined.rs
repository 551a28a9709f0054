use std::sync::Arc;

use strangler_fig::gateway::{Aggregate, Body, Join, Part, PartAnswer, Response, mark};

use super::support::{Behind, answer, answered, get, page, response, text};

#[tokio::test(start_paused = true)]
async fn json_is_joined_as_it_is_written() {
    let behind = Behind::new(async |target| match target.as_str() {
        "/orders/7" => response(200, "\n{\"id\":\t7.00, \"id\": 1e2}\n"),
        _ => response(201, " null "),
    });
    let joined = answered(&page(), &behind).await;
    assert_eq!(joined.status(), 200);
    assert_eq!(joined.headers()["content-type"], "application/json");
    assert_eq!(joined.headers()["cache-control"], "no-store");
    assert!(!joined.headers().contains_key(mark::PARTIAL));
    let expected = "{\"order\":{\"id\":\t7.00, \"id\": 1e2},\"reviews\":null}";
    assert_eq!(text(joined).await, expected);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_the_parts_headers_is_in_the_answer() {
    let behind = Behind::new(async |_| {
        let mut part = response(200, "1");
        for name in ["set-cookie", "x-secret", "strangler-partial"] {
            part.headers_mut().insert(name, "a=1".parse().unwrap());
        }
        part
    });
    let joined = answered(&page(), &behind).await;
    assert_eq!(joined.headers().len(), 2, "{:?}", joined.headers());
}

#[tokio::test(start_paused = true)]
async fn head_is_answered_as_get_is_without_the_body() {
    let behind = Behind::well();
    let mut request = get();
    *request.method_mut() = http::Method::HEAD;
    let joined = answer(&page(), &behind, request, "7").await;
    assert_eq!((joined.status().as_u16(), text(joined).await.as_str()), (200, ""));
    assert!(behind.asked().iter().all(|it| it.method == "GET"));
}

#[tokio::test(start_paused = true)]
async fn only_get_and_head_are_answered() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"] {
        let behind = Behind::well();
        let mut request = get();
        *request.method_mut() = method.parse().unwrap();
        let refused = answer(&page(), &behind, request, "7").await;
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["allow"]),
            (405, &"GET, HEAD".parse().unwrap())
        );
        assert!(behind.asked().is_empty(), "{method}");
    }
}

/// Joins texts, and refuses HTML.
#[derive(Debug)]
struct Lines;

impl Join for Lines {
    fn accepts(&self, answer: &PartAnswer) -> bool {
        assert!(!answer.body.starts_with(b"panic"), "as it says");
        !answer.body.starts_with(b"<")
    }

    fn join(&self, parts: &[(&str, Option<PartAnswer>)]) -> Response {
        let mut lines = String::new();
        for (name, answer) in parts {
            let body = answer.as_ref().map(|it| String::from_utf8_lossy(&it.body).into_owned());
            assert!(body.as_deref() != Some("bad"), "as it says");
            lines.extend([name, ": ", body.as_deref().unwrap_or_default(), "\n"]);
        }
        let mut joined = Response::new(Body::full(lines));
        joined.headers_mut().insert("strangler-partial", "a lie".parse().unwrap());
        joined
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_of_ones_own_joins() {
    let lines = page().joined_by(Arc::new(Lines));
    let saying = |text: &'static str| {
        Behind::new(move |target| async move {
            response(200, if target == "/orders/7" { "an order" } else { text })
        })
    };
    let joined = answered(&lines, &saying("good")).await;
    assert!(!joined.headers().contains_key(mark::PARTIAL), "this is the gateway's to say");
    assert_eq!(text(joined).await, "order: an order\nreviews: good\n");

    let joined = answered(&lines, &saying("<html>")).await;
    assert_eq!(joined.headers()[mark::PARTIAL], "reviews");
    assert_eq!(text(joined).await, "order: an order\nreviews: \n");

    let joined = answered(&lines, &saying("panic")).await;
    assert_eq!(joined.headers()[mark::PARTIAL], "reviews", "what is not accepted is missing");
    assert_eq!(answered(&lines, &saying("bad")).await.status(), 500);
}

#[tokio::test(start_paused = true)]
async fn an_aggregate_runs_on_any_thread() {
    let aggregate = Aggregate::of([Part::required("order", "/orders/{id}")]).unwrap();
    let answering = async move { answered(&aggregate, &Behind::well()).await.status() };
    assert_eq!(tokio::spawn(answering).await.unwrap(), 200);
}
