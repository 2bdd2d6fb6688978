//! Who has a seat, and what became of it.
//!
//! A seat is a licence on the day that it is by the simulated clock. Whether it is used is what the person
//! did (see `presence`): of people with telemetry off, GitHub does not know.

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::addresses::{simple_organisation, simple_user};
use super::dice::{self, chance, mix};
use super::paging::{Page, Paging, Query};
use super::presence::{Presence, at};
use super::teams::org_team;
use super::world::{Entity, Kind, Person, World};

/// How many days before its end the end of a licence is known.
const NOTICE: i64 = 30;

/// A page of seats.
#[derive(Debug, Serialize)]
pub(super) struct Seats {
    /// How many people have one.
    total_seats: usize,
    seats: Vec<Value>,
}

/// A seat, with every field of GitHub's schema.
#[derive(Debug, Serialize)]
struct Seat {
    created_at: String,
    /// What GitHub is about to drop: the same.
    updated_at: String,
    pending_cancellation_date: Option<NaiveDate>,
    last_activity_at: Option<String>,
    last_activity_editor: Option<String>,
    last_authenticated_at: Option<String>,
    plan_type: &'static str,
    assignee: Value,
    assigning_team: Option<Value>,
    /// Said by the enterprise only: an organisation's seats are all its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Value>,
}

/// The page of seats that `query` asks for. The enterprise lists somebody once for every organisation that
/// has given them a seat, and counts them once.
pub(super) fn page(world: &World, entity: &Entity, query: &Query, now: DateTime<Utc>) -> Page<Value> {
    let today = now.date_naive();
    let orgs = world.orgs().iter().filter(|org| entity.kind == Kind::Enterprise || org.id == entity.id);
    let holders = |org| holders(world, org, today).map(move |person| (org, person));
    let all: Vec<(&Entity, &Person)> = orgs.flat_map(holders).collect();
    Paging::of(query, 50, 100).pick(&all, |(org, person)| {
        let mut seat = Seat::of(world, org, person, now);
        seat.organization = (entity.kind == Kind::Enterprise).then(|| simple_organisation(org));
        serde_json::to_value(seat).unwrap_or_default()
    })
}

impl Seats {
    /// The body of a page of the seats of `entity`.
    pub(super) fn of(seats: Vec<Value>, world: &World, entity: &Entity, now: DateTime<Utc>) -> Self {
        Self { total_seats: holders(world, entity, now.date_naive()).count(), seats }
    }
}

/// Everybody with a seat on `today`, once.
pub(super) fn holders<'w>(
    world: &'w World,
    entity: &'w Entity,
    today: NaiveDate,
) -> impl Iterator<Item = &'w Person> {
    world.people_of(entity).filter(move |person| person.is_licensed(today))
}

/// The day on which a licence ends, where that is near.
pub(super) fn pending_cancellation(person: &Person, today: NaiveDate) -> Option<NaiveDate> {
    person.licence.until.filter(|until| (1..=NOTICE).contains(&(*until - today).num_days()))
}

impl Seat {
    fn of(world: &World, org: &Entity, person: &Person, now: DateTime<Utc>) -> Self {
        let today = now.date_naive();
        let presence = Presence::of(person, now);
        let seen = presence.as_ref().filter(|_| person.telemetry);
        let created_at = created_at(person);
        Self {
            updated_at: created_at.clone(),
            created_at,
            pending_cancellation_date: pending_cancellation(person, today),
            last_activity_at: seen.map(|seen| written(seen.active_at)),
            last_activity_editor: seen.map(|seen| seen.editor.clone()),
            last_authenticated_at: presence.as_ref().map(|presence| written(presence.authenticated_at)),
            plan_type: person.plan_type(),
            assignee: simple_user(person),
            assigning_team: world.assigning_team(org, person, today).map(|team| org_team(org, team)),
            organization: None,
        }
    }
}

/// Seats are given with the first second of a licence: none is from the future. One in four is written in
/// another time zone, as GitHub does.
fn created_at(person: &Person) -> String {
    let created = at(person.licence.from, 0);
    let is_abroad = chance(&mut dice::about(person.dice, "time zone"), 250);
    let there = created.checked_sub_signed(TimeDelta::hours(6)).filter(|_| is_abroad);
    there.map_or_else(|| written(created), |there| there.format("%Y-%m-%dT%H:%M:%S-06:00").to_string())
}

fn written(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Whether somebody's seat in an organisation came with a team: for three in four.
pub(super) fn came_with_a_team(org: &Entity, person: &Person) -> bool {
    chance(&mut dice::about(mix(person.dice, org.id), "assigning team"), 750)
}
