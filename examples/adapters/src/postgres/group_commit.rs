//! Calls that meet are one statement, and one commit.
//!
//! What a commit costs the server hardly depends on how much it commits. So a call
//! that finds others under way waits until one of them is done, and then takes all
//! along that wait too. One that is alone waits for nobody.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use strangler_fig::error::{StoreError, StoreErrorKind};
use tokio::sync::{Semaphore, oneshot};

/// What writes several calls in one statement.
pub(super) trait Together: fmt::Debug + Send + Sync + 'static {
    type Call: Send + Sync + 'static;
    type Answer: Send + 'static;

    /// Writes them, all or none; answers each in its place.
    fn write(
        &self,
        calls: &[Self::Call],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

type Answered<W> = Result<<W as Together>::Answer, StoreError>;

/// A call that nobody has taken yet, and who waits for it.
struct Waiting<W: Together> {
    call: W::Call,
    answer: oneshot::Sender<Answered<W>>,
}

/// The calls of one kind.
pub(super) struct GroupCommit<W: Together> {
    writer: W,
    waiting: Mutex<VecDeque<Waiting<W>>>,
    turns: Semaphore,
}

impl<W: Together> GroupCommit<W> {
    /// How many statements are under way at once: while one is committed, another runs.
    const TURNS: usize = 2;
    /// How many calls a statement takes at most.
    const BATCH_MAX: usize = 64;

    pub(super) fn new(writer: W) -> Arc<Self> {
        let (waiting, turns) = (Mutex::default(), Semaphore::new(Self::TURNS));
        Arc::new(Self { writer, waiting, turns })
    }

    /// Makes a call, or has another make it. In a task: whoever gives up does not take
    /// others with it.
    pub(super) async fn call(self: &Arc<Self>, call: W::Call) -> Answered<W> {
        let (answer, answered) = oneshot::channel();
        self.waiting().push_back(Waiting { call, answer });
        // Each call brings a turn, so none is left behind: who finds nothing was taken
        // along.
        let group = Arc::clone(self);
        tokio::spawn(async move { group.take_turn().await });
        answered.await.unwrap_or_else(|_| Err(StoreError::unknown("the call was given up")))
    }

    async fn take_turn(&self) {
        let _turn = self.turns.acquire().await.expect("nobody closes it");
        let (calls, answers): (Vec<_>, Vec<_>) = {
            let mut waiting = self.waiting();
            let taken = waiting.len().min(Self::BATCH_MAX);
            waiting.drain(..taken).map(|it| (it.call, it.answer)).unzip()
        };
        if calls.is_empty() {
            return;
        }
        for (answer, answered) in answers.into_iter().zip(self.write_each(&calls).await) {
            // Whoever has given up does not listen.
            let _ = answer.send(answered);
        }
    }

    /// Writes them, each for itself: one that the server refuses fails alone.
    async fn write_each(&self, calls: &[W::Call]) -> Vec<Answered<W>> {
        match self.writer.write(calls).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) if error.kind() == StoreErrorKind::Rejected && calls.len() > 1 => {
                let mut answered = Vec::with_capacity(calls.len());
                for call in calls.chunks(1) {
                    let answers = self.writer.write(call).await;
                    answered.push(answers.map(|mut it| it.pop().expect("one for each call")));
                }
                answered
            }
            Err(error) => calls.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting<W>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Together> fmt::Debug for GroupCommit<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").field("writer", &self.writer).finish_non_exhaustive()
    }
}

/// One field of all calls, as a statement takes it.
pub(super) fn column<'a, C, T>(calls: &'a [C], of: impl Fn(&'a C) -> T) -> Vec<T> {
    calls.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::future::join_all;
    use tokio::time::{sleep, timeout};

    use super::*;

    /// Writes numbers down, a list for each statement; refuses all with a 13 in it.
    #[derive(Debug, Default)]
    struct Statements(Mutex<Vec<Vec<u32>>>);

    impl Statements {
        fn lengths(&self) -> Vec<usize> {
            self.0.lock().unwrap().iter().map(Vec::len).collect()
        }
    }

    impl Together for Arc<Statements> {
        type Call = u32;
        type Answer = u32;

        async fn write(&self, calls: &[u32]) -> Result<Vec<u32>, StoreError> {
            sleep(Duration::from_millis(20)).await;
            if calls.contains(&13) {
                return Err(StoreError::rejected("13"));
            }
            self.0.lock().unwrap().push(calls.to_vec());
            Ok(calls.iter().map(|call| call * 2).collect())
        }
    }

    fn group() -> (Arc<Statements>, Arc<GroupCommit<Arc<Statements>>>) {
        let statements = Arc::new(Statements::default());
        (Arc::clone(&statements), GroupCommit::new(statements))
    }

    #[tokio::test]
    async fn calls_that_meet_are_written_together_and_answered_for_themselves() {
        let (statements, group) = group();
        let answers = join_all((100..300).map(|call| group.call(call))).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, (100..300).map(|call| call * 2).collect::<Vec<_>>());
        assert_eq!(statements.lengths().iter().sum::<usize>(), 200);
        assert_eq!(statements.lengths(), [64, 64, 64, 8]);
    }

    #[tokio::test]
    async fn a_call_that_is_refused_fails_alone() {
        let (statements, group) = group();
        let answers = join_all((10..16).map(|call| group.call(call))).await;
        let refused: Vec<_> = (10..16).zip(answers).filter(|(_, it)| it.is_err()).collect();
        assert!(matches!(&*refused, [(13, Err(_))]), "{refused:?}");
        assert_eq!(statements.lengths(), [1; 5]);
    }

    #[tokio::test]
    async fn who_gives_up_does_not_take_others_along() {
        let (statements, group) = group();
        let hasty = timeout(Duration::from_millis(1), group.call(1));
        let (hasty, patient) = tokio::join!(hasty, group.call(2));
        assert!(hasty.is_err(), "it has given up");
        assert_eq!(patient.unwrap(), 4);
        assert_eq!(statements.lengths(), [2], "and yet it was written");
    }
}
