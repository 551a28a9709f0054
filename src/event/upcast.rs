use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::{EventEnvelope, EventPayload, EventType, UpcastError};

/// The most steps that one event is brought on by.
const STEPS_MAX: usize = 64;

type Failure = Box<dyn Error + Send + Sync>;

/// An event of an old form to the next one.
type Step = dyn Fn(EventEnvelope) -> Result<EventEnvelope, Failure> + Send + Sync;

/// What brings events of old forms to the form that is read here.
///
/// ```
/// use std::num::NonZeroU32;
/// use strangler_fig::event::{EventEnvelope, EventPayload, EventType, Upcasters};
///
/// let paid: EventType = "order.paid".parse()?;
/// let [first, second] = [1, 2].map(|version| NonZeroU32::new(version).expect("it is not 0"));
/// // The first form was a number of cents; the second one knows currencies.
/// let upcasters = Upcasters::default()
///     .reads(paid.clone(), second)
///     .with_json_step(paid.clone(), first, |cents| {
///         Ok(serde_json::json!({ "amount": cents, "currency": "EUR" }))
///     });
///
/// let old = EventEnvelope::new(
///     "1".parse()?,
///     "/shop".parse()?,
///     paid,
///     "4711".parse()?,
///     EventPayload::json(&700)?,
/// );
/// let new = upcasters.upcast(old)?;
/// assert_eq!(new.version, second);
/// let json = new.payload.as_json().map(|json| json.as_str());
/// assert_eq!(json, Some(r#"{"amount":700,"currency":"EUR"}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Facts
///
/// 1. [`upcast`](Self::upcast) applies the step of the event's type and version, and again, until there is none. What
///    no step is for is answered as it is.
/// 2. A step must leave a larger version, or another type; id, source, key and time must stay. Else it is `Lost`. More
///    than 64 steps are `Endless`: types that become each other.
/// 3. A version above that of [`reads`](Self::reads) is `Newer`: the sender was deployed first. One below it, from which
///    no step leads on, is `Older`. Neither is the event's fault, nor a reason to give it up: a consumer holds it, and
///    tries again.
/// 4. A panic of a step is a failure of that event.
#[derive(Default)]
pub struct Upcasters {
    steps: HashMap<(EventType, NonZeroU32), Box<Step>>,
    current: HashMap<EventType, NonZeroU32>,
}

impl Upcasters {
    /// The same, where `version` is the form of `event_type` that is read.
    #[must_use]
    pub fn reads(mut self, event_type: EventType, version: NonZeroU32) -> Self {
        self.current.insert(event_type, version);
        self
    }

    /// The same, where `step` brings events of that type and version on. It answers the whole event: a larger version,
    /// or another type.
    #[must_use]
    pub fn with_step<F>(mut self, event_type: EventType, version: NonZeroU32, step: F) -> Self
    where
        F: Fn(EventEnvelope) -> Result<EventEnvelope, Failure> + Send + Sync + 'static,
    {
        self.steps.insert((event_type, version), Box::new(step));
        self
    }

    /// The same, where `step` brings the JSON of such events on to the next version; all else of them stays.
    ///
    /// Its numbers are those of `serde_json`: use [`with_step`](Self::with_step) where that is not exact enough.
    #[must_use]
    pub fn with_json_step<F>(self, event_type: EventType, version: NonZeroU32, step: F) -> Self
    where
        F: Fn(Value) -> Result<Value, Failure> + Send + Sync + 'static,
    {
        self.with_step(event_type, version, move |mut event| {
            let json = event.payload.as_json().ok_or("its payload is no JSON")?;
            event.payload = EventPayload::json(&step(json.read()?)?)?;
            event.version = event.version.checked_add(1).ok_or("there is no larger version")?;
            Ok(event)
        })
    }

    /// The event in the form that is read.
    ///
    /// # Errors
    ///
    /// [`UpcastError`]; those that are [retryable](UpcastError::is_retryable) are not the event's fault.
    pub fn upcast(&self, mut event: EventEnvelope) -> Result<EventEnvelope, UpcastError> {
        for _ in 0..=STEPS_MAX {
            let Some(step) = self.step(&event)? else { return Ok(event) };
            event = next(step, event)?;
        }
        Err(UpcastError::Endless { event_type: event.event_type })
    }

    /// What brings it on, if it is to be.
    fn step(&self, event: &EventEnvelope) -> Result<Option<&Step>, UpcastError> {
        let (event_type, found) = (event.event_type.clone(), event.version);
        let reads = self.current.get(&event_type).copied();
        let step = self.steps.get(&(event_type.clone(), found));
        match (reads, step) {
            (Some(reads), _) if found > reads => {
                Err(UpcastError::Newer { event_type, reads, found })
            }
            (Some(reads), None) if found < reads => {
                Err(UpcastError::Older { event_type, reads, found })
            }
            (_, step) => Ok(step.map(|step| &**step)),
        }
    }
}

fn next(step: &Step, event: EventEnvelope) -> Result<EventEnvelope, UpcastError> {
    let before = (event.id.clone(), event.source.clone(), event.key.clone(), event.time);
    let (event_type, version) = (event.event_type.clone(), event.version);
    let brought_on = catch_unwind(AssertUnwindSafe(|| step(event)))
        .unwrap_or_else(|_| Err("the step has panicked".into()));
    let event = match brought_on {
        Ok(event) => event,
        Err(source) => return Err(UpcastError::Failed { event_type, version, source }),
    };
    let is_same = before == (event.id.clone(), event.source.clone(), event.key.clone(), event.time);
    let is_further = event.event_type != event_type || event.version > version;
    if is_same && is_further { Ok(event) } else { Err(UpcastError::Lost { event_type, version }) }
}

