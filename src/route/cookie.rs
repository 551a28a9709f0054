//! One cookie among all of a request, without allocating.

/// Hands each value that a `Cookie` header has for `name` to `visit`.
pub(super) fn each_cookie(header: &[u8], name: &[u8], visit: &mut dyn FnMut(&[u8])) {
    for pair in header.split(|byte| *byte == b';') {
        let pair = pair.trim_ascii();
        let value = pair.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"="));
        if let Some(value) = value {
            visit(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(header: &str, name: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut keep = |value: &[u8]| found.push(String::from_utf8(value.to_vec()).unwrap());
        each_cookie(header.as_bytes(), name.as_bytes(), &mut keep);
        found
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        assert_eq!(values("a=1; user=ada; xuser=eve; user2=eve", "user"), ["ada"]);
        assert_eq!(values("user=ada;user=eve", "user"), ["ada", "eve"]);
        assert_eq!(values("user=a=b", "user"), ["a=b"]);
        assert_eq!(values("User=ada; user", "user"), [""; 0]);
        assert_eq!(values("user=", "user"), [""]);
    }
}
