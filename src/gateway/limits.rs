/// How large a request may be.
///
/// ```
/// use strangler_fig::gateway::Limits;
///
/// let narrow = Limits::default()
///     .with_headers_max(40)
///     .with_header_bytes_max(8 * 1024)
///     .with_target_max(2 * 1024)
///     .with_body_max(64 * 1024);
/// assert_ne!(narrow, Limits::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub(super) headers_max: usize,
    pub(super) header_bytes_max: usize,
    pub(super) target_max: usize,
    pub(super) body_max: u64,
    pub(super) underscores: bool,
}

impl Default for Limits {
    /// 100 headers of 32 KiB in all, 8 KiB of path and query, 8 MiB of body.
    fn default() -> Self {
        Self {
            headers_max: 100,
            header_bytes_max: 32 * 1024,
            target_max: 8 * 1024,
            body_max: 8 * 1024 * 1024,
            underscores: false,
        }
    }
}

impl Limits {
    /// How many header fields; more are answered 431.
    #[must_use]
    pub const fn with_headers_max(mut self, count: usize) -> Self {
        self.headers_max = count;
        self
    }

    /// How many bytes their names and values have together; more are answered 431.
    #[must_use]
    pub const fn with_header_bytes_max(mut self, bytes: usize) -> Self {
        self.header_bytes_max = bytes;
        self
    }

    /// How many bytes path and query have together; more are answered 414.
    #[must_use]
    pub const fn with_target_max(mut self, bytes: usize) -> Self {
        self.target_max = bytes;
        self
    }

    /// How many bytes a body has. One that says it is longer is answered 413 before a byte is sent on; one that
    /// turns out to be is cut off, and answered 413 if nothing was answered before.
    #[must_use]
    pub const fn with_body_max(mut self, bytes: u64) -> Self {
        self.body_max = bytes;
        self
    }

    /// Names of headers may have underscores. By default they may not, and are answered 400: to services that
    /// read headers as variables, `x_user` is `x-user`, and no rule has looked at it.
    #[must_use]
    pub const fn with_underscores(mut self) -> Self {
        self.underscores = true;
        self
    }
}