impl fmt::Debug for Upcasters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps: Vec<_> = self.steps.keys().collect();
        steps.sort();
        f.debug_struct("Upcasters").field("steps", &steps).field("reads", &self.current).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventTime;

    fn version(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    fn named(event_type: &str) -> EventType {
        event_type.parse().unwrap()
    }

    fn of(event_type: &str, number: u32) -> EventEnvelope {
        EventEnvelope::new(
            "1".parse().unwrap(),
            "/s".parse().unwrap(),
            named(event_type),
            "k".parse().unwrap(),
            EventPayload::json(&number).unwrap(),
        )
        .with_version(version(number))
    }

    /// From each version to the next, up to this one.
    fn up_to(last: u32) -> Upcasters {
        (1..last).fold(Upcasters::default().reads(named("t"), version(last)), |upcasters, from| {
            let add = |value: Value| Ok(Value::from(value.as_u64().ok_or("no number")? + 1));
            upcasters.with_json_step(named("t"), version(from), add)
        })
    }

    /// One step, from version 1 of `t`, that changes this.
    fn changing(change: fn(&mut EventEnvelope)) -> Upcasters {
        Upcasters::default().with_step(named("t"), version(1), move |mut event| {
            event.version = version(2);
            change(&mut event);
            Ok(event)
        })
    }

    #[test]
    fn every_old_form_becomes_the_one_that_is_read() {
        for old in 1..=5 {
            let read = up_to(5).upcast(of("t", old)).unwrap();
            assert_eq!((read.version, read.payload.as_json().unwrap().as_str()), (version(5), "5"));
        }
    }

    #[test]
    fn what_no_step_is_for_stays_as_it_is() {
        assert_eq!(up_to(5).upcast(of("other", 9)).unwrap(), of("other", 9));
        assert_eq!(Upcasters::default().upcast(of("t", 3)).unwrap(), of("t", 3));
    }

    #[test]
    fn a_newer_one_waits_for_a_newer_reader() {
        let error = up_to(5).upcast(of("t", 6)).unwrap_err();
        assert!(matches!(error, UpcastError::Newer { found, .. } if found == version(6)));
        assert!(error.is_retryable());
    }

    #[test]
    fn a_gap_in_the_steps_is_told() {
        let gap = Upcasters::default().reads(named("t"), version(3));
        let gap = gap.with_json_step(named("t"), version(1), Ok);
        let error = gap.upcast(of("t", 1)).unwrap_err();
        assert!(matches!(error, UpcastError::Older { found, .. } if found == version(2)));
        assert!(error.is_retryable());
    }

    #[test]
    fn a_step_may_lead_to_another_type() {
        let renamed =
            changing(|event| (event.event_type, event.version) = (named("u"), version(1)));
        let read = renamed.upcast(of("t", 1)).unwrap();
        assert_eq!((read.event_type, read.version), (named("u"), version(1)));
    }

    #[test]
    fn a_step_that_makes_another_event_of_it_loses_it() {
        let lost: [fn(&mut EventEnvelope); 5] = [
            |event| event.id = "2".parse().unwrap(),
            |event| event.source = "/other".parse().unwrap(),
            |event| event.key = "other".parse().unwrap(),
            |event| event.time = EventTime::from_unix_millis(1).ok(),
            |event| event.version = version(1),
        ];
        for change in lost {
            let error = changing(change).upcast(of("t", 1)).unwrap_err();
            assert!(matches!(error, UpcastError::Lost { .. }), "{error}");
            assert!(!error.is_retryable());
        }
    }

    #[test]
    fn types_that_become_each_other_have_no_end() {
        let to = |other: &'static str| {
            move |mut event: EventEnvelope| {
                event.event_type = named(other);
                Ok(event)
            }
        };
        let round = Upcasters::default().with_step(named("t"), version(1), to("u")).with_step(
            named("u"),
            version(1),
            to("t"),
        );
        let error = round.upcast(of("t", 1)).unwrap_err();
        assert!(matches!(error, UpcastError::Endless { .. }) && !error.is_retryable());
    }

    #[test]
    fn sixty_four_steps_are_not_too_many() {
        assert_eq!(up_to(65).upcast(of("t", 1)).unwrap().version, version(65));
        assert!(matches!(up_to(66).upcast(of("t", 1)), Err(UpcastError::Endless { .. })));
    }

    #[test]
    fn a_step_that_fails_or_panics_fails_that_event() {
        let fails = Upcasters::default().with_step(named("t"), version(1), |_| Err("no".into()));
        let panics = changing(|_| panic!("no"));
        let no_json = changing(|event| event.payload = EventPayload::default()).with_json_step(
            named("t"),
            version(2),
            Ok,
        );
        let none_larger = Upcasters::default().with_json_step(named("t"), NonZeroU32::MAX, Ok);
        for upcasters in [fails, panics, no_json] {
            let error = upcasters.upcast(of("t", 1)).unwrap_err();
            assert!(matches!(error, UpcastError::Failed { .. }) && !error.is_retryable());
        }
        let error = none_larger.upcast(of("t", u32::MAX)).unwrap_err();
        assert!(matches!(error, UpcastError::Failed { .. }), "{error}");
    }
}
