use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use contracts::Agreement;
use pact_verifier::callback_executors::HttpRequestProviderStateExecutor;
use pact_verifier::{
    FilterInfo, NullRequestFilterExecutor, PactSource, ProviderInfo, ProviderTransport,
    VerificationOptions, verify_provider_async,
};
use serde_json::{Value, json};
use storefront::Failed;
use strangler_fig::async_trait;
use tokio::net::TcpListener;

/// Brings a provider into the state in which it is asked.
#[async_trait]
pub(crate) trait Stage: Send + Sync + 'static {
    async fn set(&self, state: &str, params: Value) -> Result<(), Failed>;
}

/// Serves on a port of its own, until the test's runtime ends.
pub(crate) async fn served(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// Pact's crates tell others of each verification, unless they are told not to.
pub(crate) fn assert_untracked() {
    let told = std::env::var("PACT_DO_NOT_TRACK");
    let is_untracked = told.is_ok_and(|it| it == "true");
    assert!(is_untracked, "set PACT_DO_NOT_TRACK=true, as .cargo/config.toml does");
}

/// Asks the provider at `address` what was agreed; answers what it did not keep, a line for each.
pub(crate) async fn complaints(
    agreement: Agreement,
    address: SocketAddr,
    stage: Arc<dyn Stage>,
) -> Vec<String> {
    let stages = Stages { stage, failed: Arc::default() };
    let failed = stages.failed.clone();
    let routes = Router::new().route("/", post(set)).with_state(stages);
    let executor = Arc::new(HttpRequestProviderStateExecutor {
        state_change_url: Some(format!("http://{}/", served(routes).await)),
        retries: 0,
        ..HttpRequestProviderStateExecutor::default()
    });
    let verified = verify_provider_async(
        provider(agreement, address),
        vec![PactSource::File(agreement.file().to_string_lossy().into_owned())],
        FilterInfo::None,
        Vec::new(),
        &options(),
        None,
        &executor,
        None,
    )
    .await
    .unwrap();
    let mut said: Vec<_> = failed.lock().unwrap().drain(..).collect();
    for (interaction, why) in &verified.errors {
        let why: Value = why.into();
        said.push(format!("{interaction}: {why}"));
    }
    let asked = verified.interaction_results.len();
    if asked != interactions(agreement) || verified.result != said.is_empty() {
        said.push(format!("{asked} interactions were verified: {}", verified.output.join("\n")));
    }
    said
}

fn provider(agreement: Agreement, address: SocketAddr) -> ProviderInfo {
    let transport = ProviderTransport {
        transport: "http".to_owned(),
        port: Some(address.port()),
        path: None,
        scheme: Some("http".to_owned()),
    };
    ProviderInfo {
        name: agreement.provider.to_owned(),
        host: address.ip().to_string(),
        transports: vec![transport],
        ..ProviderInfo::default()
    }
}

fn options() -> VerificationOptions<NullRequestFilterExecutor> {
    // States are set by what is served here, and that may take a saga's time.
    VerificationOptions {
        coloured_output: false,
        request_timeout: 60_000,
        ..VerificationOptions::default()
    }
}

/// How many interactions the file has.
fn interactions(agreement: Agreement) -> usize {
    let pact = std::fs::read(agreement.file()).expect("the file is committed");
    let pact: Value = serde_json::from_slice(&pact).unwrap();
    pact["interactions"].as_array().unwrap().len()
}

/// What sets the states that the verifier asks for, and why it could not.
#[derive(Clone)]
struct Stages {
    stage: Arc<dyn Stage>,
    failed: Arc<Mutex<Vec<String>>>,
}

async fn set(State(stages): State<Stages>, Json(asked): Json<Value>) -> (StatusCode, Json<Value>) {
    let state = asked["state"].as_str().unwrap_or_default();
    if state.is_empty() {
        // Whatever it is in.
        return (StatusCode::OK, Json(json!({})));
    }
    match stages.stage.set(state, asked["params"].clone()).await {
        Ok(()) => (StatusCode::OK, Json(json!({}))),
        Err(error) => {
            stages.failed.lock().unwrap().push(format!("{state:?} could not be set: {error}"));
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({})))
        }
    }
}
