use std::collections::HashMap;
use std::net::SocketAddr;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::repository::MigrationRepository;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tracing::{Span, info, info_span, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::v1::users_server::{Users, UsersServer};
use super::v1::{GetRequest, ListRequest, ListResponse, User};
use super::{IDS_MAX, Node, Side};
use crate::Failed;

/// The queries of `users.proto`, over the same users.
#[derive(Debug)]
struct Queries<L: Side, M>(MigrationRepository<L, M>);

#[tonic::async_trait]
impl<L: Side, M: Side> Users for Queries<L, M> {
    async fn get(&self, request: Request<GetRequest>) -> Result<Response<User>, Status> {
        let found = self.0.find(&request.into_inner().id.into_bytes()).await.map_err(status)?;
        let user = found.ok_or_else(|| Status::not_found("there is no such user"))?;
        Ok(Response::new(super::User::from(user).into()))
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let keys: Vec<_> = request.into_inner().ids.into_iter().map(String::into_bytes).collect();
        if keys.len() > IDS_MAX {
            return Err(Status::invalid_argument("too many ids at once"));
        }
        let found = self.0.find_many(&keys).await.into_iter().collect::<Result<Vec<_>, _>>();
        let found = found.map_err(status)?.into_iter().flatten();
        let users = found.map(|user| super::User::from(user).into()).collect();
        Ok(Response::new(ListResponse { users }))
    }
}

impl From<super::User> for User {
    fn from(user: super::User) -> Self {
        let super::User { id, name, email, visits } = user;
        Self { id, name, email, visits }
    }
}

/// A read that failed; it says nothing of the store.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn status(error: StoreError) -> Status {
    warn!(why = error.with_causes(), "a query is not answered");
    match error.kind() {
        StoreErrorKind::Rejected => Status::data_loss("it cannot be read"),
        _ => Status::unavailable("try again"),
    }
}

/// Serves `users.v1.Users` at `address`, until `node` ends.
///
/// # Errors
///
/// The address cannot be listened on.
pub fn queries<L: Side, M: Side>(
    node: &mut Node,
    address: SocketAddr,
    users: MigrationRepository<L, M>,
) -> Result<(), Failed> {
    let incoming =
        TcpIncoming::bind(address).map_err(|why| format!("GRPC_LISTEN {address}: {why}"))?;
    // A long answer is several frames: the last would wait until the one before is acknowledged, which takes 40 ms.
    let incoming = incoming.with_nodelay(Some(true));
    info!(%address, "listens for gRPC");
    let mut server = Server::builder().trace_fn(span);
    let server = server.add_service(UsersServer::new(Queries(users)));
    node.workers().run(|over| async move {
        server.serve_with_incoming_shutdown(incoming, over).await?;
        Ok(())
    });
    Ok(())
}

/// Each request is a span in the trace of its caller.
fn span(request: &axum::http::Request<()>) -> Span {
    let span = info_span!("request", method = "gRPC", route = request.uri().path());
    let header = |name: &str| {
        let value = request.headers().get(name)?.to_str().ok()?;
        Some((name.to_owned(), value.to_owned()))
    };
    let headers: HashMap<_, _> =
        ["traceparent", "tracestate"].into_iter().filter_map(header).collect();
    // Without a layer that keeps traces there is no parent to be set.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&headers));
    span
}

#[cfg(test)]
mod tests {
    use adapters::customer::Customer;
    use strangler_fig::memory::InMemoryRepository;
    use strangler_fig::phase::{MigrationState, PhaseTracker};
    use tonic::Code;

    use super::super::Draft;
    use super::super::v1::users_client::UsersClient;
    use super::*;

    #[tokio::test]
    async fn one_is_asked_for_and_several() {
        let store = || InMemoryRepository::new(|customer: &Customer| customer.id.clone());
        let tracker = PhaseTracker::detached(MigrationState::new("customers".parse().unwrap()));
        let users = MigrationRepository::new(store(), store(), tracker).unwrap();
        for id in ["a", "b"] {
            let draft = Draft { name: format!("The {id}"), email: None, visits: 1 };
            users.save(draft.of(id.to_owned())).await.unwrap();
        }
        let mut client = UsersClient::new(UsersServer::new(Queries(users)));
        let found = client.get(GetRequest { id: "a".to_owned() }).await.unwrap().into_inner();
        assert_eq!((found.name.as_str(), found.email), ("The a", None));
        let missing = client.get(GetRequest { id: "c".to_owned() }).await.unwrap_err();
        assert_eq!(missing.code(), Code::NotFound);
        let ids = ["b", "c", "a"].map(str::to_owned).to_vec();
        let found = client.list(ListRequest { ids }).await.unwrap().into_inner().users;
        assert_eq!(found.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        let many = ListRequest { ids: vec![String::new(); IDS_MAX + 1] };
        assert_eq!(client.list(many).await.unwrap_err().code(), Code::InvalidArgument);
    }
}
