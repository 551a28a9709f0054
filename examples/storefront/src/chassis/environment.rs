use std::env::VarError;
use std::fmt::Display;
use std::str::FromStr;

use super::fatal::with_causes;
use crate::Failed;

/// A setting that a process cannot do without.
///
/// # Errors
///
/// The variable is missing, or says nothing that could be meant. Both name it.
pub fn required<T: FromStr<Err: Display>>(name: &str) -> Result<T, Failed> {
    read(name)?.ok_or_else(|| format!("{name} is not set").into())
}

/// A setting with a value of its own where nobody says otherwise.
///
/// # Errors
///
/// The variable says nothing that could be meant.
pub fn setting<T: FromStr<Err: Display>>(name: &str, otherwise: T) -> Result<T, Failed> {
    Ok(read(name)?.unwrap_or(otherwise))
}

/// A setting that a process cannot do without, and what it makes of it.
///
/// # Errors
///
/// The variable is missing, or nothing can be made of it. Both name it.
pub fn checked<T>(name: &str, made: impl FnOnce(&str) -> Result<T, Failed>) -> Result<T, Failed> {
    let text: String = required(name)?;
    Ok(made(&text).map_err(|why| format!("{name}: {}", with_causes(&*why)))?)
}

fn read<T: FromStr<Err: Display>>(name: &str) -> Result<Option<T>, Failed> {
    match std::env::var(name) {
        Ok(text) => text.parse().map(Some).map_err(|why| format!("{name}: {why}").into()),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("{name} is no text").into()),
    }
}
