//! The page around the status: forms, and a few lines of script that fetch the status anew.

use std::fmt::Write as _;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use strangler_fig::status::{HTML_STYLE, HTML_STYLE_SHA256, MigrationStatus};

use crate::session::{Session, Told, secret};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page, allowed what it needs by names that nobody can guess.
pub struct Page {
    title: String,
    body: String,
    status: StatusCode,
}

/// Text as HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Whatever turns text around, or is not seen.
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}') =>
            {
                escaped.extend(c.escape_unicode());
            }
            c => escaped.push(c),
        }
    }
    escaped
}

impl Page {
    /// Where one signs in, and why that was not done.
    #[must_use]
    pub fn sign_in(status: StatusCode, wrong: Option<&str>) -> Self {
        let alert = wrong.map_or_else(String::new, |why| {
            format!("<p role=\"alert\" class=\"alert\" id=\"wrong\">{}</p>", escaped(why))
        });
        // The focus is where the mistake is, and so is what is told of it.
        let marked =
            wrong.map_or("", |_| " aria-invalid=\"true\" aria-describedby=\"wrong\" autofocus");
        let title = wrong.map_or_else(|| "Sign in".to_owned(), |why| format!("{why} – Sign in"));
        let body = format!(
            "<main>\n<h1>Migration console</h1>\n{alert}\n<form method=\"post\" action=\"/sign-in\">\n\
             <input name=\"username\" autocomplete=\"username\" hidden>\n<p><label for=\"token\">Token</label>\n<input id=\"token\" name=\"token\" type=\"password\" required \
             autocomplete=\"current-password\"{marked}></p>\n<p><button>Sign in</button></p>\n</form>\n</main>"
        );
        Self { title, body, status }
    }

    /// The status, the buttons, and what came of the last action.
    #[must_use]
    pub fn console(status: &MigrationStatus, session: &Session, told: &[Told]) -> Self {
        let mut body = String::from(
            "<a class=\"skip\" href=\"#actions\">To the actions</a>\n<div class=\"told\">\n",
        );
        for (place, told) in told.iter().enumerate() {
            let role = match told {
                Told::Done(_) => "role=\"status\" class=\"done\"",
                Told::Wrong(_) => "role=\"alert\" class=\"alert\"",
            };
            // What is there when a page is loaded is not read out by itself: the focus is.
            let first = if place == 0 { " id=\"told\" tabindex=\"-1\" autofocus" } else { "" };
            let _ = writeln!(body, "<p {role}{first}>{}</p>", escaped(told.text()));
        }
        let fragment = status.to_html_fragment();
        let _ = writeln!(body, "</div>\n<main>\n<div id=\"status\">\n{fragment}</div>\n</main>");
        // Only what an operator must hear is said aloud, and not the whole page every second.
        let _ = writeln!(body, "<p class=\"unseen\" aria-live=\"polite\" id=\"heard\"></p>");
        body.push_str("<p role=\"alert\" class=\"alert\" id=\"stale\" hidden></p>\n");
        body.push_str(&actions(session, status.epoch));
        let told = told.first().map_or_else(String::new, |told| format!("{} – ", told.text()));
        let title = format!("{told}Migration {}", status.migration);
        Self { title, body, status: StatusCode::OK }
    }

    /// Something that is not there, or may not be asked.
    #[must_use]
    pub fn refused(status: StatusCode, why: &str) -> Self {
        let body = format!(
            "<main>\n<h1>Refused</h1>\n<p role=\"alert\" class=\"alert\">{}</p>\n<p><a href=\"/\">Back to the status</a></p>\n</main>",
            escaped(why)
        );
        Self { title: "Refused".to_owned(), body, status }
    }
}

fn actions(session: &Session, epoch: u64) -> String {
    let token = format!(
        "<input type=\"hidden\" name=\"form_token\" value=\"{}\">",
        escaped(&session.form_token)
    );
    // What is pressed is the step that the page shows, or none.
    let token_and_epoch =
        format!("{token}\n<input type=\"hidden\" name=\"epoch\" value=\"{epoch}\">");
    let reason = |id: &str| {
        format!(
            "<p><label for=\"{id}-reason\">Reason, for the history</label>\n\
             <input id=\"{id}-reason\" name=\"reason\" required maxlength=\"500\" autocomplete=\"off\"></p>"
        )
    };
    format!(
        "<aside aria-labelledby=\"actions\">\n<h2 id=\"actions\" tabindex=\"-1\">Actions of {}</h2>\n\
         <form method=\"post\" action=\"/advance\" aria-labelledby=\"advance\">\n<h3 id=\"advance\">Advance</h3>\n\
         <p>Takes the step that stands under Next, if nothing blocks it.</p>\n{token_and_epoch}\n{}\n\
         <p><button id=\"advance-button\">Advance</button></p>\n</form>\n\
         <form method=\"post\" action=\"/share\" aria-labelledby=\"share\">\n<h3 id=\"share\">Share of a cohort</h3>\n\
         <p>Lets a cohort of so many keys begin or grow; 0 takes it back, 100 makes it the whole.</p>\n{token_and_epoch}\n\
         <p><label for=\"percent\">Per cent of all keys</label>\n\
         <input id=\"percent\" name=\"percent\" inputmode=\"decimal\" required autocomplete=\"off\"></p>\n{}\n\
         <p><button id=\"share-button\">Set the share</button></p>\n</form>\n\
         <form method=\"post\" action=\"/roll-back\" aria-labelledby=\"back-form\">\n<h3 id=\"back-form\">Roll back</h3>\n\
         <p>Takes the way that stands under Way back. No gate is asked.</p>\n{token_and_epoch}\n{}\n\
         <p><button id=\"roll-back-button\" class=\"danger\">Roll back</button></p>\n</form>\n\
         <form method=\"post\" action=\"/sign-out\">\n{token}\n<p><button id=\"sign-out-button\">Sign out</button></p>\n</form>\n\
         <p><a href=\"/\">Refresh</a> <a href=\"/status.txt\">As text</a> <a href=\"/status.json\">As JSON</a> \
         <a href=\"/course.mmd\">As Mermaid</a></p>\n</aside>\n",
        escaped(session.actor.as_str()),
        reason("advance"),
        reason("share"),
        reason("roll-back"),
    )
}

impl IntoResponse for Page {
    fn into_response(self) -> axum::response::Response {
        let Ok(nonce) = secret() else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let policy = format!(
            "default-src 'none'; style-src '{HTML_STYLE_SHA256}' 'nonce-{nonce}'; script-src 'nonce-{nonce}'; \
             connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
             <style>{HTML_STYLE}</style>\n<style nonce=\"{nonce}\">{STYLE}</style>\n</head>\n<body>\n{}\
             <script nonce=\"{nonce}\">{SCRIPT}</script>\n</body>\n</html>\n",
            escaped(&self.title),
            self.body
        );
        let mut response = Response::new(axum::body::Body::from(html));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}
