//! What the forms send.

use serde::Deserialize;
use strangler_fig::controller::ChangeRequest;
use strangler_fig::phase::{Actor, Reason, Share};

#[derive(Debug, Deserialize)]
pub struct SignIn {
    pub token: String,
}

#[derive(Debug, Deserialize)]
pub struct SignOut {
    #[serde(default)]
    pub form_token: String,
}

/// A move; of a share, how many per cent.
#[derive(Debug, Deserialize)]
pub struct Change {
    #[serde(default)]
    pub form_token: String,
    #[serde(default)]
    pub reason: String,
    pub percent: Option<String>,
    /// The epoch that the page showed.
    pub epoch: Option<u64>,
}

impl Change {
    /// What is asked of the controller.
    ///
    /// # Errors
    ///
    /// What is wrong with the reason, in words.
    pub fn request(&self, actor: Actor) -> Result<ChangeRequest, String> {
        let reason: Reason = self
            .reason
            .trim()
            .parse()
            .map_err(|wrong| format!("The reason is missing or wrong: {wrong}."))?;
        let request = ChangeRequest::new(actor, reason);
        Ok(match self.epoch {
            Some(epoch) => request.as_of(epoch),
            None => request,
        })
    }

    /// # Errors
    ///
    /// What is wrong with the share, in words.
    pub fn share(&self) -> Result<Share, String> {
        let percent = self.percent.as_deref().unwrap_or_default().trim();
        basis_points(percent).and_then(Share::new).ok_or_else(|| {
            "The share is a number from 0 to 100, of two decimals at most.".to_owned()
        })
    }
}

/// Nothing is rounded: what is nearly nothing, or nearly all, would be another action.
fn basis_points(percent: &str) -> Option<u16> {
    let (whole, hundredths) = percent.split_once('.').unwrap_or((percent, "0"));
    let hundredths = hundredths.trim_end_matches('0');
    let are_digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || hundredths.len() > 2 || !are_digits(whole) || !are_digits(hundredths) {
        return None;
    }
    let hundredths: u16 = format!("{hundredths:0<2}").parse().ok()?;
    whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(hundredths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(percent: &str, reason: &str) -> Change {
        Change {
            form_token: String::new(),
            reason: reason.to_owned(),
            percent: Some(percent.to_owned()),
            epoch: Some(3),
        }
    }

    #[test]
    fn a_share_is_a_number_from_0_to_100() {
        let basis_points = |text: &str| change(text, "").share().map(Share::basis_points);
        assert_eq!(["0", " 12.5 ", "100"].map(basis_points), [Ok(0), Ok(1_250), Ok(10_000)]);
        assert_eq!(["0.01", "99.99", "100.000"].map(basis_points), [Ok(1), Ok(9_999), Ok(10_000)]);
        for wrong in ["", "-1", "101", "NaN", "ten", "1e9", "inf", ".", "1.2.3", "100.01", "+1"] {
            assert!(basis_points(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_share_is_not_rounded_into_none_or_all() {
        for wrong in ["0.004", "0.001", "99.996", "99.999", "12.345"] {
            assert!(change(wrong, "").share().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_reason_must_be_given_and_is_one_line() {
        let actor: Actor = "ann".parse().unwrap();
        let request = change("", " OPS-12 ").request(actor.clone()).unwrap();
        assert_eq!((request.reason().as_str(), request.epoch()), ("OPS-12", Some(3)));
        for wrong in ["", "  ", "a\nb", &"x".repeat(501)] {
            assert!(change("", wrong).request(actor.clone()).is_err(), "{wrong:.9?}");
        }
    }
}
