use std::fmt::Write as _;

use super::TextError;
use super::text::{is_plain, text};
use crate::key::{Key, KeyExt};
use crate::phase::name;

text! {
    /// Who made an event: a URI reference of 1 to 256 bytes. With the id it is unique.
    ///
    /// ```
    /// use strangler_fig::event::EventSource;
    ///
    /// let source: EventSource = "/shop/orders".parse()?;
    /// assert_eq!(source.as_str(), "/shop/orders");
    /// assert!("no spaces".parse::<EventSource>().is_err());
    /// # Ok::<(), strangler_fig::event::TextError>(())
    /// ```
    EventSource,
    |text| text.len() <= 256 && is_reference(text),
    "an event's source is a URI reference of 1 to 256 bytes"
}

text! {
    /// What has happened: 1 to 128 bytes of text without control characters.
    ///
    /// ```
    /// use strangler_fig::event::EventType;
    ///
    /// let created: EventType = "order.created".parse()?;
    /// assert_eq!(created.as_str(), "order.created");
    /// # Ok::<(), strangler_fig::event::TextError>(())
    /// ```
    EventType,
    |text| is_plain(text, 128),
    "an event's type is 1 to 128 bytes of text without control characters"
}

text! {
    /// What an event is about, and what its order holds for: 1 to 256 bytes of text without control characters.
    ///
    /// ```
    /// use strangler_fig::event::EventKey;
    ///
    /// let order: EventKey = "order-4711".parse()?;
    /// assert_eq!(order.as_str(), "order-4711");
    /// assert_eq!(EventKey::of(&4711_u32)?.as_str(), "00001267");
    /// # Ok::<(), strangler_fig::event::TextError>(())
    /// ```
    EventKey,
    |text| is_plain(text, 256),
    "an event's key is 1 to 256 bytes of text without control characters"
}

impl EventKey {
    /// That of a record: the hexadecimal digits of its encoded key.
    ///
    /// # Errors
    ///
    /// When there are more than 256, or none: choose a text of your own then.
    pub fn of<K: Key>(key: &K) -> Result<Self, TextError> {
        let mut digits = String::new();
        for byte in key.to_bytes() {
            let _ = write!(digits, "{byte:02x}");
        }
        digits.parse()
    }
}

text! {
    /// Where a message goes: 1 to 128 of the characters `A-Z a-z 0-9 . _ -`, neither first nor last a dot, no two dots in
    /// a row. So it is a subject of NATS, a routing key of AMQP and a topic of Kafka as it stands.
    ///
    /// ```
    /// use strangler_fig::event::Topic;
    ///
    /// let orders: Topic = "shop.orders".parse()?;
    /// assert_eq!(orders.as_str(), "shop.orders");
    /// assert!("shop..orders".parse::<Topic>().is_err());
    /// # Ok::<(), strangler_fig::event::TextError>(())
    /// ```
    Topic,
    is_topic,
    "a topic is 1 to 128 of the characters A-Z a-z 0-9 . _ -, no dot first, last or beside another"
}

name! {
    /// Who receives: all that subscribe under one name share what comes.
    ///
    /// ```
    /// use strangler_fig::event::SubscriptionName;
    ///
    /// let billing: SubscriptionName = "billing".parse()?;
    /// assert_eq!(billing.as_str(), "billing");
    /// # Ok::<(), strangler_fig::phase::NameError>(())
    /// ```
    SubscriptionName
}

fn is_topic(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.len() <= 128 && text.bytes().all(fits) && text.split('.').all(|part| !part.is_empty())
}

/// Of the characters of RFC 3986, a percent sign before two hexadecimal digits.
fn is_reference(text: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let is_escape =
        |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    text.bytes().all(fits) && text.split('%').skip(1).all(is_escape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_plain_and_its_dots_are_apart() {
        for bad in ["", ".", ".a", "a.", "a..b", "a b", "a/b", "é", "a*", ">", &"x".repeat(129)] {
            assert!(bad.parse::<Topic>().is_err(), "{bad:?}");
        }
        for good in ["a", "A.b-c_9", "-", &"x".repeat(128)] {
            assert_eq!(good.parse::<Topic>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn a_source_is_a_reference() {
        for bad in ["", " ", "a b", "é", "<x>", "a%", "a%4", "a%zz", "a\\b", &"x".repeat(257)] {
            assert!(bad.parse::<EventSource>().is_err(), "{bad:?}");
        }
        for good in ["/a", "urn:x:1", "https://a.example/b?c=%20#d", "a", "%41"] {
            assert!(good.parse::<EventSource>().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn types_and_keys_have_their_lengths() {
        assert!("x".repeat(128).parse::<EventType>().is_ok());
        assert!("x".repeat(129).parse::<EventType>().is_err());
        assert!("x".repeat(256).parse::<EventKey>().is_ok());
        assert!("x".repeat(257).parse::<EventKey>().is_err());
        assert!("".parse::<EventKey>().is_err() && "a\tb".parse::<EventType>().is_err());
    }

    #[test]
    fn the_key_of_a_record_is_the_hex_of_its_bytes() {
        assert_eq!(EventKey::of(&(1_u8, 255_u8)).unwrap().as_str(), "01ff");
        assert!(EventKey::of(&[0_u8; 128]).is_ok());
        assert!(EventKey::of(&[0_u8; 129]).is_err() && EventKey::of(&[0_u8; 0]).is_err());
    }
}
