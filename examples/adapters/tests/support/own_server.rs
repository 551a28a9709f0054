//! A server of a test's own.

use std::path::Path;

use own_servers::{OwnServer, Product};

pub(crate) async fn own_server(product: Product) -> OwnServer {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    OwnServer::new(product, parent).await.unwrap_or_else(|error| panic!("no {product}: {error}"))
}
