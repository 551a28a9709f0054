//! What an error of Kafka says about the effect of the call.

use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use strangler_fig::error::{StoreError, StoreErrorKind};

/// `error` of a message that was to be sent. Whatever may have been on its way is in doubt: a retry of it may have been
/// refused whose first try was taken.
pub(crate) fn sent(error: KafkaError) -> StoreError {
    let kind = match error.rdkafka_error_code() {
        Some(Code::MessageSizeTooLarge | Code::InvalidRecord) => StoreErrorKind::Rejected,
        // It has not left the queue.
        Some(
            Code::QueueFull
            | Code::PurgeQueue
            | Code::Fatal
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::UnknownTopicOrPartition,
        ) => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Unknown,
    };
    StoreError::new(kind, error)
}

/// `error` of a call that opens or asks something, which may be made again.
pub(crate) fn opened(error: KafkaError) -> StoreError {
    let is_refusal = match &error {
        // What it is set to cannot be.
        KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) => true,
        KafkaError::AdminOp(code) => is_refusal(*code),
        error => error.rdkafka_error_code().is_some_and(is_refusal),
    };
    if is_refusal { StoreError::rejected(error) } else { StoreError::unavailable(error) }
}

/// Whether asking again would be refused again: names that cannot be, rights that are missing, what brokers do not do.
pub(crate) fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidTopic
            | Code::InvalidArgument
            | Code::InvalidReplicationFactor
            | Code::InvalidPartitions
            | Code::PolicyViolation
            | Code::UnsupportedFeature
            | Code::UnsupportedVersion
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
    )
}

/// Whether a commit was refused because the group has gone on without this member.
pub(crate) fn is_fenced(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(code, Some(Code::IllegalGeneration | Code::UnknownMemberId | Code::FencedInstanceId))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_never_left_was_surely_not_taken() {
        let kind = |code| sent(KafkaError::MessageProduction(code)).kind();
        assert_eq!(kind(Code::MessageSizeTooLarge), StoreErrorKind::Rejected);
        assert_eq!(kind(Code::QueueFull), StoreErrorKind::Unavailable);
        for doubt in [
            Code::MessageTimedOut,
            Code::PurgeInflight,
            Code::BrokerTransportFailure,
            Code::NotEnoughReplicasAfterAppend,
            Code::TopicAuthorizationFailed,
        ] {
            assert_eq!(kind(doubt), StoreErrorKind::Unknown, "{doubt}");
        }
    }

    #[test]
    fn a_broker_that_is_away_refuses_nothing() {
        let away = KafkaError::MetadataFetch(Code::BrokerTransportFailure);
        assert_eq!(opened(away).kind(), StoreErrorKind::Unavailable);
        let invalid = KafkaError::MetadataFetch(Code::InvalidTopic);
        assert_eq!(opened(invalid).kind(), StoreErrorKind::Rejected);
    }

    #[test]
    fn a_group_that_is_being_joined_has_not_gone_on_without_its_members() {
        let fenced = |code| is_fenced(&KafkaError::ConsumerCommit(code));
        assert!(fenced(Code::IllegalGeneration) && fenced(Code::UnknownMemberId));
        assert!(!fenced(Code::RebalanceInProgress) && !fenced(Code::BrokerTransportFailure));
    }
}
