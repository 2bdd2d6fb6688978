//! An organisation's Copilot subscription: its settings, and how many seats are in which state.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Serialize;

use super::presence::Presence;
use super::seats::{holders, pending_cancellation};
use super::world::{Entity, World};

/// The subscription, with every field of GitHub's schema.
#[derive(Debug, Serialize)]
pub(super) struct Billing {
    seat_breakdown: Breakdown,
    public_code_suggestions: &'static str,
    seat_management_setting: &'static str,
    ide_chat: &'static str,
    platform_chat: &'static str,
    cli: &'static str,
    plan_type: &'static str,
}

/// Seats by what happened to them in this cycle, which is the calendar month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Breakdown {
    total: u64,
    added_this_cycle: u64,
    pending_cancellation: u64,
    pending_invitation: u64,
    active_this_cycle: u64,
    inactive_this_cycle: u64,
}

impl Billing {
    /// The subscription of `org` at `now`.
    pub(super) fn of(world: &World, org: &Entity, now: DateTime<Utc>) -> Self {
        Self {
            seat_breakdown: Breakdown::of(world, org, now),
            public_code_suggestions: "block",
            seat_management_setting: "assign_selected",
            ide_chat: "enabled",
            platform_chat: "enabled",
            cli: "enabled",
            plan_type: "business",
        }
    }
}

impl Breakdown {
    fn of(world: &World, org: &Entity, now: DateTime<Utc>) -> Self {
        let today = now.date_naive();
        let is_this_month = |day: NaiveDate| (day.year(), day.month()) == (today.year(), today.month());
        let mut breakdown = Self::default();
        for person in holders(world, org, today) {
            let seen = Presence::of(person, now).filter(|_| person.telemetry);
            let is_active = seen.is_some_and(|seen| is_this_month(seen.active_at.date_naive()));
            breakdown.total += 1;
            breakdown.added_this_cycle += u64::from(is_this_month(person.licence.from));
            breakdown.pending_cancellation += u64::from(pending_cancellation(person, today).is_some());
            breakdown.active_this_cycle += u64::from(is_active);
            breakdown.inactive_this_cycle += u64::from(!is_active);
        }
        breakdown
    }
}
