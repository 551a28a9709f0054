/// Whether a text is a host, with a port or without, that everybody reads alike: no user, no escapes.
pub(super) fn is_host(text: &[u8]) -> bool {
    let (name, port) = if text.first() == Some(&b'[') {
        let Some(end) = text.iter().position(|byte| *byte == b']') else { return false };
        let (name, rest) = text.split_at(end + 1);
        if !is_v6(&name[1..end]) {
            return false;
        }
        (name, rest)
    } else {
        let end = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        if !is_name(name) {
            return false;
        }
        (name, rest)
    };
    !name.is_empty() && (port.is_empty() || is_port(&port[1..]) && port[0] == b':')
}

fn is_name(name: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !name.is_empty()
        && name.len() <= 255
        && name.iter().all(is_plain)
        && name[0] != b'.'
        && !name.windows(2).any(|pair| pair == b"..")
}

fn is_v6(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text);
    text.is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

fn is_port(digits: &[u8]) -> bool {
    (1..=5).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
        && std::str::from_utf8(digits).is_ok_and(|it| it.parse::<u16>().is_ok_and(|it| it > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses_with_or_without_a_port() {
        for host in [
            "shop",
            "shop.example",
            "shop.example.",
            "a-b_c.d:80",
            "10.0.0.7:65535",
            "[::1]",
            "[::1]:8",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn whatever_could_be_read_in_two_ways_is_no_host() {
        for host in [
            "",
            ":80",
            "a:",
            "a:0",
            "a:65536",
            "a:8x",
            "a:1:2",
            "a@b",
            "user:1@b",
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a%2eb",
            "a,b",
            "é",
            "..",
            ".a",
            "a..b",
            "[::1",
            "::1",
            "[::1]x",
            "[x]",
            "[::1]:",
            "[::1%25e]",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
