//! What a bus sends: each message for itself, however many go at once.

use strangler_fig::error::StoreError;

/// Sends what `parcels` fit, all at once by `send`, which answers for each; the rest is answered as it is.
pub(crate) async fn send_what_fits<P>(
    parcels: impl Iterator<Item = Result<P, StoreError>>,
    send: impl AsyncFnOnce(Vec<P>) -> Vec<Result<(), StoreError>>,
) -> Vec<Result<(), StoreError>> {
    let (mut fit, mut refused) = (Vec::new(), Vec::new());
    for parcel in parcels {
        match parcel {
            Ok(parcel) => {
                fit.push(parcel);
                refused.push(None);
            }
            Err(error) => refused.push(Some(error)),
        }
    }
    let mut answers = if fit.is_empty() { Vec::new() } else { send(fit).await }.into_iter();
    let unanswered = || Err(StoreError::unknown("it was not answered"));
    let answer = |refused: Option<StoreError>| match refused {
        Some(error) => Err(error),
        None => answers.next().unwrap_or_else(unanswered),
    };
    refused.into_iter().map(answer).collect()
}

/// As much of the text of an error as has `most` bytes.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use strangler_fig::error::StoreErrorKind;

    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_is_answered_alone_and_in_its_place() {
        let parcels = [Ok(1), Err(StoreError::rejected("too large")), Ok(2), Ok(3)];
        let send = async |fit: Vec<u32>| {
            assert_eq!(fit, [1, 2, 3]);
            vec![Ok(()), Err(StoreError::unavailable("away"))]
        };
        let answers = send_what_fits(parcels.into_iter(), send).await;
        let kinds: Vec<_> =
            answers.iter().map(|it| it.as_ref().err().map(StoreError::kind)).collect();
        let [rejected, away, unknown] =
            [StoreErrorKind::Rejected, StoreErrorKind::Unavailable, StoreErrorKind::Unknown];
        assert_eq!(kinds, [None, Some(rejected), Some(away), Some(unknown)]);
    }
}
