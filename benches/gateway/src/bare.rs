//! hyper's server and client back to back, with no rule, deadline or fallback: what a
//! proxy on hyper cannot cost less than.

use std::convert::Infallible;

use bytes::Bytes;
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response, StatusCode};
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::error::Failure;
use crate::serve::{self, BUFFER_MAX};

/// The client of all our proxies.
pub(crate) type HttpClient<B> = Client<HttpConnector, B>;

/// What keeps connections to the services.
pub(crate) fn client<B>() -> HttpClient<B>
where
    B: hyper::body::Body<Data: Send> + Send,
{
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let mut client = Client::builder(TokioExecutor::new());
    client.pool_timer(TokioTimer::new()).http1_max_buf_size(BUFFER_MAX).build(connector)
}

/// Serves until the process ends.
pub(crate) fn run(port: &str, modern: &str, legacy: &str) -> Result<(), Failure> {
    let authority = |port: &str| Ok::<Authority, Failure>(format!("127.0.0.1:{port}").parse()?);
    let (port, sides) = (port.parse()?, [authority(modern)?, authority(legacy)?]);
    serve::run(async move {
        let client = client();
        serve::serve(port, |_| {
            let (client, sides) = (client.clone(), sides.clone());
            service_fn(move |request| {
                let (client, side) = (client.clone(), sides[side(&request)].clone());
                async move { Ok::<_, Infallible>(forwarded(&client, request, side).await) }
            })
        })
        .await
    })
}

/// By the last byte of the user's name.
fn side(request: &Request<Incoming>) -> usize {
    let user = request.headers().get("x-user").map(http::HeaderValue::as_bytes);
    usize::from(user.and_then(<[u8]>::last).is_some_and(|last| last % 2 == 0))
}

async fn forwarded(
    client: &HttpClient<Incoming>,
    mut request: Request<Incoming>,
    side: Authority,
) -> Response<Either<Incoming, Empty<Bytes>>> {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    (parts.scheme, parts.authority) = (Some(Scheme::HTTP), Some(side));
    *request.uri_mut() = Uri::from_parts(parts).expect("a path, a scheme and an authority");
    let Ok(response) = client.request(request).await else {
        let mut response = Response::new(Either::Right(Empty::new()));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        return response;
    };
    response.map(Either::Left)
}
