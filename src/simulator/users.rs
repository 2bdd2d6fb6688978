//! The rows of the user reports: what one person did on one day.
//!
//! Whoever used Copilot that day has a row. Of people with telemetry off only the service itself knows:
//! their rows have zeros and no breakdowns, and yet they count among the active users.

use chrono::NaiveDate;
use serde::Serialize;

use super::activity::Activity;
use super::credits::Meter;
use super::deeds::{Deed, Feature};
use super::files::Owner;
use super::phases::Phase;
use super::world::Person;

/// A row.
#[derive(Debug, Serialize)]
pub(super) struct UserDay<'w> {
    #[serde(flatten)]
    span: Option<Span>,
    day: NaiveDate,
    #[serde(flatten)]
    owner: &'w Owner,
    user_id: u64,
    user_login: &'w str,
    #[serde(flatten)]
    activity: Activity,
    ai_credits_used: f64,
    #[serde(flatten)]
    used: Used,
    ai_adoption_phase: Phase,
}

/// The days of a 28-day report, which every row of it repeats.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Span {
    pub(super) report_start_day: NaiveDate,
    pub(super) report_end_day: NaiveDate,
}

/// What was used at all.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Used {
    /// Agent mode in an editor.
    #[serde(rename = "used_agent")]
    pub(super) agent: bool,
    #[serde(rename = "used_chat")]
    pub(super) chat: bool,
    #[serde(rename = "used_cli")]
    pub(super) cli: bool,
}

impl<'w> UserDay<'w> {
    /// The row of somebody who did `deeds`; none without any.
    pub(super) fn of(
        owner: &'w Owner,
        span: Option<Span>,
        person: &'w Person,
        day: NaiveDate,
        deeds: &[Deed],
    ) -> Option<Self> {
        if deeds.is_empty() {
            return None;
        }
        let mut activity = Activity::default();
        activity.add(told(person, deeds));
        Some(Self {
            span,
            day,
            owner,
            user_id: person.id,
            user_login: &person.login,
            activity,
            ai_credits_used: credits(deeds),
            used: Used::of(told(person, deeds)),
            ai_adoption_phase: Phase::of(person),
        })
    }
}

impl Used {
    pub(super) fn of(deeds: &[Deed]) -> Self {
        let any = |used: fn(&Deed) -> bool| deeds.iter().any(used);
        Self {
            agent: any(|deed| matches!(deed.feature, Feature::ChatPanelAgentMode | Feature::AgentEdit)),
            chat: any(|deed| deed.feature.is_chat()),
            cli: any(|deed| deed.feature == Feature::CopilotCli),
        }
    }
}

/// What `person`'s editors tell of `deeds`.
pub(super) fn told<'d>(person: &Person, deeds: &'d [Deed]) -> &'d [Deed] {
    if person.telemetry { deeds } else { &[] }
}

/// The service counts these itself, telemetry or not.
fn credits(deeds: &[Deed]) -> f64 {
    let hundredths: u64 = Meter::AiCredits.read(deeds).values().sum();
    hundredths as f64 / 100.0
}
