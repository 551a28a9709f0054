use std::future::Future;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use strangler_fig::worker::Progress;

const REDRAWN_EVERY: Duration = Duration::from_millis(100);

/// A bar on the terminal; nothing where there is none.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(what: &'static str, expected: u64) -> Self {
        let style = "{prefix:>6} [{bar:40}] {msg}";
        let style = ProgressStyle::with_template(style).expect("the template is well formed");
        Self(ProgressBar::new(expected).with_style(style.progress_chars("=> ")).with_prefix(what))
    }

    /// Shows what `progress` tells while `work` is done.
    pub(crate) async fn during<T>(
        self,
        progress: impl Fn() -> Progress,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => {
                    self.0.finish_and_clear();
                    return done;
                }
                () = tokio::time::sleep(REDRAWN_EVERY) => self.show(&progress()),
            }
        }
    }

    fn show(&self, progress: &Progress) {
        self.0.set_position(progress.records);
        self.0.set_message(progress.to_string());
    }
}
