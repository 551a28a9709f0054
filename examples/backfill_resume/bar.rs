//! How far a long job has come: a bar on a terminal that can draw it, a line now and then elsewhere.

use std::future::Future;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use strangler_fig::worker::Progress;

/// How often a bar is drawn, and how often a line is written where there is none.
const REDRAWN_EVERY: Duration = Duration::from_millis(100);
const TOLD_EVERY: Duration = Duration::from_millis(500);

/// Where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "each command has its own")]
pub(crate) enum Stream {
    Stdout,
    /// Where the output is for programs.
    Stderr,
}

/// A bar, if the stream is a terminal that can draw one.
#[derive(Debug)]
pub(crate) struct Bar {
    what: &'static str,
    stream: Stream,
    drawn: Option<ProgressBar>,
}

impl Bar {
    pub(crate) fn new(what: &'static str, expected: u64, stream: Stream) -> Self {
        let (is_terminal, target) = match stream {
            Stream::Stdout => (std::io::stdout().is_terminal(), ProgressDrawTarget::stdout()),
            Stream::Stderr => (std::io::stderr().is_terminal(), ProgressDrawTarget::stderr()),
        };
        // A terminal that is called dumb, or nothing, can draw none.
        let drawn = (is_terminal && !target.is_hidden()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(expected), target);
            bar.with_style(style()).with_prefix(what)
        });
        Self { what, stream, drawn }
    }

    /// Shows what `progress` tells while `work` is done.
    #[allow(dead_code, reason = "not every command has such a job")]
    pub(crate) async fn during<T>(
        &self,
        progress: impl Fn() -> Progress,
        work: impl Future<Output = T>,
    ) -> T {
        let every = if self.drawn.is_some() { REDRAWN_EVERY } else { TOLD_EVERY };
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => {
                    self.end();
                    return done;
                }
                () = tokio::time::sleep(every) => {
                    let progress = progress();
                    self.show(progress.records, &progress.to_string());
                }
            }
        }
    }

    /// It is there now.
    pub(crate) fn show(&self, position: u64, text: &str) {
        match &self.drawn {
            Some(bar) => {
                bar.set_position(position);
                bar.set_message(text.to_owned());
            }
            None => self.line(&format!("{} {text}", self.what)),
        }
    }

    /// A line, above the bar if there is one.
    #[allow(clippy::print_stdout, clippy::print_stderr, reason = "a command talks")]
    pub(crate) fn line(&self, text: &str) {
        match (&self.drawn, self.stream) {
            (Some(bar), _) => bar.println(text),
            (None, Stream::Stdout) => println!("{text}"),
            (None, Stream::Stderr) => eprintln!("{text}"),
        }
    }

    /// The bar goes; what was written stays.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.drawn {
            bar.finish_and_clear();
        }
    }

    /// Whether there is a bar to draw.
    #[allow(dead_code, reason = "not every command has something to draw in between")]
    pub(crate) const fn is_drawn(&self) -> bool {
        self.drawn.is_some()
    }
}

/// In colour, unless `NO_COLOR` is set: <https://no-color.org>.
fn style() -> ProgressStyle {
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
    let bar = if is_plain { "{bar:30}" } else { "{bar:30.cyan}" };
    let style = ProgressStyle::with_template(&format!("{{prefix}} [{bar}] {{wide_msg}}"));
    style.expect("the template is well formed").progress_chars("=> ")
}
