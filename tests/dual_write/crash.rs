//! Every act of a process × what becomes of it × what both sides do × what the caller is promised.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::{DualWriter, RequestJournal, RequestKey, RequestRecord};
use strangler_fig::gateway::{Body, Request, Response, Upstream, mark};
use strangler_fig::memory::InMemoryRequestJournal;
use strangler_fig::phase::Side;
use strangler_fig::route::{DualWritePlan, IdSource};
use tokio::time::{sleep, timeout};

use crate::controls::Flaw;
use crate::life::Life;
use crate::process::{Heard, TERM, config, writer};
use crate::scenario::{Fate, Fault, Scenario};
use crate::service::Service;
use crate::verdict::{Ended, judge};

const PATIENCE: Duration = Duration::from_secs(300);

/// A side that is asked only for what was written down, and if it is the other one, what the first has done.
#[derive(Debug)]
struct Watched {
    service: Service,
    before: Option<Service>,
    journal: InMemoryRequestJournal,
}

#[async_trait]
impl Upstream for Watched {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let key = request.headers()[&mark::IDEMPOTENCY_KEY].to_str().unwrap().to_owned();
        let mut wrong = Vec::new();
        if self.journal.load(&RequestKey::new("", &key).unwrap()).await?.is_none() {
            wrong.push("it was sent before it was written down".to_owned());
        }
        let is_done = |before: &Service| before.effects().iter().any(|effect| effect.key == key);
        if self.before.as_ref().is_some_and(|before| !is_done(before)) {
            wrong.push("the other side was sent it before the first had done it".to_owned());
        }
        self.service.books.lock().unwrap().wrong.extend(wrong);
        self.service.send(request).await
    }
}

pub(crate) fn request(key: &str) -> Request {
    let request = http::Request::builder().method(Method::POST).uri("/orders?draft=1");
    request.header(mark::IDEMPOTENCY_KEY, key).body(Body::full("two pears")).unwrap()
}

fn plan(scenario: Scenario) -> DualWritePlan {
    let Scenario { strict, first, .. } = scenario;
    let mut plan = DualWritePlan::new(first, IdSource::Gateway);
    plan.is_strict = strict;
    plan
}

async fn asked(writer: &DualWriter, scenario: Scenario) -> Option<u16> {
    let (writer, plan) = (writer.clone(), plan(scenario));
    let call = async move { writer.handle(request("pears"), plan, "orders").await };
    timeout(Duration::from_secs(20), call).await.ok().map(|response| response.status().as_u16())
}

/// One run; how often its first process acted, and how it has ended.
pub(crate) async fn run(scenario: Scenario, flaw: Option<Flaw>) -> (usize, Ended) {
    let journal = InMemoryRequestJournal::default();
    let services = scenario.faults.map(Service::new);
    let heard = Arc::new(Heard::default());
    let watched: [Arc<dyn Upstream>; 2] = [0, 1].map(|at: usize| {
        let before = (at == 1).then(|| services[0].clone());
        let (service, journal) = (services[at].clone(), journal.clone());
        Arc::new(Watched { service, before, journal }) as _
    });
    let lives = [Life::new(scenario.fate), Life::new(None)];
    let [first, second] = [0, 1].map(|at| {
        let is_first = at == 0;
        let reached: Arc<dyn RequestJournal> = Arc::new(journal.clone());
        let (reached, mut sides) = (Flaw::journal(flaw, reached), watched.clone());
        sides = Flaw::sides(flaw, is_first, sides);
        if scenario.first == Side::Modern {
            sides.reverse();
        }
        let writer = writer(at as u128, &lives[at], reached, sides, &heard);
        let hour = Duration::from_secs(3_600);
        if scenario.is_patient && is_first {
            writer.with_config(config(&heard).with_journal_deadline(hour))
        } else {
            writer
        }
    });
    let replayer = second.replayer();
    let replaying = tokio::spawn(async move { replayer.run(std::future::pending()).await });

    let mut answers = vec![asked(&first, scenario).await];
    let is_done = || services.iter().any(|service| !service.effects().is_empty());
    let was_done_at_503 = answers[0] == Some(503) && is_done();
    if scenario.asks_again && !matches!(answers[0], Some(200..=499)) {
        answers.push(asked(&second, scenario).await);
    }
    let key = RequestKey::new("", "pears").unwrap();
    let _ = timeout(PATIENCE, async {
        while journal.load(&key).await.unwrap().is_some_and(|it| it.state.status().is_open()) {
            sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    lives[0].goes_on();
    // What stood still does what it was about to do, and what comes late comes.
    sleep(TERM * 4).await;
    replaying.abort();
    let record: Option<RequestRecord> = journal.load(&key).await.unwrap();
    let effects = [0, 1].map(|at: usize| services[at].effects());
    let wrong = services.iter().flat_map(|it| it.books.lock().unwrap().wrong.clone()).collect();
    let (strict, parked) = (scenario.strict, heard.parked());
    let ended = Ended { strict, record, effects, wrong, answers, was_done_at_503, parked };
    (lives[0].acts(), ended)
}

/// What is wrong, in the runs of these scenarios and of everything that may become of their processes; at most ten.
pub(crate) async fn swept(
    scenarios: impl Iterator<Item = Scenario>,
    flaw: Option<Flaw>,
) -> (usize, Vec<String>) {
    let (mut runs, mut findings) = (0, Vec::new());
    for scenario in scenarios {
        let (acts, ended) = run(scenario, flaw).await;
        let mut all = vec![(scenario, ended)];
        for fate in (1..=acts).flat_map(Fate::each) {
            let scenario = Scenario { fate: Some(fate), ..scenario };
            all.push((scenario, run(scenario, flaw).await.1));
        }
        runs += all.len();
        let wrong = all.iter().filter_map(|(scenario, ended)| {
            judge(ended).err().map(|wrong| format!("{wrong}\n  in {scenario:?}\n  {ended:?}"))
        });
        findings.extend(wrong);
        if findings.len() >= 10 {
            break;
        }
    }
    (runs, findings)
}

pub(crate) fn scenarios(strict: bool, first: Side) -> impl Iterator<Item = Scenario> {
    let pairs = Fault::ALL.into_iter().flat_map(|one| Fault::ALL.map(|other| [one, other]));
    pairs.flat_map(move |faults| {
        let each = [(false, false), (false, true), (true, false), (true, true)];
        // The sides are the same but for their names: of one order a part will do.
        let each = each.into_iter().take(if first == Side::Legacy { 4 } else { 1 });
        each.map(move |(asks_again, is_patient)| Scenario {
            strict,
            first,
            faults,
            fate: None,
            asks_again,
            is_patient,
        })
    })
}

async fn is_clean(strict: bool, first: Side) {
    let (runs, findings) = swept(scenarios(strict, first), None).await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(runs > 1_500, "only {runs} runs");
}

/// Each on a thread of its own.
mod a_crash_anywhere_ends_with_both_sides_or_neither_or_parked {
    use super::{Side, is_clean};

    #[tokio::test(start_paused = true)]
    async fn strictly_legacy_first() {
        is_clean(true, Side::Legacy).await;
    }

    #[tokio::test(start_paused = true)]
    async fn strictly_modern_first() {
        is_clean(true, Side::Modern).await;
    }

    #[tokio::test(start_paused = true)]
    async fn leniently_legacy_first() {
        is_clean(false, Side::Legacy).await;
    }

    #[tokio::test(start_paused = true)]
    async fn leniently_modern_first() {
        is_clean(false, Side::Modern).await;
    }
}
