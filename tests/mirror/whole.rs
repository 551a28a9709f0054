//! What is not there whole is compared with nothing.

use std::sync::Arc;

use strangler_fig::gateway::{
    Mirror, MirrorReport, Request, ResponseComparator, ResponseDifference, Snapshot,
};
use strangler_fig::phase::Share;
use strangler_fig::phase::Side::{self, Legacy, Modern};

use super::support::{Sides, WithTarget, answered, get, ok, plain, text};

const KIB: usize = 1_024;

/// What a client is answered at first: with this status, and this coding of so many bytes.
#[derive(Clone, Copy)]
struct First {
    status: u16,
    coding: Option<&'static str>,
    length: usize,
}

/// Legacy answers so, and then each side with so many bytes of its own letter.
fn sides(first: First, legacy: usize, modern: usize) -> Sides {
    Sides::new(move |side, nth| async move {
        if (side, nth) == (Legacy, 0) {
            let mut response = ok("z".repeat(first.length));
            *response.status_mut() = first.status.try_into().unwrap();
            if let Some(coding) = first.coding {
                response.headers_mut().insert("content-encoding", coding.parse().unwrap());
            }
            return Ok(response);
        }
        Ok(ok(match side {
            Legacy => "l".repeat(legacy),
            Modern => "m".repeat(modern),
        }))
    })
}

/// Says always the same, whatever it is shown.
#[derive(Debug)]
struct Says(Option<&'static str>);

impl ResponseComparator for Says {
    fn compare(
        &self,
        _: &http::Request<()>,
        _: &Snapshot,
        _: &Snapshot,
    ) -> Vec<ResponseDifference> {
        self.0.map(ResponseDifference::at).into_iter().collect()
    }
}

async fn report(mirror: &Mirror, sides: &Sides, request: Request) -> MirrorReport {
    text(answered(mirror, sides, request).await).await;
    mirror.drained().await;
    mirror.report()
}

/// With noise measured on every request, and each comparator there is.
fn mirrors() -> [Mirror; 3] {
    let says = |what| Mirror::new(Arc::new(Says(what)));
    [plain(), says(None), says(Some("body"))].map(|it| it.with_noise_share(Share::WHOLE))
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_long_unpacked_is_skipped() {
    let gzip = First { status: 200, coding: Some("gzip"), length: 20 * KIB };
    let not_modified = First { status: 304, coding: None, length: 0 };
    let partial = First { status: 206, coding: None, length: KIB };
    for (first, name, value) in [
        (gzip, "accept-encoding", "gzip"),
        (not_modified, "if-none-match", "\"7\""),
        (partial, "range", "bytes=0-1023"),
    ] {
        let (long, short) = (200 * KIB, KIB);
        for (legacy, modern) in [(long, long), (long, short), (short, long)] {
            for mirror in mirrors() {
                let sides = sides(first, legacy, modern);
                let report = report(&mirror, &sides, get("/").with(name, value)).await;
                assert_eq!((report.skipped, report.compared, report.failed), (1, 0, 0), "{name}");
                assert!(report.places.is_empty(), "and nothing is learned from it: {report}");
            }
        }
        // A control.
        let report =
            report(&plain(), &sides(first, short, short), get("/").with(name, value)).await;
        assert_eq!((report.skipped, report.different), (0, 1), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fits_is_compared_and_what_is_longer_by_a_byte_is_not() {
    let bodies = |side: Side, longer: Side| "a".repeat(if side == longer { 11 } else { 10 });
    for mirror in mirrors() {
        let sides = Sides::saying(move |side, _| bodies(side, Modern));
        let report = report(&mirror.with_body_max(10), &sides, get("/")).await;
        assert_eq!((report.skipped, report.compared), (1, 0));
    }
    let sides = Sides::saying(move |side, _| bodies(side, Modern));
    let report = report(&plain().with_body_max(11), &sides, get("/")).await;
    assert_eq!((report.skipped, report.different), (0, 1), "a control");
}

#[tokio::test(start_paused = true)]
async fn what_grows_before_it_is_looked_at_again_is_skipped() {
    for (side, nth) in [(Legacy, 1), (Modern, 1), (Legacy, 2)] {
        let sides = Sides::new(move |to, at| async move {
            let length = if (to, at) == (side, nth) { 11 } else { 10 };
            Ok(ok(to.name().repeat(4)[..length].to_owned()))
        });
        let report = report(&plain().with_body_max(10), &sides, get("/")).await;
        assert_eq!((report.skipped, report.compared), (1, 0), "{side:?} the {nth}th time");
    }
}
