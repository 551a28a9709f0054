use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use strangler_fig::gateway::dual::DualWriter;
use strangler_fig::gateway::{Body, Gateway, Request, mark};
use strangler_fig::route::Predicates;
use tokio::time::{Instant, sleep, timeout};

use super::Failed;
use super::caller::Caller;
use super::front::{Front, OVERRIDE, Setup, client};
use super::services::{ORDERS, Shop, WRONG};
use super::table::Reads;

/// What is said of a chapter, and what must be so.
#[derive(Debug, Default)]
pub(crate) struct Chapter {
    pub(crate) lines: Vec<String>,
    pub(crate) facts: Vec<(bool, &'static str)>,
}

/// All who take part.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) legacy: Shop,
    pub(crate) modern: Shop,
    pub(crate) setup: Setup,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) caller: Caller,
}

impl Story {
    fn reads(&self, reads: Reads) -> Result<(), Failed> {
        self.setup.tables.replace_with_document(&reads.document(), &Predicates::default())?;
        Ok(())
    }

    /// A thousand users move to modern, a part at a time.
    pub(crate) async fn ramp(&self) -> Result<Chapter, Failed> {
        let mut told = Chapter::default();
        let mut before = vec![false; ORDERS as usize];
        let (mut moved_back, mut off, mut all) = (0, 0, true);
        told.lines.push("share    users on modern  moved there  moved back".to_owned());
        for modern in [0, 500, 2_500, 5_000, 10_000] {
            self.reads(Reads { modern, ..Reads::default() })?;
            let answers = self.caller.users(ORDERS, 64).await?;
            all &= answers.iter().all(|it| it.status == StatusCode::OK);
            let now: Vec<bool> = answers.iter().map(|it| it.served_by() == "modern").collect();
            let changed = |to: bool| {
                before.iter().zip(&now).filter(|&(was, is)| was != is && *is == to).count()
            };
            let (there, back) = (changed(true), changed(false));
            let count = now.iter().filter(|&&it| it).count();
            let percent = modern / 100;
            told.lines.push(format!("{percent:>3} %    {count:>15}  {there:>11}  {back:>10}"));
            (moved_back, off) =
                (moved_back + back, off.max(count.abs_diff(usize::from(modern) / 10)));
            before = now;
        }
        told.facts = vec![
            (all, "every user was answered"),
            (moved_back == 0, "nobody moved back"),
            (
                off <= 40 && before.iter().all(|&it| it),
                "shares are what the table says, and 100 % are all",
            ),
        ];
        Ok(told)
    }

    /// A tester goes where she wants to, and nobody else does.
    pub(crate) async fn overrides(&self) -> Result<Chapter, Failed> {
        self.reads(Reads::default())?;
        let tester =
            self.caller.get("/orders/7", &[("x-user", "user-7"), (OVERRIDE, "always")]).await?;
        let user = self.caller.get("/orders/7", &[("x-user", "user-7")]).await?;
        let stranger: Request = http::Request::get("/orders/7")
            .header("host", "shop.example")
            .header("x-forwarded-for", "127.0.0.1")
            .header(OVERRIDE, "always")
            .body(Body::empty())?;
        let address = Some([203, 0, 113, 7].into());
        let stranger = self.gateway.handle_from(stranger, address).await;
        let stranger = stranger.headers()[mark::SERVED_BY].to_str()?;
        let line = format!(
            "with `{OVERRIDE}: always` a tester is answered by {}, a stranger by {stranger}; without it all by {}",
            tester.served_by(),
            user.served_by(),
        );
        let overrides = self.legacy.overrides() + self.modern.overrides();
        let facts = vec![
            (
                (tester.served_by(), user.served_by()) == ("modern", "legacy"),
                "a tester has her way",
            ),
            (stranger == "legacy", "whoever comes from elsewhere has not"),
            (overrides == 0, "no side sees the header"),
        ];
        Ok(Chapter { lines: vec![line], facts })
    }

    /// Modern hangs, and the monolith is the net.
    pub(crate) async fn net(&self) -> Result<Chapter, Failed> {
        self.reads(Reads { modern: 10_000, ..Reads::default() })?;
        self.modern.sleeps(true);
        let began = Instant::now();
        let answer = self.caller.get("/orders/7", &[("x-user", "user-7")]).await?;
        let took = began.elapsed();
        self.modern.sleeps(false);
        let missing = self.caller.get("/orders/4711", &[("x-user", "user-7")]).await?;
        let side = answer.served_by();
        let line = format!("modern hangs: {side} answers after {} ms", took.as_millis());
        let facts = vec![
            ((answer.status, side) == (StatusCode::OK, "legacy"), "who asks is answered"),
            (took >= Duration::from_millis(200), "after the deadline of the rule, and not before"),
            (
                (missing.status, missing.served_by()) == (StatusCode::NOT_FOUND, "modern"),
                "a 404 is an answer",
            ),
        ];
        Ok(Chapter { lines: vec![line], facts })
    }

