use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Uri;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use opentelemetry_sdk::{Resource, runtime};
use strangler_fig::observe::MetricsObserver;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::environment::setting;
use crate::Failed;

/// From a tenth of a millisecond to ten seconds: what a store and a caller take.
const BUCKETS: [f64; 12] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 10.0];
/// How old the ages are at most that nobody tells.
const REFRESHED: Duration = Duration::from_secs(5);

/// What a process tells: metrics to whoever scrapes it, traces to a collector, and log lines as JSON.
#[derive(Debug, Clone)]
pub struct Telemetry {
    scrape: PrometheusHandle,
    service: &'static str,
    observers: Arc<Mutex<Vec<Arc<MetricsObserver>>>>,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Installs all three, once for a process: logs by `RUST_LOG` (`info` if nothing is said), traces if
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.
    ///
    /// # Errors
    ///
    /// Somebody else was first, or a setting says nothing that could be meant.
    pub fn install(service: &'static str) -> Result<Self, Failed> {
        let recorder =
            PrometheusBuilder::new().with_recommended_naming(true).set_buckets(&BUCKETS)?;
        let scrape = recorder.install_recorder()?;
        let collector = setting("OTEL_EXPORTER_OTLP_ENDPOINT", Collector::default())?;
        let traces = collector.0.map(|base| exported(service, &base)).transpose()?;
        let filter: EnvFilter = setting("RUST_LOG", EnvFilter::new("info"))?;
        let logs = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr);
        let spans = traces
            .as_ref()
            .map(|traces| tracing_opentelemetry::layer().with_tracer(traces.tracer(service)));
        tracing_subscriber::registry().with(spans).with(logs.with_filter(filter)).try_init()?;
        let telemetry = Self { scrape, service, observers: Arc::default(), traces };
        tokio::spawn(telemetry.clone().keep());
        Ok(telemetry)
    }

    /// Who is told everything, by the name of the service; and by that of a migration, where there is one.
    #[must_use]
    pub fn observer(&self, migration: Option<&str>) -> Arc<MetricsObserver> {
        let observer = MetricsObserver::new().with_label("service", self.service);
        let observer = match migration {
            Some(migration) => observer.with_label("migration", migration),
            None => observer,
        };
        let observer = Arc::new(observer.starting_at_zero());
        self.observers.lock().unwrap_or_else(PoisonError::into_inner).push(observer.clone());
        observer
    }

    /// Brings the ages up to date that nobody tells.
    fn refresh(&self) {
        let observers = self.observers.lock().unwrap_or_else(PoisonError::into_inner);
        observers.iter().for_each(|observer| observer.refresh());
    }

    /// What `/metrics` answers.
    #[must_use]
    pub fn scraped(&self) -> String {
        self.refresh();
        self.scrape.render()
    }

    /// Brings ages up to date, and lets the recorder sort what it was told, though nobody scrapes.
    async fn keep(self) {
        loop {
            tokio::time::sleep(REFRESHED).await;
            self.refresh();
            self.scrape.run_upkeep();
        }
    }

    /// Sends what is left of the traces. A collector that is away keeps nobody from ending.
    pub fn shut_down(&self) {
        if let Some(traces) = &self.traces {
            let _ = traces.shutdown();
        }
    }
}

/// Where traces go, if anywhere.
#[derive(Debug, Default)]
struct Collector(Option<String>);

impl FromStr for Collector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let uri: Uri = text.parse().map_err(|why| format!("{text:?} is no URL: {why}"))?;
        match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(_)) => Ok(Self(Some(text.trim_end_matches('/').to_owned()))),
            (Some("https"), _) => Err("traces are sent without TLS: give http://host:port".into()),
            _ => Err(format!("{text:?} is not http://host:port")),
        }
    }
}

fn exported(service: &'static str, collector: &str) -> Result<SdkTracerProvider, Failed> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{collector}/v1/traces"))
        .build()?;
    let batches = BatchSpanProcessor::builder(exporter, runtime::Tokio).build();
    let resource = Resource::builder().with_service_name(service).build();
    Ok(SdkTracerProvider::builder().with_span_processor(batches).with_resource(resource).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_go_nowhere_that_cannot_be_meant() {
        let collector = |text: &str| text.parse::<Collector>().map(|it| it.0);
        assert_eq!(collector(""), Ok(None));
        assert_eq!(collector("http://c:4318/"), Ok(Some("http://c:4318".to_owned())));
        for wrong in ["not a url", "https://c:4318", "c:4318", "/v1", "ftp://c"] {
            assert!(collector(wrong).is_err(), "{wrong}");
        }
    }
}
