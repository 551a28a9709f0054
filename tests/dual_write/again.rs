//! What is sent again, and what an answer to it means.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use http_body_util::BodyExt;
use strangler_fig::gateway::dual::{
    DualWriteJudge, Fingerprint, NewRequest, OperateError, ParkReason, RecordedRequest,
    RequestAppend, RequestJournal, RequestKey, RequestNote, RequestStatus, SideAnswer, StatusJudge,
    Trouble, Verdict,
};
use strangler_fig::phase::Side;
use strangler_fig::route::IdSource;
use strangler_fig::stamp::{Stamp, StampClock};
use tokio::time::sleep;

use crate::crash::request;
use crate::named::{LENIENT, STRICT, plan};
use crate::process::{TERM, ada, config, node, why};
use crate::scripted::{Script, script};

const SECOND: Duration = Duration::from_secs(1);

impl Script {
    async fn asks(&self, strict: bool) -> (u16, String) {
        let plan = plan(strict, IdSource::Client);
        let response = self.writer.handle(request("pears"), plan, "orders").await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn status(&self) -> RequestStatus {
        self.journal.load(&pears()).await.unwrap().unwrap().state.status()
    }

    async fn replays(&self, times: usize) {
        for _ in 0..times {
            self.writer.replayer().drain(std::future::pending()).await.unwrap();
            sleep(5 * SECOND).await;
        }
    }
}

fn pears() -> RequestKey {
    RequestKey::new("", "pears").unwrap()
}

/// A request that was written down in the first second of 1970, and is held.
pub(crate) fn old() -> NewRequest {
    NewRequest {
        key: pears(),
        fingerprint: Fingerprint::of("POST", "/orders?draft=1", b"two pears"),
        request: RecordedRequest {
            method: "POST".to_owned(),
            target: "/orders?draft=1".to_owned(),
            body: b"two pears".to_vec(),
            ..RecordedRequest::default()
        },
        stamp: Stamp::BASE,
        first: Side::Legacy,
        is_strict: true,
        answers: Side::Legacy,
        rule: "orders".to_owned(),
        entity_id: None,
    }
}

/// Writes it down, with what became of it.
async fn written(script: &Script, notes: &[RequestNote]) {
    script.journal.record(&old(), &node(9), TERM).await.unwrap();
    for (position, note) in (0..).zip(notes) {
        let claim = script.journal.claim(&pears(), &node(9), TERM).await.unwrap().unwrap();
        script.journal.note(&claim, &RequestAppend::new(position, note, TERM)).await.unwrap();
    }
}

fn answered(side: Side) -> RequestNote {
    RequestNote::Answered { side, status: 201 }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_of_a_replay_is_not_done() {
    for status in [302, 303, 304, 307, 308] {
        let script = script(&[201], &[0, status, status]);
        assert_eq!(script.asks(STRICT).await.0, 504);
        sleep(SECOND).await;
        script.replays(1).await;
        assert_eq!(script.status().await, RequestStatus::HalfDone, "{status} leads to a login");
        script.replays(5).await;
        assert_eq!(script.status().await, RequestStatus::Done, "once it is a 201");
    }
    let script = script(&[303], &[303]);
    assert_eq!((script.asks(STRICT).await.0, script.status().await), (303, RequestStatus::Done));
    let script = crate::scripted::script(&[307], &[]);
    assert_eq!((script.asks(STRICT).await.0, script.modern.calls()), (504, 0), "not done at all");
}

/// A side whose redirects mean the same each time, unless credentials are missing.
#[derive(Debug)]
struct Redirects;

impl DualWriteJudge for Redirects {
    fn judge(&self, answer: &SideAnswer<'_>) -> Verdict {
        match answer.status.as_u16() {
            303 if !answer.is_replay => Verdict::Done,
            _ => StatusJudge.judge(answer),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_judge_knows_a_replay_from_a_client_that_asks_again() {
    for (by_client, expected) in [(true, RequestStatus::Done), (false, RequestStatus::HalfDone)] {
        let mut script = script(&[201, 201], &[0, 303]);
        let config = config(&script.heard).with_judge(Arc::new(Redirects));
        script.writer = script.writer.with_config(config);
        assert_eq!(script.asks(STRICT).await.0, 504);
        sleep(SECOND).await;
        if by_client {
            assert_eq!(script.asks(STRICT).await.0, 201);
        } else {
            script.replays(1).await;
        }
        assert_eq!(script.status().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_doubt_is_not_the_end() {
    // It is not known whether the first call was done: 422 may be the answer of a service that has forgotten the key.
    let refused = script(&[0, 422], &[]);
    assert_eq!(refused.asks(STRICT).await.0, 504);
    sleep(SECOND).await;
    let (status, text) = refused.asks(STRICT).await;
    assert!(status == 409 && text.contains("operator"), "{status} {text}");
    assert_eq!(refused.status().await, RequestStatus::Parked(ParkReason::Doubtful(422)));
    for status in [400, 404, 410, 412, 428] {
        let script = script(&[0, status, 201], &[]);
        assert_eq!(script.asks(STRICT).await.0, 504);
        sleep(SECOND).await;
        script.replays(1).await;
        assert_eq!(script.status().await, RequestStatus::Open, "{status} may be about the first");
        script.replays(3).await;
        assert_eq!(script.status().await, RequestStatus::Done);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_repeat_that_is_not_of_what_was_done_is_not_passed_on() {
    for status in [409, 404, 401, 500, 303, 429, 0] {
        let script = script(&[201, status], &[]);
        assert_eq!(script.asks(STRICT).await.0, 201);
        let (told, text) = script.asks(STRICT).await;
        assert!(told == 200 && text.contains("was done"), "{status}: {told} {text}");
        assert_eq!(script.status().await, RequestStatus::Done);
    }
    for strict in [STRICT, LENIENT] {
        let script = script(&[201, 404], &[0]);
        assert_eq!(script.asks(STRICT).await.0, 504);
        sleep(SECOND).await;
        assert_eq!(script.asks(strict).await.0, 200, "both have done it");
        assert_eq!(script.status().await, RequestStatus::Done);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_service_may_have_forgotten_is_not_sent_again() {
    let recent = script(&[], &[]);
    assert_eq!(recent.asks(STRICT).await.0, 201);
    sleep(Duration::from_secs(7 * 24 * 3_600 - 12)).await;
    assert_eq!(recent.asks(STRICT).await.0, 200, "by the journal's clock");
    assert_eq!(recent.legacy.calls(), 1);

    let done = script(&[], &[]);
    written(&done, &[answered(Side::Legacy), answered(Side::Modern)]).await;
    assert_eq!((done.asks(STRICT).await.0, done.legacy.calls()), (200, 0), "by its stamp");

    let late = RequestNote::Failed { side: Side::Modern, why: Trouble::Late };
    let half = script(&[], &[]);
    written(&half, &[answered(Side::Legacy), late]).await;
    half.replays(1).await;
    assert_eq!(half.status().await, RequestStatus::Parked(ParkReason::Attempts));
    assert_eq!((half.legacy.calls(), half.modern.calls()), (0, 0));
    let refused = half.writer.retry(&pears(), &ada(), &why("asked")).await;
    assert!(matches!(refused, Err(OperateError::TooOld)), "{refused:?}");
    half.writer.retry_however_old(&pears(), &ada(), &why("modern was asked")).await.unwrap();
    half.replays(1).await;
    assert_eq!((half.status().await, half.modern.calls()), (RequestStatus::Done, 1));
}

#[tokio::test(start_paused = true)]
async fn a_client_does_not_hurry_what_is_put_off() {
    let script = script(&[], &[0; 4]);
    assert_eq!(script.asks(STRICT).await.0, 504);
    for _ in 0..9 {
        let plan = plan(STRICT, IdSource::Client);
        let answer = script.writer.handle(request("pears"), plan, "orders").await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["retry-after"]),
            (409, &"1".parse().unwrap())
        );
    }
    assert_eq!(script.modern.calls(), 1);
    sleep(SECOND).await;
    assert_eq!(script.asks(STRICT).await.0, 504);
    let answer = script.writer.handle(request("pears"), plan(STRICT, IdSource::Client), "").await;
    assert_eq!(answer.headers()["retry-after"], "2", "it is put off longer each time");
}

#[tokio::test(start_paused = true)]
async fn only_what_was_sent_is_an_attempt() {
    use crate::named::bench;
    use crate::scenario::Fault;

    let mut bench = bench(Fault::Answers, Fault::BreaksBefore);
    let few = config(&bench.heard).with_attempts_max(std::num::NonZeroU32::new(3).unwrap());
    bench.writer = bench.writer.with_config(few);
    assert_eq!(bench.asks("pears", STRICT).await, 504);
    for _ in 0..9 {
        sleep(5 * SECOND).await;
        bench.modern.set(Fault::Unsent);
        bench.writer.replayer().drain(std::future::pending()).await.unwrap();
    }
    let found = bench.journal.load(&pears()).await.unwrap().unwrap();
    assert_eq!((found.state.status(), found.state.attempts()), (RequestStatus::HalfDone, 1));
    assert_eq!(found.state.failures(), 10, "and each is put off longer");
    bench.replays().await;
    assert_eq!(bench.done(), [1, 1]);
}

#[derive(Debug)]
struct Panics;

impl DualWriteJudge for Panics {
    fn judge(&self, _: &SideAnswer<'_>) -> Verdict {
        panic!("what is that?")
    }
}

impl strangler_fig::observe::Observer for Panics {
    fn on_event(&self, _: &strangler_fig::observe::Event) {
        panic!("what is that?")
    }
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_panics_is_a_doubt_with_an_end() {
    let mut script = script(&[], &[]);
    let config = config(&script.heard)
        .with_judge(Arc::new(Panics))
        .with_attempts_max(std::num::NonZeroU32::new(3).unwrap());
    script.writer = script.writer.with_config(config);
    assert_eq!(script.asks(STRICT).await.0, 504);
    script.replays(9).await;
    assert_eq!(script.status().await, RequestStatus::Parked(ParkReason::Attempts));
    assert_eq!((script.legacy.calls(), script.heard.parked()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_stops_nothing() {
    let mut script = script(&[], &[0]);
    script.writer =
        script.writer.with_config(config(&script.heard).with_observer(Arc::new(Panics)));
    assert_eq!(script.asks(LENIENT).await.0, 201);
    sleep(SECOND).await;
    script.replays(1).await;
    assert_eq!(script.status().await, RequestStatus::Done);
}

#[tokio::test(start_paused = true)]
async fn a_replay_says_whose_the_key_is() {
    let user = HeaderName::from_static("x-user");
    let mut script = script(&[], &[0]);
    script.writer = script.writer.with_config(config(&script.heard).with_scope(user.clone()));
    let mut asked = request("pears");
    asked.headers_mut().insert(user.clone(), HeaderValue::from_static("ada"));
    let plan = plan(LENIENT, IdSource::Client);
    assert_eq!(script.writer.handle(asked, plan, "orders").await.status(), 201);
    sleep(SECOND).await;
    script.replays(1).await;
    let heads = script.modern.heads();
    assert_eq!((heads.len(), &heads[1][&user]), (2, &"ada".parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_sends_the_headers_that_were_written_down() {
    let script = script(&[], &[0]);
    let asks = async |kind: &'static str| {
        let mut asked = request("pears");
        let headers = asked.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(kind));
        headers.insert("authorization", HeaderValue::from_static(kind));
        script.writer.handle(asked, plan(STRICT, IdSource::Client), "orders").await.status()
    };
    assert_eq!(asks("text/plain").await, 504);
    sleep(SECOND).await;
    assert_eq!(asks("text/html").await, 201);
    let head = &script.modern.heads()[1];
    assert_eq!(head["content-type"], "text/plain");
    assert_eq!(head["authorization"], "text/html", "what was not written down is the caller's");
}

#[tokio::test(start_paused = true)]
async fn a_later_stamp_is_larger_than_every_one_that_was_met() {
    let minute = 60_000_u128 << 80;
    let ahead = |n: u128| {
        let now = u128::from_be_bytes(StampClock::new().unwrap().now().to_bytes());
        Stamp::from_bytes((now + n * minute).to_be_bytes())
    };
    let newest = |script: &Script| script.legacy.heads().pop().unwrap()["strangler-stamp"].clone();
    // A record of another gateway, whose clock is ahead.
    let found = script(&[], &[]);
    let theirs = NewRequest { stamp: ahead(1), ..old() };
    found.journal.record(&theirs, &node(9), TERM).await.unwrap();
    assert_eq!(found.asks(STRICT).await.0, 409);
    let asks = async |script: &Script| {
        let plan = plan(STRICT, IdSource::Client);
        assert_eq!(script.writer.handle(request("plums"), plan, "orders").await.status(), 201);
        newest(script).to_str().unwrap().parse::<Stamp>().unwrap()
    };
    assert!(asks(&found).await > theirs.stamp);
    // A service that knows of a newer write.
    let told = script(&[], &[]);
    *told.legacy.stamp.lock().unwrap() = Some(ahead(2).to_string());
    assert_eq!(told.asks(STRICT).await.0, 201);
    assert!(asks(&told).await > ahead(1));
}
