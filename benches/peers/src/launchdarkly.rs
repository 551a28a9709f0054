//! LaunchDarkly's migrator on the same adapters.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use launchdarkly_server_sdk::{
    Client, ConfigBuilder, Context, ContextBuilder, Flag, Migrator, MigratorBuilder,
    NullEventProcessorBuilder, Stage, TestData,
};
use measure::{Small, phase_name};
use strangler_fig::phase::Phase;
use strangler_fig::repository::StampedRepository;
use strangler_fig::stamp::{Record, Stamp};
use tokio::runtime::Runtime;

use crate::bare::{NOTHING, row, side};
use crate::race::Candidate;

/// Its flag.
pub(crate) const FLAG: &str = "rows";

type Call<'a> = BoxFuture<'a, Result<Option<Small>, String>>;

/// What it calls our phases. It has no `Cutover`.
pub(crate) const STAGES: [(Phase, Stage); 6] = [
    (Phase::LegacyOnly, Stage::Off),
    (Phase::DualWrite, Stage::DualWrite),
    (Phase::Shadow, Stage::Shadow),
    (Phase::Live, Stage::Live),
    (Phase::RampDown, Stage::Rampdown),
    (Phase::ModernOnly, Stage::Complete),
];

/// Where it learns the stage from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// From nowhere: the default stage of each call.
    Offline,
    /// From a flag, held in memory.
    TestData,
}

impl Source {
    /// Its name in figures.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::TestData => "testdata",
        }
    }
}

/// A started client whose flag, if it has one, shows `stage`; of the comparisons
/// one in `check_ratio` is made.
pub(crate) fn client(
    runtime: &Runtime,
    source: Source,
    stage: Stage,
    check_ratio: u32,
) -> Arc<Client> {
    let config = ConfigBuilder::new("no key");
    let config = match source {
        Source::Offline => config.offline(true),
        Source::TestData => {
            let data = TestData::new();
            data.use_preconfigured_flag(flag(stage, check_ratio));
            config.data_source(&data).event_processor(&NullEventProcessorBuilder::new())
        }
    };
    let client = Client::build(config.build().expect("the configuration is complete"));
    let client = Arc::new(client.expect("the client can be built"));
    runtime.block_on(async {
        client.start_with_default_executor();
        client.wait_for_initialization(Duration::from_secs(10)).await;
    });
    assert!(client.initialized(), "the client has its flag");
    client
}

fn flag(stage: Stage, check_ratio: u32) -> Flag {
    let flag = serde_json::json!({
        "key": FLAG, "on": true, "targets": [], "rules": [], "prerequisites": [], "salt": "",
        "fallthrough": { "variation": 0 }, "offVariation": 0, "variations": [stage.to_string()],
        "migration": { "checkRatio": check_ratio },
    });
    serde_json::from_value(flag).expect("it is a flag")
}

/// Who asks.
pub(crate) fn context() -> Context {
    ContextBuilder::new("somebody").build().expect("it is a context")
}

fn reading() -> impl Fn(&Small) -> Call<'_> + Send + Sync + 'static {
    let side = side();
    move |row| {
        let side = Arc::clone(&side);
        async move {
            let read = side.read(&side.key(row)).await;
            read.map(|record| record.value).map_err(|error| error.to_string())
        }
        .boxed()
    }
}

fn writing() -> impl Fn(&Small) -> Call<'_> + Send + Sync + 'static {
    let side = side();
    move |row| {
        let side = Arc::clone(&side);
        async move {
            let record = Record::live(Stamp::BASE, *row);
            let applied = side.apply(&side.key(row), &record).await;
            applied.map(|_| None).map_err(|error| error.to_string())
        }
        .boxed()
    }
}

#[expect(clippy::type_complexity, reason = "a migrator's type names its four closures")]
fn migrator(
    client: Arc<Client>,
) -> Migrator<
    Small,
    Option<Small>,
    impl Fn(&Small) -> Call<'_> + Send + Sync + 'static,
    impl Fn(&Small) -> Call<'_> + Send + Sync + 'static,
    impl Fn(&Small) -> Call<'_> + Send + Sync + 'static,
    impl Fn(&Small) -> Call<'_> + Send + Sync + 'static,
> {
    MigratorBuilder::new(client)
        .read(reading(), reading(), Some(PartialEq::eq))
        .write(writing(), writing())
        .build()
        .expect("it has what it needs")
}

/// Reads and writes in its stages, over the closures it was given; and those.
pub(crate) fn candidates(runtime: &Runtime) -> Vec<Candidate> {
    let sources = [Source::Offline, Source::TestData];
    let each =
        sources.into_iter().flat_map(|source| STAGES.map(|(phase, stage)| (source, phase, stage)));
    let staged = each.flat_map(|(source, phase, stage)| in_stage(runtime, source, phase, stage));
    closures().into_iter().chain(staged).collect()
}

fn closures() -> [Candidate; 4] {
    let (one, two, three) = (reading(), reading(), reading());
    let (first, second, third) = (writing(), writing(), writing());
    [
        Candidate::new("closures.read", NOTHING, async move || {
            black_box(one(&row()).await).expect("nothing fails");
        }),
        Candidate::new("closures.reads", NOTHING, async move || {
            let row = row();
            black_box(two(&row).await).expect("nothing fails");
            black_box(three(&row).await).expect("nothing fails");
        }),
        Candidate::new("closures.write", NOTHING, async move || {
            black_box(first(&row()).await).expect("nothing fails");
        }),
        Candidate::new("closures.writes", NOTHING, async move || {
            let row = row();
            black_box(second(&row).await).expect("nothing fails");
            black_box(third(&row).await).expect("nothing fails");
        }),
    ]
}

fn in_stage(runtime: &Runtime, source: Source, phase: Phase, stage: Stage) -> [Candidate; 2] {
    let single = matches!(stage, Stage::Off | Stage::Complete);
    let both = matches!(stage, Stage::Shadow | Stage::Live);
    let name = |what: &str| format!("launchdarkly.{}.{}.{what}", source.name(), phase_name(phase));
    let client = client(runtime, source, stage, 1);
    let (mut asking, mut telling) = (migrator(Arc::clone(&client)), migrator(client));
    let (who, whom) = (context(), context());
    let reads = if both { "closures.reads" } else { "closures.read" };
    let writes = if single { "closures.write" } else { "closures.writes" };
    [
        Candidate::new(name("read"), reads, async move || {
            let answer = asking.read(&who, FLAG.to_owned(), stage, row()).await;
            black_box(answer.result).expect("nothing fails");
        }),
        Candidate::new(name("write"), writes, async move || {
            let answer = telling.write(&whom, FLAG.to_owned(), stage, row()).await;
            black_box(answer.authoritative.result).expect("nothing fails");
        }),
    ]
}
