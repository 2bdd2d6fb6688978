//! A page of the list of seats, from its bytes to what is served.
#![no_main]

use std::collections::BTreeSet;

use github_copilot_exporter::{
    github::seats::{Seat, SeatBreakdown},
    model::{
        Update,
        seats::{SeatFold, SeatNews},
    },
};
use github_copilot_exporter_fuzz::{empty, noon, octo, show};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

/// The list, and beside it what GitHub says about an organisation's Copilot.
#[derive(Deserialize)]
struct Page {
    total_seats: Option<u64>,
    seats: Vec<Seat>,
    seat_breakdown: Option<SeatBreakdown>,
}

fuzz_target!(|data: &[u8]| {
    let Ok(page) = serde_json::from_slice::<Page>(data) else { return };
    let (mut people, mut nobodys) = (BTreeSet::new(), 0);
    for seat in &page.seats {
        match &seat.assignee {
            Some(assignee) => drop(people.insert(assignee.id)),
            None => nobodys += 1,
        }
    }
    let mut fold = SeatFold::default();
    let met = page.seats.into_iter().map(|seat| fold.add(seat)).filter(|new| *new).count();
    assert_eq!(met, people.len() + nobodys, "everybody is met once");
    let list = fold.finish(page.total_seats, noon());
    assert_eq!(list.people.all(), met as u64, "everybody is in one class");
    let mut state = empty();
    for news in [SeatNews::List(Some(list)), SeatNews::Breakdown(page.seat_breakdown)] {
        state.apply(Update::Seats { owner: octo(), news, at: noon() });
    }
    show(&state);
});
