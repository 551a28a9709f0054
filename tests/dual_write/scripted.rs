use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::{DualWriter, RequestJournal};
use strangler_fig::gateway::{Request, Response, Upstream};
use strangler_fig::memory::InMemoryRequestJournal;

use crate::life::Life;
use crate::process::{Heard, writer};
use crate::service::answer;

/// A side that gives its answers one after the other, and then 201; 0 is a connection that breaks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripted {
    answers: Arc<Mutex<VecDeque<u16>>>,
    heads: Arc<Mutex<Vec<HeaderMap>>>,
    pub(crate) stamp: Arc<Mutex<Option<String>>>,
}

impl Scripted {
    pub(crate) fn new(answers: &[u16]) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.iter().copied().collect())), ..Self::default() }
    }

    pub(crate) fn heads(&self) -> Vec<HeaderMap> {
        self.heads.lock().unwrap().clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

#[async_trait]
impl Upstream for Scripted {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        self.heads.lock().unwrap().push(request.headers().clone());
        let status = self.answers.lock().unwrap().pop_front().unwrap_or(201);
        let Ok(status) = StatusCode::from_u16(status) else {
            return Err(StoreError::unknown("reset"));
        };
        let mut response = answer(status, "of the side");
        if let Some(stamp) = &*self.stamp.lock().unwrap() {
            response.headers_mut().insert("strangler-stamp", stamp.parse().unwrap());
        }
        Ok(response)
    }
}

/// A writer to two sides with these answers, legacy first.
pub(crate) struct Script {
    pub(crate) journal: InMemoryRequestJournal,
    pub(crate) legacy: Scripted,
    pub(crate) modern: Scripted,
    pub(crate) heard: Arc<Heard>,
    pub(crate) writer: DualWriter,
}

pub(crate) fn script(legacy: &[u16], modern: &[u16]) -> Script {
    let journal = InMemoryRequestJournal::default();
    let own: Arc<dyn RequestJournal> = Arc::new(journal.clone());
    script_on(own, journal, legacy, modern)
}

/// The same, where the writer reaches its journal in another way.
pub(crate) fn script_on(
    reached: Arc<dyn RequestJournal>,
    journal: InMemoryRequestJournal,
    legacy: &[u16],
    modern: &[u16],
) -> Script {
    let (legacy, modern) = (Scripted::new(legacy), Scripted::new(modern));
    let heard = Arc::new(Heard::default());
    let sides: [Arc<dyn Upstream>; 2] = [Arc::new(legacy.clone()), Arc::new(modern.clone())];
    let writer = writer(1, &Life::new(None), reached, sides, &heard);
    Script { journal, legacy, modern, heard, writer }
}
