use std::borrow::Cow;
use std::fmt::Write as _;

use super::{HTML_STYLE, HTML_STYLE_SHA256, svg};
use crate::status::MigrationStatus;
use crate::status::plain::{ISOLATES, visible};
use crate::status::view::{Block, Cell, Entry, Fact, Figure, Mark, Page, Section, Table};

/// Text as HTML, in an element or in an attribute: no tag begins or ends in it, nothing in it is unseen.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

pub(super) fn page(page: &Page, status: &MigrationStatus) -> String {
    let title = escaped(&page.title);
    let policy = format!(
        "default-src 'none'; style-src '{HTML_STYLE_SHA256}'; base-uri 'none'; form-action 'none'"
    );
    let fragment = fragment(page, status);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>{HTML_STYLE}</style>\n</head>\n<body>\n<main>\n{fragment}</main>\n</body>\n</html>\n"
    )
}

pub(super) fn fragment(page: &Page, status: &MigrationStatus) -> String {
    let mut html = format!(
        "<header>\n<h1>{}{}</h1>\n<p>as of {}</p>\n</header>\n",
        isolated(&page.headline),
        mark(page.mark),
        escaped(&page.as_of)
    );
    for section in &page.sections {
        write_section(&mut html, section, status);
    }
    html
}

/// In a word, and then in a colour.
fn mark(mark: Mark) -> String {
    let class = match mark {
        Mark::None => return String::new(),
        Mark::Good => "good",
        Mark::Warn => "warn",
        Mark::Bad => "bad",
    };
    format!(" <strong class=\"mark {class}\">{}</strong>", mark.word())
}

fn cell(cell: &Cell) -> String {
    format!("{}{}", isolated(&cell.text), mark(cell.mark))
}

/// A text, and the texts in it that somebody wrote, each with a direction of its own. Every element that begins ends.
fn isolated(text: &str) -> String {
    let [begin, end] = ISOLATES;
    let (mut html, mut open) = ("<bdi>".to_owned(), 1);
    for piece in text.split_inclusive(ISOLATES) {
        html.push_str(&escaped(piece.trim_end_matches(ISOLATES)));
        if piece.ends_with(begin) {
            html.push_str("<bdi>");
            open += 1;
        } else if piece.ends_with(end) && open > 1 {
            html.push_str("</bdi>");
            open -= 1;
        }
    }
    html.push_str(&"</bdi>".repeat(open));
    html
}

fn write_section(html: &mut String, section: &Section, status: &MigrationStatus) {
    let (id, title) = (section.id, section.title);
    let _ = writeln!(html, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>");
    match section.figure {
        Some(Figure::Path) => html.push_str(&svg::path(status)),
        Some(Figure::Latency) => html.push_str(&svg::latency(&status.latencies)),
        Some(Figure::Routes) => html.push_str(&svg::routes(status)),
        None => {}
    }
    for block in &section.blocks {
        match block {
            Block::Facts(facts) => write_facts(html, facts),
            Block::Table(table) => write_table(html, table),
            Block::Entries(entries) => write_entries(html, entries),
        }
    }
    html.push_str("</section>\n");
}

fn write_facts(html: &mut String, facts: &[Fact]) {
    html.push_str("<dl>\n");
    for fact in facts {
        let _ = writeln!(html, "<div><dt>{}</dt><dd>{}</dd></div>", fact.name, cell(&fact.value));
    }
    html.push_str("</dl>\n");
}

/// On a narrow page a row is a block, and its cells are lines with their names: roles say that it is a table all the same.
fn write_table(html: &mut String, table: &Table) {
    let _ = write!(
        html,
        "<table role=\"table\">\n<caption>{}</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">",
        table.caption
    );
    for name in &table.head {
        let _ = write!(html, "<th scope=\"col\" role=\"columnheader\">{name}</th>");
    }
    html.push_str("</tr></thead>\n<tbody role=\"rowgroup\">\n");
    for row in &table.rows {
        html.push_str("<tr role=\"row\">");
        for (column, (it, name)) in row.iter().zip(&table.head).enumerate() {
            let it = cell(it);
            let _ = match column {
                0 => write!(html, "<th scope=\"row\" role=\"rowheader\">{it}</th>"),
                _ => write!(html, "<td role=\"cell\" data-label=\"{name}\"><span>{it}</span></td>"),
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n");
}

fn write_entries(html: &mut String, entries: &[Entry]) {
    // Without numbers a list would not be told as one.
    html.push_str("<ol role=\"list\">\n");
    for entry in entries {
        let _ = write!(html, "<li>{}", cell(&entry.title));
        if !entry.details.is_empty() {
            html.push_str("<ul>");
            for detail in &entry.details {
                let _ = write!(html, "<li>{}</li>", cell(detail));
            }
            html.push_str("</ul>");
        }
        html.push_str("</li>\n");
    }
    html.push_str("</ol>\n");
}
