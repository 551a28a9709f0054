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
use tracing_subscriber::registry::Registry;

use crate::Failed;

/// From a tenth of a millisecond to ten seconds: what a store and a caller take.
const BUCKETS: [f64; 12] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 10.0];
/// How old the ages are at most that nobody tells.
const REFRESHED: Duration = Duration::from_secs(5);

/// What the process tells, and to whom.
#[derive(Debug, Clone)]
pub struct Telemetry {
    scrape: PrometheusHandle,
    observer: Arc<MetricsObserver>,
    traces: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Installs the recorder of metrics, and the exporter of traces if there is a collector: its base URL, as
    /// `http://127.0.0.1:4318`. Once for a process.
    ///
    /// # Errors
    ///
    /// Somebody else was first, or the collector's URL is none.
    pub fn install(collector: Option<&str>) -> Result<Self, Failed> {
        // The names that OpenTelemetry's own bridge to Prometheus would give: `…_total`, `…_seconds`.
        let recorder =
            PrometheusBuilder::new().with_recommended_naming(true).set_buckets(&BUCKETS)?;
        let scrape = recorder.install_recorder()?;
        let observer = MetricsObserver::new().with_label("service", "shop");
        let observer = Arc::new(observer.with_label("migration", "users").starting_at_zero());
        let traces = collector.map(exported).transpose()?;
        if let Some(traces) = &traces {
            let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer("shop"));
            tracing::subscriber::set_global_default(Registry::default().with(layer))?;
        }
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

    /// Sends what is left of the traces.
    pub fn shut_down(&self) {
        if let Some(traces) = &self.traces {
            // A collector that is away keeps nobody from ending.
            let _ = traces.shutdown();
        }
    }

    /// Sends what there is of the traces by now.
    pub fn flush(&self) {
        if let Some(traces) = &self.traces {
            let _ = traces.force_flush();
        }
    }
}

fn exported(collector: &str) -> Result<SdkTracerProvider, Failed> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
        .build()?;
    let batches = BatchSpanProcessor::builder(exporter, runtime::Tokio).build();
    let resource = Resource::builder().with_service_name("shop").build();
    Ok(SdkTracerProvider::builder().with_span_processor(batches).with_resource(resource).build())
}
