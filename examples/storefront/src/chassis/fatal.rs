use std::error::Error;
use std::process::ExitCode;

use tracing::{error, subscriber};

use super::telemetry::Telemetry;
use crate::Failed;

/// A process of `service`, from its telemetry to its end: why it could not go on is logged, once, with its causes; and whatever
/// becomes of it, its last traces are sent.
pub async fn run<F>(service: &'static str, work: impl FnOnce(Telemetry) -> F) -> ExitCode
where
    F: Future<Output = Result<(), Failed>>,
{
    let telemetry = match Telemetry::install(service) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            // Nobody else logs yet.
            let logs = tracing_subscriber::fmt().json().with_writer(std::io::stderr).finish();
            return subscriber::with_default(logs, || said(Err(error)));
        }
    };
    let code = said(work(telemetry.clone()).await);
    telemetry.shut_down();
    code
}

fn said(ended: Result<(), Failed>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(error = with_causes(&*error), "cannot go on");
            ExitCode::FAILURE
        }
    }
}

/// An error, and why, down to the last cause. Where one already says what the next would say, that is said once.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut account = error.to_string();
    for cause in chain(error).skip(1).map(ToString::to_string) {
        if !account.ends_with(&cause) {
            account = format!("{account}: {cause}");
        }
    }
    account
}

/// An error, its cause, the cause of that, and so on.
pub(crate) fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use strangler_fig::error::StoreError;

    use super::*;

    #[test]
    fn every_cause_is_told_and_none_twice() {
        let error = StoreError::unavailable(StoreError::rejected("no such host"));
        let told = with_causes(&error);
        assert!(told.ends_with("the store rejected it: no such host"), "{told}");
        assert_eq!(told.matches("no such host").count(), 1, "{told}");
    }
}
