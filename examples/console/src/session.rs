use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use strangler_fig::phase::Actor;
use tokio::time::Instant;

/// How long a session lasts, used or not.
const LIFE: Duration = Duration::from_hours(8);
/// How many there may be, of all and of one operator; a new one replaces the oldest of these.
const SESSIONS_MAX: usize = 1_000;
const SESSIONS_OF_ONE_MAX: usize = 10;
/// Of how many actions a session keeps what came of them.
const TOLD_MAX: usize = 16;

/// Somebody who has signed in.
#[derive(Debug, Clone)]
pub struct Session {
    pub actor: Actor,
    /// What every form of theirs carries, and no other page can know.
    pub form_token: String,
    began: Instant,
    /// What came of their last actions.
    told: VecDeque<Kept>,
    /// How many actions there were.
    actions: u64,
}

#[derive(Debug, Clone)]
struct Kept {
    id: u64,
    told: Told,
    is_shown: bool,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// This was done.
    Done(String),
    /// It was not, and why.
    Wrong(String),
}

impl Told {
    #[must_use]
    pub fn text(&self) -> &str {
        let (Self::Done(text) | Self::Wrong(text)) = self;
        text
    }
}

/// Those who have signed in, by the secret in their cookie.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    /// A new session, and the secret for its cookie. The one that the browser had `before` ends.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    pub fn begin(&self, actor: Actor, before: Option<&str>) -> Result<String, getrandom::Error> {
        let (secret, form_token) = (secret()?, secret()?);
        let mut sessions = self.lock();
        before.map(|before| sessions.remove(before));
        sessions.retain(|_, session| session.began.elapsed() < LIFE);
        make_room(&mut sessions, SESSIONS_OF_ONE_MAX, |session| session.actor == actor);
        make_room(&mut sessions, SESSIONS_MAX, |_| true);
        let (began, told) = (Instant::now(), VecDeque::new());
        let session = Session { actor, form_token, began, told, actions: 0 };
        sessions.insert(secret.clone(), session);
        Ok(secret)
    }

    /// The session of this secret, if it is not over.
    #[must_use]
    pub fn find(&self, secret: &str) -> Option<Session> {
        self.lock().get(secret).filter(|session| session.began.elapsed() < LIFE).cloned()
    }

    pub fn end(&self, secret: &str) {
        self.lock().remove(secret);
    }

    /// Keeps `told`, and answers by which number a page asks for it; `None` if the session is over.
    pub fn tell(&self, secret: &str, told: Told) -> Option<u64> {
        let mut sessions = self.lock();
        let session = sessions.get_mut(secret)?;
        session.actions += 1;
        session.told.push_back(Kept { id: session.actions, told, is_shown: false });
        if session.told.len() > TOLD_MAX {
            session.told.pop_front();
        }
        Some(session.actions)
    }

    /// What a page shows: that of this number, however often it is asked for; without one all that no page has shown,
    /// as where the browser hung up before the answer.
    #[must_use]
    pub fn told(&self, secret: &str, id: Option<u64>) -> Vec<Told> {
        self.kept(secret, id, |_| {})
    }

    /// The same, and a page now shows it.
    #[must_use]
    pub fn show(&self, secret: &str, id: Option<u64>) -> Vec<Told> {
        self.kept(secret, id, |kept| kept.is_shown = true)
    }

    fn kept(&self, secret: &str, id: Option<u64>, mark: impl Fn(&mut Kept)) -> Vec<Told> {
        let mut sessions = self.lock();
        let Some(session) = sessions.get_mut(secret) else { return Vec::new() };
        let is_asked = |kept: &Kept| id.map_or(!kept.is_shown, |id| kept.id == id);
        let asked = session.told.iter_mut().filter(|kept| is_asked(kept));
        asked
            .map(|kept| {
                mark(kept);
                kept.told.clone()
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the oldest of these away, if there is no room for one more.
fn make_room(
    sessions: &mut HashMap<String, Session>,
    most: usize,
    of_these: impl Fn(&Session) -> bool,
) {
    let these = || sessions.iter().filter(|(_, session)| of_these(session));
    if these().count() >= most {
        let oldest = these().min_by_key(|(_, session)| session.began);
        if let Some(oldest) = oldest.map(|(secret, _)| secret.clone()) {
            sessions.remove(&oldest);
        }
    }
}

/// 256 random bits, as text.
///
/// # Errors
///
/// The system has no random numbers.
pub fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_in(sessions: &Sessions, actor: &str) -> String {
        sessions.begin(actor.parse().unwrap(), None).unwrap()
    }

    fn done(text: &str) -> Told {
        Told::Done(text.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_by_itself_and_by_request() {
        let sessions = Sessions::default();
        let [first, second] = [(); 2].map(|()| sign_in(&sessions, "ann"));
        assert_ne!(first, second);
        sessions.end(&first);
        assert!(sessions.find(&first).is_none() && sessions.find(&second).is_some());
        tokio::time::advance(LIFE).await;
        assert!(sessions.find(&second).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn of_too_many_the_oldest_of_the_same_operator_goes() {
        let sessions = Sessions::default();
        let ann = sign_in(&sessions, "ann");
        let mut secrets = Vec::new();
        for _ in 0..=SESSIONS_OF_ONE_MAX {
            tokio::time::advance(Duration::from_secs(1)).await;
            secrets.push(sign_in(&sessions, "bob"));
        }
        assert!(sessions.find(&secrets[0]).is_none() && sessions.find(&secrets[1]).is_some());
        assert!(sessions.find(&ann).is_some(), "bob cannot sign ann out");
    }

    #[tokio::test(start_paused = true)]
    async fn of_far_too_many_the_oldest_goes() {
        let sessions = Sessions::default();
        let mut secrets = Vec::new();
        for number in 0..=SESSIONS_MAX {
            secrets.push(sign_in(&sessions, &format!("operator-{number}")));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(sessions.find(&secrets[0]).is_none() && sessions.find(&secrets[1]).is_some());
    }

    #[test]
    fn who_signs_in_again_has_one_session() {
        let sessions = Sessions::default();
        let first = sign_in(&sessions, "ann");
        let second = sessions.begin("bob".parse().unwrap(), Some(&first)).unwrap();
        assert!(sessions.find(&first).is_none() && sessions.find(&second).is_some());
    }

    #[test]
    fn what_came_of_each_action_is_kept_for_the_page_that_asks_for_it() {
        let sessions = Sessions::default();
        let secret = sign_in(&sessions, "ann");
        let [one, two] = ["one", "two"].map(|text| sessions.tell(&secret, done(text)));
        assert_eq!(sessions.told(&secret, None), [done("one"), done("two")], "by nobody yet");
        assert_eq!(sessions.show(&secret, two), [done("two")]);
        assert_eq!(sessions.show(&secret, one), [done("one")]);
        assert_eq!(sessions.show(&secret, one), [done("one")], "the page may be asked for again");
        assert_eq!(sessions.show(&secret, None), []);
    }

    #[test]
    fn what_no_page_has_shown_the_next_one_shows_and_no_more_is_kept_than_may_be() {
        let sessions = Sessions::default();
        let secret = sign_in(&sessions, "ann");
        for number in 0..100 {
            sessions.tell(&secret, done(&number.to_string()));
        }
        assert_eq!(sessions.show(&secret, None).len(), TOLD_MAX);
        assert_eq!(sessions.show(&secret, None), []);
        assert_eq!(sessions.show("guessed", None), []);
        assert_eq!(sessions.tell("guessed", done("x")), None);
    }
}
