//! What the gateway itself costs, with services that answer at once in its own process.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use measure::Samples;
use strangler_fig::gateway::Upstream;
use strangler_fig::gateway::tower::{GatewayService, ServiceUpstream};
use tower_service::Service;

use crate::error::Failure;
use crate::gateway;

/// Requests of one sample, and samples: the median counts.
const REQUESTS: u64 = 2_000;
const SAMPLES: usize = 50;

/// Prints what a request costs beyond making it and answering it.
pub(crate) fn run() -> Result<(), Failure> {
    let side = || -> Result<Arc<dyn Upstream>, Failure> {
        Ok(Arc::new(ServiceUpstream::new(Page).at("http://127.0.0.1:1")?))
    };
    let service = GatewayService::new(gateway::between(side()?, side()?)?);
    let mut service = service.for_peer(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let (mut through, mut direct) = (Samples::default(), Samples::default());
    let mut page = Page;
    for _ in 0..SAMPLES {
        through.take(REQUESTS, &mut async || {
            let response = service.call(request()).await.expect("it cannot fail");
            read(response.into_body()).await;
        });
        direct.take(REQUESTS, &mut async || {
            let response = page.call(request()).await.expect("it cannot fail");
            read(response.into_body()).await;
        });
    }
    through.print("gateway.own");
    direct.print("gateway.own.without");
    Ok(())
}

fn request() -> Request<Full<Bytes>> {
    let request = Request::get("/page").header("host", "shop").header("x-user", "user-77");
    request.body(Full::new(Bytes::new())).expect("it is a request")
}

async fn read<B>(body: B)
where
    B: BodyExt<Data = Bytes, Error: std::fmt::Debug>,
{
    body.collect().await.expect("it has an end");
}

/// A service that answers at once.
#[derive(Debug, Clone, Copy)]
struct Page;

impl<B> Service<Request<B>> for Page {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        std::future::ready(Ok(Response::new(Full::new(Bytes::from_static(b"a page")))))
    }
}
