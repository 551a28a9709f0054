use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use tokio::sync::watch;

use super::{People, VISITORS, first, goes_on, key};
use storefront::stage::Outcome;

use crate::judge::User;
use crate::tally::Kind;

/// Between two requests, on average.
const PAUSE: Duration = Duration::from_millis(40);
const AFTER_FAILURE: Duration = Duration::from_millis(150);
/// Users that everybody reads and writes, and those of each visitor alone.
const SHARED: usize = 12;
const OWN: usize = 40;
/// Users of each visitor to whom it sends newsletters.
const READERS: usize = 8;
/// How many are asked for at once, at most.
const SEVERAL: usize = 5;
/// Numbers of users that are not there at first.
const NEW: usize = 10_000;

/// Somebody who reads, writes and deletes users, and sends newsletters.
#[derive(Debug)]
pub(super) struct Visitor {
    people: People,
    number: usize,
    rng: Rng,
    writes: i64,
    /// The readers of its newsletters, as they are now: no one else writes them. Of whom it is in doubt is left alone.
    readers: HashMap<String, User>,
}

impl Visitor {
    pub(super) fn new(people: People, number: usize, rng: Rng) -> Self {
        let from = SHARED + VISITORS * OWN + number * READERS;
        let readers = (from..from + READERS).map(|reader| (key(reader), first(reader)));
        Self { people, number, rng, writes: 0, readers: readers.collect() }
    }

    pub(super) async fn run(mut self, over: watch::Receiver<bool>) {
        let mut pause = PAUSE;
        while goes_on(pause, &mut self.rng, &over).await {
            let outcome = self.visit().await;
            pause = if outcome == Outcome::Answered { PAUSE } else { AFTER_FAILURE };
        }
    }

    async fn visit(&mut self) -> Outcome {
        let key = self.pick();
        match self.rng.u8(..100) {
            0..45 => self.read(key).await,
            45..55 => self.read_several(key).await,
            55..82 => {
                let user = self.next();
                self.write(key, user).await
            }
            82..88 => self.delete(key).await,
            _ => self.send_letter().await,
        }
    }

    /// A user for whom all contend, one of its own, or a new one of its own.
    fn pick(&mut self) -> String {
        match self.rng.u8(..10) {
            0..2 => key(self.rng.usize(..SHARED)),
            2..9 => key(SHARED + self.number * OWN + self.rng.usize(..OWN)),
            _ => key(NEW + self.number * OWN + self.rng.usize(..OWN)),
        }
    }

    /// A user as nobody else writes one.
    fn next(&mut self) -> User {
        self.writes += 1;
        let visits = i64::try_from(self.number).unwrap_or_default() * 1_000_000 + self.writes;
        let email = (visits % 3 != 0).then(|| format!("{visits}@example.net"));
        User { name: format!("Visitor {visits}"), email, visits }
    }

    async fn read(&self, key: String) -> Outcome {
        let read = self.people.users.invoke_read(key.clone());
        let path = format!("/users/{key}");
        let answer = self.people.ask(Kind::Read, "GET", &path, String::new()).await;
        match (answer.status, answer.json::<User>()) {
            (Some(404), _) => read.read(None),
            (Some(200), Some(user)) => read.read(Some(user)),
            _ => read.failed(),
        }
        answer.outcome()
    }

    async fn read_several(&mut self, key: String) -> Outcome {
        let keys: BTreeSet<_> =
            std::iter::once(key).chain((1..SEVERAL).map(|_| self.pick())).collect();
        let ids = keys.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        let reads: Vec<_> =
            keys.iter().map(|key| self.people.users.invoke_read(key.clone())).collect();
        let path = format!("/users?ids={ids}");
        let answer = self.people.ask(Kind::List, "GET", &path, String::new()).await;
        let found = answer.json::<Vec<storefront::users::User>>();
        let found = found.filter(|_| answer.status == Some(200));
        let found: Option<HashMap<_, _>> = found.map(|users| {
            users.into_iter().map(|user| (user.id.clone(), User::from(user))).collect()
        });
        for (key, read) in keys.iter().zip(reads) {
            match &found {
                Some(found) => read.read(found.get(key).cloned()),
                None => read.failed(),
            }
        }
        answer.outcome()
    }

    async fn write(&self, key: String, user: User) -> Outcome {
        let write = self.people.users.invoke_write(key.clone(), Some(user.clone()));
        let body = json!(user).to_string();
        let answer = self.people.ask(Kind::Write, "PUT", &format!("/users/{key}"), body).await;
        match answer.outcome() {
            Outcome::Answered if answer.status != Some(404) => write.ok(),
            Outcome::Refused => write.failed(),
            _ => write.unknown(),
        }
        answer.outcome()
    }

    async fn delete(&self, key: String) -> Outcome {
        let delete = self.people.users.invoke_write(key.clone(), None);
        let path = format!("/users/{key}");
        let answer = self.people.ask(Kind::Delete, "DELETE", &path, String::new()).await;
        match answer.outcome() {
            Outcome::Answered => delete.ok(),
            Outcome::Refused => delete.failed(),
            _ => delete.unknown(),
        }
        answer.outcome()
    }

    /// By the monolith's old code, which writes directly, as long as that is what answers.
    async fn send_letter(&mut self) -> Outcome {
        let readers: Vec<_> = self.readers.keys().cloned().collect();
        let Some(key) = self.rng.choice(readers) else { return Outcome::Answered };
        if self.rng.u8(..3) == 0 {
            return self.read(key).await;
        }
        let email = self.next().name;
        let letter = User { email: Some(email), ..self.readers[&key].clone() };
        let outcome = self.post_letter(&key, &letter).await;
        match outcome {
            Outcome::Answered => _ = self.readers.insert(key, letter),
            Outcome::Refused => {}
            // What becomes of it is not known, so nothing is that comes after it.
            _ => _ = self.readers.remove(&key),
        }
        outcome
    }

    async fn post_letter(&self, key: &str, letter: &User) -> Outcome {
        let write = self.people.users.invoke_write(key.to_owned(), Some(letter.clone()));
        let (path, body) = (format!("/newsletter/{key}"), json!({ "email": letter.email }));
        let answer = self.people.ask(Kind::Letter, "POST", &path, body.to_string()).await;
        match answer.outcome() {
            Outcome::Answered if answer.status != Some(404) => write.ok(),
            // It has not found whom nobody has deleted: a read will tell.
            Outcome::Answered | Outcome::Refused => write.failed(),
            _ => write.unknown(),
        }
        answer.outcome()
    }
}
