//! A small and strict reader of the page: it knows the HTML that the crate writes, and refuses all else.

/// Elements that have no end.
const VOID: [&str; 5] = ["meta", "path", "circle", "rect", "br"];
/// All that the page is made of.
const KNOWN: [&str; 35] = [
    "html", "bdi", "span", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2",
    "p", "strong", "section", "dl", "div", "dt", "dd", "table", "caption", "thead", "tbody", "tr",
    "th", "td", "ol", "ul", "li", "svg", "desc", "path", "circle", "rect", "text",
];

#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Its elements in their order, and the text between them.
pub(crate) fn read(html: &str) -> Result<(Vec<Element>, String), String> {
    let mut rest = html.strip_prefix("<!doctype html>").unwrap_or(html);
    let (mut open, mut elements, mut text) = (Vec::<String>::new(), Vec::new(), String::new());
    while let Some(at) = rest.find('<') {
        text.push_str(&decoded(&rest[..at])?);
        let end = rest[at..].find('>').ok_or("a tag has no end")? + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop();
            if last.as_deref() != Some(name) {
                return Err(format!("{name} ends where {last:?} is open"));
            }
            text.extend((name != "bdi").then_some(' '));
            continue;
        }
        let element = element(tag)?;
        if element.name == "style" {
            let end = rest.find("</style>").ok_or("a style has no end")?;
            rest = &rest[end + "</style>".len()..];
        } else if !VOID.contains(&element.name.as_str()) {
            open.push(element.name.clone());
        }
        text.extend((element.name != "bdi").then_some(' '));
        elements.push(element);
    }
    text.push_str(&decoded(rest)?);
    if open.is_empty() { Ok((elements, text)) } else { Err(format!("{open:?} have no end")) }
}

/// What is read of the page.
pub(crate) fn text(html: &str) -> String {
    read(html).unwrap().1
}

fn element(tag: &str) -> Result<Element, String> {
    let tag = tag.strip_suffix('/').unwrap_or(tag);
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    if !KNOWN.contains(&name) {
        return Err(format!("the page has no element {name:?}"));
    }
    let mut attributes = Vec::new();
    while !rest.trim().is_empty() {
        let (key, after) = rest
            .trim_start()
            .split_once("=\"")
            .ok_or_else(|| format!("odd attributes: {rest:?}"))?;
        let (value, after) = after.split_once('"').ok_or("an attribute has no end")?;
        if !key.chars().all(|c| c.is_ascii_alphabetic() || c == '-') || key.starts_with("on") {
            return Err(format!("the page has no attribute {key:?}"));
        }
        attributes.push((key.to_ascii_lowercase(), decoded(value)?));
        rest = after;
    }
    Ok(Element { name: name.to_owned(), attributes })
}

fn decoded(text: &str) -> Result<String, String> {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) =
            part.split_once(';').ok_or_else(|| format!("a bare & before {part:?}"))?;
        decoded.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#39" => '\'',
            other => return Err(format!("the page has no entity {other:?}")),
        });
        decoded.push_str(rest);
    }
    Ok(decoded)
}

#[test]
fn what_is_no_page_of_ours_is_found_out() {
    for (html, why) in [
        ("<p>a<script>b</script></p>", "no element \"script\""),
        ("<p onclick=\"x\">a</p>", "no attribute \"onclick\""),
        ("<p>a</h1>", "h1 ends where"),
        ("<p>a & b</p>", "a bare &"),
        ("<p>a", "have no end"),
        ("<p class=x>a</p>", "odd attributes"),
        ("<img src=\"x\">", "no element \"img\""),
    ] {
        let refused = read(html).unwrap_err();
        assert!(refused.contains(why), "{html}: {refused}");
    }
    assert_eq!(read("<p class=\"a\">b &lt;c&gt;</p>").unwrap().1.trim(), "b <c>");
}
