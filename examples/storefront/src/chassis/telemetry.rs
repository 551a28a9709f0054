use std::sync::Arc;
use std::time::Duration;

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
    observer: Arc<MetricsObserver>,
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
        let observer =
            Arc::new(MetricsObserver::new().with_label("migration", "customers").from_zero());
        let collector: String = setting("OTEL_EXPORTER_OTLP_ENDPOINT", String::new())?;
        let traces = if collector.is_empty() { None } else { Some(exported(service, &collector)?) };
        let filter: EnvFilter = setting("RUST_LOG", EnvFilter::new("info"))?;
        let logs = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr);
        let spans = traces
            .as_ref()
            .map(|traces| tracing_opentelemetry::layer().with_tracer(traces.tracer(service)));
        tracing_subscriber::registry().with(spans).with(logs.with_filter(filter)).try_init()?;
        let telemetry = Self { scrape, observer, traces };
        tokio::spawn(telemetry.clone().keep());
        Ok(telemetry)
    }

    /// Who is told everything.
    #[must_use]
    pub const fn observer(&self) -> &Arc<MetricsObserver> {
        &self.observer
    }

    /// What `/metrics` answers.
    #[must_use]
    pub fn scraped(&self) -> String {
        self.observer.refresh();
        self.scrape.render()
    }

    /// Brings ages up to date, and lets the recorder sort what it was told, though nobody scrapes.
    async fn keep(self) {
        loop {
            tokio::time::sleep(REFRESHED).await;
            self.observer.refresh();
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

fn exported(service: &'static str, collector: &str) -> Result<SdkTracerProvider, Failed> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
        .build()?;
    let batches = BatchSpanProcessor::builder(exporter, runtime::Tokio).build();
    let resource = Resource::builder().with_service_name(service).build();
    Ok(SdkTracerProvider::builder().with_span_processor(batches).with_resource(resource).build())
}
