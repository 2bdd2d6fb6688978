//! What the lists of seats must say, looked up person by person without any shortcut.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use github_copilot_exporter::simulator::{Entity, Person, World};
use serde_json::{Value, json};

/// Everybody with a seat at `now`.
pub(crate) fn holders<'w>(world: &'w World, entity: &'w Entity, now: DateTime<Utc>) -> Vec<&'w Person> {
    world.people_of(entity).filter(|person| world.is_licensed(person, now.date_naive())).collect()
}

/// When somebody was last active: the newest of the past 91 days on which they did anything.
pub(crate) fn last_activity(world: &World, person: &Person, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if !person.telemetry {
        return None;
    }
    let days = (0..=90).map(|back| now.date_naive() - Days::new(back));
    let active = days.filter(|day| !world.deeds(person, *day).is_empty());
    active.map(|day| world.acted_at(person, day)).filter(|at| *at <= now).max()
}

/// The day a seat is taken away, if that is within 30 days.
pub(crate) fn pending(person: &Person, now: DateTime<Utc>) -> Option<NaiveDate> {
    let today = now.date_naive();
    person.licensed_until().filter(|until| *until > today && *until <= today + Days::new(30))
}

/// The numbers of an organisation's seats.
pub(crate) fn breakdown(world: &World, org: &Entity, now: DateTime<Utc>) -> Value {
    let seats = holders(world, org, now);
    let count = |is: &dyn Fn(&Person) -> bool| seats.iter().filter(|person| is(person)).count();
    let this_month = |day: NaiveDate| day.with_day(1) == now.date_naive().with_day(1);
    let active =
        |person: &Person| last_activity(world, person, now).is_some_and(|at| this_month(at.date_naive()));
    json!({
        "total": seats.len(),
        "added_this_cycle": count(&|person| this_month(person.licensed_from())),
        "pending_cancellation": count(&|person| pending(person, now).is_some()),
        "pending_invitation": 0,
        "active_this_cycle": count(&active),
        "inactive_this_cycle": seats.len() - count(&active),
    })
}