    /// Each question is asked of modern, too, and the answers are compared.
    pub(crate) async fn mirror(&self) -> Result<Chapter, Failed> {
        self.reads(Reads { modern: 0, mirrored: 10_000 })?;
        let asked = 300;
        let answers = self.caller.users(asked, 8).await?;
        self.gateway.drained().await;
        let report = self.setup.mirror.report();
        let counted = report.places.iter().filter(|it| it.counted > 0);
        let counted: Vec<_> = counted.map(|it| it.place.as_str()).collect();
        let noise = report.places.iter().filter(|it| it.is_noise);
        let noise: Vec<_> = noise.map(|it| it.place.as_str()).collect();
        let lines = report.to_string().lines().map(str::to_owned).collect();
        let facts = vec![
            (answers.iter().all(|it| it.served_by() == "legacy"), "legacy has answered them all"),
            (report.compared == u64::from(asked), "each was compared"),
            (asked >= WRONG && report.different == 1, "one order differs"),
            (counted == ["body.lines[].price"], "in its price"),
            (
                noise == ["body.answer"],
                "the number of the answer is noise, for legacy changes it, too",
            ),
        ];
        Ok(Chapter { lines, facts })
    }

    /// One answer for a page that is made of two.
    pub(crate) async fn page(&self) -> Result<Chapter, Failed> {
        self.reads(Reads { modern: 10_000, ..Reads::default() })?;
        let user = [("x-user", "user-7")];
        let whole = self.caller.get("/page/7", &user).await?;
        self.modern.is_mute(true);
        let partial = self.caller.get("/page/7", &user).await?;
        self.modern.is_mute(false);
        let missing = self.caller.get("/page/4711", &user).await?;
        let names = partial.header(mark::PARTIAL.as_str());
        let lines = vec![whole.text.clone(), format!("{}  without {names}", partial.text)];
        let facts = vec![
            (whole.text.contains(r#""reviews":["order 7 came in time"]"#), "two answers are one"),
            (
                partial.status == StatusCode::OK && names == "reviews",
                "what is optional may be missing",
            ),
            (missing.status == StatusCode::NOT_FOUND, "what is not may not"),
        ];
        Ok(Chapter { lines, facts })
    }

    /// Orders are made on both sides, though modern swallows them and the gateway dies.
    pub(crate) async fn dual(&self) -> Result<Chapter, Failed> {
        let mut first = Front::start(self.setup.gateway("gateway-1")?.0)?;
        let customer = Caller { client: client(), at: first.address };
        let mut told = Vec::new();
        for order in 1..=20 {
            self.modern.swallows(order > 10);
            let (key, text) = (format!("order-{order}"), format!("{order} pears"));
            let answer = customer
                .send("POST", "/orders", &[("idempotency-key", &key)], Body::full(text))
                .await?;
            told.push((key, answer));
        }
        first.die();
        let half = (self.legacy.made().len(), self.modern.made().len());
        self.modern.swallows(false);

        let (second, writer) = self.setup.gateway("gateway-2")?;
        let sent = self.modern.sent();
        self.replayed(&writer).await?;
        let (legacy, modern) = (self.legacy.made(), self.modern.made());
        let replayed = self.modern.sent() - sent;

        // A customer whose answer was lost asks again.
        let second = Front::start(second)?;
        let customer = Caller { client: client(), at: second.address };
        let (key, answer) = &told[19];
        let again = customer
            .send("POST", "/orders", &[("idempotency-key", key)], Body::full("20 pears"))
            .await?;

        let lines = vec![
            format!(
                "20 orders are confirmed; when the gateway dies, legacy has {}, modern {}",
                half.0, half.1
            ),
            format!(
                "another one sends modern {replayed} again: legacy has {}, modern {}",
                legacy.len(),
                modern.len()
            ),
        ];
        let facts = vec![
            (
                told.iter().all(|(_, it)| it.status == StatusCode::CREATED),
                "every order was confirmed",
            ),
            (half.0 == 20 && half.1 < 20, "and modern lacked some"),
            (
                legacy.len() == 20 && legacy == modern,
                "both have all, under the same ids and stamps",
            ),
            (again.text == answer.text && self.legacy.made().len() == 20, "a key is one order"),
        ];
        Ok(Chapter { lines, facts })
    }

    /// A replayer runs until modern has everything.
    async fn replayed(&self, writer: &DualWriter) -> Result<(), Failed> {
        let complete = async {
            while self.modern.made().len() < self.legacy.made().len() {
                sleep(Duration::from_millis(10)).await;
            }
            // Those that modern has, and whose answers were lost, are sent once more, too.
            sleep(Duration::from_millis(200)).await;
        };
        let patience = timeout(Duration::from_secs(5), complete);
        writer.replayer().run(async { drop(patience.await) }).await?;
        Ok(())
    }
}
