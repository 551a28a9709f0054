//! A status as text for programs and for people: pure functions of it.

mod html;
mod json;
mod mermaid;
mod svg;
mod text;
mod wrap;

use super::{MigrationStatus, view};

/// The style of [`MigrationStatus::to_html`], for a page of your own around
/// [`to_html_fragment`](MigrationStatus::to_html_fragment).
///
/// ```
/// use strangler_fig::status::HTML_STYLE;
/// assert!(HTML_STYLE.contains("prefers-color-scheme: dark"));
/// ```
pub const HTML_STYLE: &str = include_str!("style.css");

/// The SHA-256 of [`HTML_STYLE`], as a `Content-Security-Policy` names a style that may be inline: the page allows this one
/// and nothing else.
///
/// ```
/// use strangler_fig::status::HTML_STYLE_SHA256;
///
/// let policy = format!("default-src 'none'; style-src '{HTML_STYLE_SHA256}'");
/// assert!(policy.ends_with("='"));
/// ```
pub const HTML_STYLE_SHA256: &str = "sha256-R5JKti6xNBRATRGWvAFkwiS7TVMXu2XIZx0MKoGedkc=";

/// Whether a text for a terminal is coloured. Nothing looks at the terminal, or at `NO_COLOR`, by itself.
///
/// ```
/// use strangler_fig::status::Colour;
///
/// let no_color = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
/// let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stdout());
/// let colour = Colour::when(is_terminal && !no_color);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Colour {
    /// Plain text.
    #[default]
    Never,
    /// With ANSI escapes for colours.
    Always,
}

impl Colour {
    /// `Always` if `wanted`.
    #[must_use]
    pub const fn when(wanted: bool) -> Self {
        if wanted { Self::Always } else { Self::Never }
    }
}

impl MigrationStatus {
    /// The status as JSON, of ASCII characters as far as anything else could be taken for what it is not: angle brackets,
    /// ampersands, controls and marks of direction are escaped, so that it may stand in a page, a log or a terminal.
    /// Durations are in seconds; what is unknown is null.
    ///
    /// # Panics
    ///
    /// Never: every field has a JSON form.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::json(self)
    }

    /// The status for a terminal, at most 100 columns wide. The only escapes in it are those of `colour`.
    #[must_use]
    pub fn to_text(&self, colour: Colour) -> String {
        text::text(&view::page(self), &self.parts, colour)
    }

    /// The status as one page that needs nothing else: drawings and style are in it, scripts are not. Its own
    /// `Content-Security-Policy` allows the style by its hash, and nothing besides.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::page(&view::page(self), self)
    }

    /// What stands in the body of [`to_html`](Self::to_html): for a page of your own, with [`HTML_STYLE`].
    #[must_use]
    pub fn to_html_fragment(&self) -> String {
        html::fragment(&view::page(self), self)
    }

    /// The course of the migration as a [Mermaid](https://mermaid.js.org) flowchart: the phases, the moves that the
    /// history remembers, and where the parts stand. A saga draws itself: see
    /// [`SagaPlan::to_mermaid`](crate::saga::SagaPlan::to_mermaid).
    ///
    /// ```
    /// # use strangler_fig::status::MigrationStatus;
    /// fn section(status: &MigrationStatus) -> String {
    ///     format!("```mermaid\n{}```\n", status.to_mermaid())
    /// }
    /// ```
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        mermaid::course(&self.parts, &self.history)
    }
}
