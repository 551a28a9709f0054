use super::text::text;
use crate::observe::is_traceparent;

text! {
    /// In whose trace something happens: a W3C `traceparent` of version 00, or of a later one, which begins alike.
    ///
    /// ```
    /// use strangler_fig::event::Traceparent;
    ///
    /// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// assert_eq!(text.parse::<Traceparent>()?.as_str(), text);
    /// assert!("00-0-0-01".parse::<Traceparent>().is_err());
    /// # Ok::<(), strangler_fig::event::TextError>(())
    /// ```
    Traceparent,
    is_traceparent,
    "a traceparent is a version, a trace, a parent and flags in lower-case hexadecimal digits"
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_later_version_may_say_more() {
        let more = GOOD.replacen("00-", "01-", 1) + "-what-ever";
        for good in [GOOD, &more, &GOOD.replacen("00-", "fe-", 1)] {
            assert!(good.parse::<Traceparent>().is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        let bad = [
            String::new(),
            GOOD.to_uppercase(),
            format!("{GOOD}-more"),
            format!("{GOOD} "),
            GOOD.replacen("00-", "ff-", 1),
            GOOD.replacen("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32), 1),
            GOOD.replacen("00f067aa0ba902b7", &"0".repeat(16), 1),
            GOOD.replacen("00-", "0-", 1),
            GOOD.replacen("00-", "01-", 1) + "-" + &"x".repeat(256),
        ];
        for bad in bad {
            assert!(bad.parse::<Traceparent>().is_err(), "{bad}");
        }
    }
}
