use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use strangler_fig::phase::Actor;
use tokio::time::Instant;

/// How long a session lasts, used or not.
const LIFE: Duration = Duration::from_hours(8);
/// How many there may be; a new one replaces the oldest.
const SESSIONS_MAX: usize = 100;

/// Somebody who has signed in.
#[derive(Debug, Clone)]
pub struct Session {
    pub actor: Actor,
    /// What every form of theirs carries, and no other page can know.
    pub form_token: String,
    began: Instant,
    /// What came of the last action, shown once.
    told: Option<Told>,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// This was done.
    Done(String),
    /// It was not, and why.
    Wrong(String),
}

/// Those who have signed in, by the secret in their cookie.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    /// A new session, and the secret for its cookie.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    pub fn begin(&self, actor: Actor) -> Result<String, getrandom::Error> {
        let (secret, form_token) = (secret()?, secret()?);
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.began.elapsed() < LIFE);
        if sessions.len() >= SESSIONS_MAX {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.began);
            if let Some(oldest) = oldest.map(|(secret, _)| secret.clone()) {
                sessions.remove(&oldest);
            }
        }
        let session = Session { actor, form_token, began: Instant::now(), told: None };
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

    /// Keeps `told` for the next page.
    pub fn tell(&self, secret: &str, told: Told) {
        if let Some(session) = self.lock().get_mut(secret) {
            session.told = Some(told);
        }
    }

    /// What is kept for this page, which is the only one to show it.
    pub fn told(&self, secret: &str) -> Option<Told> {
        self.lock().get_mut(secret)?.told.take()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn ann() -> Actor {
        "ann".parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_by_itself_and_by_request() {
        let sessions = Sessions::default();
        let [first, second] = [(); 2].map(|()| sessions.begin(ann()).unwrap());
        assert_ne!(first, second);
        sessions.end(&first);
        assert!(sessions.find(&first).is_none() && sessions.find(&second).is_some());
        tokio::time::advance(LIFE).await;
        assert!(sessions.find(&second).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn of_too_many_the_oldest_goes() {
        let sessions = Sessions::default();
        let mut secrets = Vec::new();
        for _ in 0..=SESSIONS_MAX {
            secrets.push(sessions.begin(ann()).unwrap());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(sessions.find(&secrets[0]).is_none() && sessions.find(&secrets[1]).is_some());
    }

    #[test]
    fn what_is_told_is_told_once() {
        let sessions = Sessions::default();
        let secret = sessions.begin(ann()).unwrap();
        sessions.tell(&secret, Told::Done("it moved".to_owned()));
        assert_eq!(sessions.told(&secret), Some(Told::Done("it moved".to_owned())));
        assert_eq!(sessions.told(&secret), None);
    }
}
