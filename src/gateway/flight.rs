use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many of a kind are under way.
#[derive(Debug)]
pub(super) struct Flight {
    count: AtomicU32,
    most: u32,
}

/// One of them.
pub(super) struct Seat<'f>(&'f AtomicU32);

/// One of them, whose end nobody waits for.
#[derive(Debug)]
pub(super) struct Place(Arc<Flight>);

impl Flight {
    pub(super) const fn new(most: NonZeroU32) -> Self {
        Self { count: AtomicU32::new(0), most: most.get() }
    }

    /// One too many is counted for a moment, and gives its seat back at once.
    fn is_one_more(&self) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed) < self.most
    }

    pub(super) fn seat(&self) -> Option<Seat<'_>> {
        let seat = Seat(&self.count);
        self.is_one_more().then_some(seat)
    }

    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
        let place = Place(Arc::clone(self));
        self.is_one_more().then_some(place)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_given_back_and_a_refusal_takes_none() {
        let flight = Flight::new(NonZeroU32::MIN);
        let first = flight.seat();
        assert!(first.is_some() && flight.seat().is_none() && flight.seat().is_none());
        drop(first);
        assert!(flight.seat().is_some());
    }

    #[test]
    fn so_is_a_place() {
        let flight = Arc::new(Flight::new(NonZeroU32::MIN));
        let first = flight.place();
        assert!(first.is_some() && flight.place().is_none() && flight.seat().is_none());
        drop(first);
        assert!(flight.place().is_some());
    }
}
