//! Orders as nobody should take them: whoever orders waits until inventory and payments have answered, too.
//!
//! | variable | |
//! |---|---|
//! | `LISTEN` | its address |
//! | `INVENTORY_SERVICE_URL`, `PAYMENT_SERVICE_URL` | whom it asks before it answers |

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use storefront::Failed;
use storefront::chassis::{Readiness, Telemetry, outgoing, required, serve as served};
use storefront::orders::Order;

/// As which it takes part.
pub(crate) const NAME: &str = "chained-orders";

#[derive(Debug, Clone)]
struct Chain {
    inventory: String,
    payments: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Serves them, until it is asked to end.
#[tokio::main]
pub(crate) async fn serve() -> Result<(), Failed> {
    let telemetry = Telemetry::install(NAME)?;
    let chain = Chain {
        inventory: required("INVENTORY_SERVICE_URL")?,
        payments: required("PAYMENT_SERVICE_URL")?,
        client: Client::builder(TokioExecutor::new()).build_http(),
    };
    let routes = Router::new().route("/orders", post(place)).with_state(chain);
    served(required("LISTEN")?, routes, Readiness::default(), &telemetry).await
}

/// One after the other; it takes all of them.
async fn place(State(chain): State<Chain>, Json(order): Json<Order>) -> StatusCode {
    let stock = format!("{}/stock/{}", chain.inventory, order.product);
    let payment = format!("{}/payments/{}", chain.payments, order.order);
    for url in [stock, payment] {
        match chain.ask(&url).await {
            Ok(status) if status.is_server_error() => return StatusCode::BAD_GATEWAY,
            Ok(_) => {}
            Err(_) => return StatusCode::SERVICE_UNAVAILABLE,
        }
    }
    StatusCode::CREATED
}

impl Chain {
    async fn ask(&self, url: &str) -> Result<StatusCode, Failed> {
        let headers = outgoing().into_iter();
        let request =
            headers.fold(Request::get(url), |request, (name, value)| request.header(name, value));
        let response = self.client.request(request.body(Full::default())?).await?;
        let status = response.status();
        response.into_body().collect().await?;
        Ok(status)
    }
}
