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
        let percent: f64 =
            percent.parse().map_err(|_| "The share is a number from 0 to 100.".to_owned())?;
        if !(0.0..=100.0).contains(&percent) {
            return Err("The share is a number from 0 to 100.".to_owned());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to 10,000"
        )]
        let basis_points = (percent * 100.0).round() as u16;
        Ok(Share::new(basis_points).unwrap_or(Share::WHOLE))
    }
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
        for wrong in ["", "-1", "101", "NaN", "ten", "1e9", "inf"] {
            assert!(basis_points(wrong).is_err(), "{wrong:?}");
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
