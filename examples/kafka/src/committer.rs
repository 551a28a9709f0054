use std::sync::{Arc, mpsc};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::KafkaResult;
use tokio::sync::{Notify, mpsc as telling};

use crate::watch::Member;

/// A thread that commits: 0.39 of the driver answers only commits that block, and how long they do nobody can say.
#[derive(Debug)]
pub(crate) struct Committer {
    asked: mpsc::Sender<TopicPartitionList>,
    answers: telling::UnboundedReceiver<KafkaResult<()>>,
}

impl Committer {
    /// It notifies `work` of each answer, and ends when it is dropped.
    pub(crate) fn new(member: Arc<Member>, work: Arc<Notify>) -> Self {
        let (asked, asking) = mpsc::channel::<TopicPartitionList>();
        let (answer, answers) = telling::unbounded_channel();
        std::thread::spawn(move || {
            for list in asking {
                let _ = answer.send(member.consumer().commit(&list, CommitMode::Sync));
                work.notify_one();
            }
        });
        Self { asked, answers }
    }

    /// Commits all of it; only then `Ok` is answered.
    pub(crate) fn commit(&self, list: TopicPartitionList) {
        self.asked.send(list).expect("the thread lives as long as this");
    }

    pub(crate) fn answer(&mut self) -> Option<KafkaResult<()>> {
        self.answers.try_recv().ok()
    }
}
