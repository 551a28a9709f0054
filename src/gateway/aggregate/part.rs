use smol_str::SmolStr;

/// One of the requests that are answered together: a GET, made of what the request's path has captured.
///
/// ```
/// use strangler_fig::gateway::Part;
///
/// let order = Part::required("order", "/orders/{id}");
/// let reviews = Part::optional("reviews", "/reviews?order={id}");
/// assert_eq!((order.name(), reviews.is_required()), ("order", false));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    name: SmolStr,
    pub(super) target: SmolStr,
    is_required: bool,
}

impl Part {
    /// A part without which there is no answer. `target` is a path, and a query if you like; `{id}` in it stands
    /// for the capture of this name.
    #[must_use]
    pub fn required(name: impl Into<String>, target: impl Into<String>) -> Self {
        let (name, target): (String, String) = (name.into(), target.into());
        Self { name: name.into(), target: target.into(), is_required: true }
    }

    /// A part that may be missing; the answer says so.
    #[must_use]
    pub fn optional(name: impl Into<String>, target: impl Into<String>) -> Self {
        Self { is_required: false, ..Self::required(name, target) }
    }

    /// What it is called, in the answer too.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is no answer without it.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.is_required
    }
}
