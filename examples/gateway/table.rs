/// What the table of a chapter says of questions for an order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reads {
    /// The share that goes to modern, in basis points.
    pub(crate) modern: u16,
    /// How many are asked of both sides, in basis points.
    pub(crate) mirrored: u16,
}

impl Reads {
    /// The table, as somebody would have written it into a file.
    pub(crate) fn document(self) -> String {
        let Self { modern, mirrored } = self;
        let mirror = match mirrored {
            0 => String::new(),
            share => format!(r#", "mirror": {{ "basis_points": {share} }}"#),
        };
        format!(
            r#"{{
    "format": "strangler-fig/route-table", "version": 1, "salt": "shop", "default": "legacy",
    "override": {{ "header": "x-canary", "allow": ["127.0.0.1/32"] }},
    "rules": [
        {{ "name": "page", "path": {{ "template": "/page/{{id}}" }}, "methods": ["GET"],
          "to": {{ "aggregate": "page" }} }},
        {{ "name": "orders.make", "path": {{ "exact": "/orders" }}, "methods": ["POST"],
          "to": "legacy", "dual_write": {{ "ids": "gateway" }} }},
        {{ "name": "orders.read", "path": {{ "template": "/orders/{{id}}" }}, "methods": ["GET"],
          "override": true,
          "to": {{ "share": {{ "basis_points": {modern}, "sticky": {{ "header": "x-user" }} }} }},
          "fallback": true, "deadline_ms": 200{mirror} }},
        {{ "name": "reviews", "path": {{ "prefix": "/reviews" }}, "methods": ["GET"], "to": "modern",
          "fallback": false }}
    ]
}}"#
        )
    }
}
