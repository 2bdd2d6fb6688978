//! Who may be connected: so many at a time, and in a full house somebody makes place for a newcomer.
//!
//! A newcomer is never refused, because silent connections could then keep every scrape away. Who has asked for nothing
//! yet loses its place first, the longest silent of them before the others, then who has not asked for longest. A client
//! that is asked to leave between two requests asks again on a new connection, as Prometheus does.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The places of a server.
#[derive(Debug)]
pub struct Places {
    most: usize,
    guests: Arc<Mutex<Guests>>,
    crowded: bool,
}

/// Those who have a place.
#[derive(Debug, Default)]
struct Guests {
    /// In the order in which they make place. Dropping the sender sends one away.
    by_turn: BTreeMap<Turn, oneshot::Sender<()>>,
    /// Accepted connections and requests so far.
    count: u64,
}

/// When a guest makes place: whether it has asked for anything, and which of all events its last one was.
type Turn = (bool, u64);

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub struct Place {
    guests: Arc<Mutex<Guests>>,
    turn: Mutex<Turn>,
}

impl Places {
    /// So many places.
    pub fn new(most: usize) -> Self {
        Self { most, guests: Arc::default(), crowded: false }
    }

    /// Takes a place, and gives what is ready when it is lost to somebody else.
    pub fn take(&mut self) -> (Place, impl Future<Output = ()> + use<>) {
        let mut guests = self.guests.lock();
        let full = guests.by_turn.len() >= self.most;
        if full {
            guests.by_turn.pop_first();
        }
        if full && !self.crowded {
            tracing::warn!(most = self.most, "too many connections: the longest silent ones are closed");
        }
        self.crowded = full;
        let (sender, lost) = oneshot::channel();
        let turn = (false, guests.next());
        guests.by_turn.insert(turn, sender);
        let place = Place { guests: Arc::clone(&self.guests), turn: Mutex::new(turn) };
        (place, async move { drop(lost.await) })
    }
}

impl Guests {
    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

impl Place {
    /// Takes note of a complete request.
    pub fn asked(&self) {
        let mut guests = self.guests.lock();
        let mut turn = self.turn.lock();
        // Who has lost its place already does not get it back.
        let Some(sender) = guests.by_turn.remove(&turn) else { return };
        *turn = (true, guests.next());
        guests.by_turn.insert(*turn, sender);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let turn = *self.turn.lock();
        self.guests.lock().by_turn.remove(&turn);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Guests who came one after the other.
    struct House(Places, Vec<Place>);

    impl House {
        fn of(most: usize) -> Self {
            Self(Places::new(most), Vec::new())
        }

        fn comes(&mut self) -> &mut Self {
            let (place, _) = self.0.take();
            self.1.push(place);
            self
        }

        fn asks(&mut self, guest: usize) -> &mut Self {
            self.1[guest].asked();
            self
        }

        /// Who has lost a place.
        fn lost(&self) -> Vec<usize> {
            let guests = self.0.guests.lock();
            let gone = |guest: &usize| !guests.by_turn.contains_key(&*self.1[*guest].turn.lock());
            (0..self.1.len()).filter(gone).collect()
        }
    }

    #[test]
    fn those_who_have_asked_for_nothing_make_place_first_and_then_who_asked_longest_ago() {
        let mut house = House::of(3);
        house.comes().comes().comes().asks(0).asks(2);
        assert_eq!(house.lost(), [0; 0], "there is a place for each");
        assert_eq!(house.comes().lost(), [1], "it has asked for nothing");
        assert_eq!(house.comes().lost(), [1, 3], "nor has the next one, and it came before the newcomer");
        house.asks(4).asks(0);
        assert_eq!(house.comes().lost(), [1, 2, 3], "it asked before the others");
        assert_eq!(house.comes().lost(), [1, 2, 3, 5]);
    }

    #[test]
    fn who_leaves_makes_place_and_who_was_sent_away_is_not_back_by_asking() {
        let mut house = House::of(2);
        house.comes().comes().asks(0).asks(1);
        drop(house.1.remove(0));
        assert_eq!(house.comes().lost(), [0; 0]);
        assert_eq!(house.comes().lost(), [1]);
        assert_eq!(house.asks(1).lost(), [1]);
        house.1.clear();
        assert!(house.0.guests.lock().by_turn.is_empty());
    }

    #[test]
    fn who_loses_a_place_is_told() {
        let mut places = Places::new(1);
        let (_first, first_lost) = places.take();
        let (_second, second_lost) = places.take();
        assert!(first_lost.now_or_never().is_some() && second_lost.now_or_never().is_none());
    }
}
