use std::fmt;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde_json::value::RawValue;

use crate::gateway::{Body, Response};

/// What makes one response of several.
///
/// ```
/// # use strangler_fig::gateway::{Body, Join, PartAnswer, Response};
/// #
/// /// Puts pieces of HTML one after the other.
/// #[derive(Debug)]
/// struct Page;
///
/// impl Join for Page {
///     fn accepts(&self, answer: &PartAnswer) -> bool {
///         answer.headers.get("content-type").is_some_and(|kind| kind == "text/html")
///     }
///     fn join(&self, parts: &[(&str, Option<PartAnswer>)]) -> Response {
///         let html: Vec<_> = parts.iter().flat_map(|(_, part)| part).map(|it| &it.body[..]).collect();
///         let page = http::Response::builder().header("content-type", "text/html");
///         page.body(Body::full(html.concat())).expect("the header is one")
///     }
/// }
/// assert!(!Page.accepts(&PartAnswer::of(r#"{"id": 7}"#)));
/// ```
///
/// # Contract
///
/// 1. It is pure and quick: it runs on the threads that serve requests.
/// 2. It is asked by [`accepts`](Self::accepts) first, of each part that was answered well; what it does not
///    accept counts as not answered. [`join`](Self::join) then gets all parts in their order, with an answer of
///    each that is required.
/// 3. A panic is answered with 500.
pub trait Join: fmt::Debug + Send + Sync + 'static {
    /// Whether this can be joined: it is of the right kind.
    fn accepts(&self, answer: &PartAnswer) -> bool;

    /// The response. Its status is the caller's, and nothing of the parts' headers is in it but what this puts
    /// there.
    fn join(&self, parts: &[(&str, Option<PartAnswer>)]) -> Response;
}

/// What a part was answered, with a status of success.
#[derive(Clone)]
#[non_exhaustive]
pub struct PartAnswer {
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

impl PartAnswer {
    /// An answer with this body.
    #[must_use]
    pub fn of(body: impl Into<Bytes>) -> Self {
        Self { headers: HeaderMap::new(), body: body.into() }
    }
}

/// How much there is only: what is in it is nobody else's affair.
impl fmt::Debug for PartAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartAnswer({} headers, {} bytes)", self.headers.len(), self.body.len())
    }
}

/// Joins JSON into an object, each part as it was written under its name; what is missing is `null`. No cache may
/// keep it, for nothing is known of the parts that it was made of.
///
/// ```
/// use http_body_util::BodyExt;
/// use strangler_fig::gateway::{Join, JoinObjects, PartAnswer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let order = PartAnswer::of(r#"{"id": 7.0}"#);
/// assert!(JoinObjects.accepts(&order) && !JoinObjects.accepts(&PartAnswer::of("<html>")));
/// let joined = JoinObjects.join(&[("order", Some(order)), ("reviews", None)]);
/// let text = joined.into_body().collect().await?.to_bytes();
/// assert_eq!(text, r#"{"order":{"id": 7.0},"reviews":null}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JoinObjects;

impl Join for JoinObjects {
    fn accepts(&self, answer: &PartAnswer) -> bool {
        json(&answer.body).is_some()
    }

    fn join(&self, parts: &[(&str, Option<PartAnswer>)]) -> Response {
        let mut text = String::from("{");
        for (name, answer) in parts {
            if text.len() > 1 {
                text.push(',');
            }
            // A name needs no escapes.
            text.extend(["\"", name, "\":"]);
            text.push_str(answer.as_ref().and_then(|it| json(&it.body)).unwrap_or("null"));
        }
        text.push('}');
        let mut response = Response::new(Body::full(text));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The one value that a text is.
fn json(text: &[u8]) -> Option<&str> {
    serde_json::from_slice::<&RawValue>(text).ok().map(RawValue::get)
}
