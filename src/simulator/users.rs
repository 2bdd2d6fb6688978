//! The rows of the user reports: what one person did on one day.
//!
//! Whoever used Copilot that day has a row. Of people with telemetry off only the service itself knows:
//! their rows have zeros and no breakdowns but for what happened on the service's own side, and yet they
//! count among the active users.

use chrono::NaiveDate;
use serde::Serialize;

use super::activity::Activity;
use super::agents::Agents;
use super::credits::Meter;
use super::customisations::Customisations;
use super::deeds::{Deed, Feature};
use super::files::Owner;
use super::phases::Phase;
use super::signals::{self, Signals};
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
    #[serde(flatten)]
    agents: Agents,
    #[serde(flatten)]
    customisations: Customisations,
    ai_credits_used: f64,
    #[serde(flatten)]
    used: Used,
    /// The old name of the cloud agent.
    used_copilot_coding_agent: bool,
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
    #[serde(rename = "used_copilot_app")]
    pub(super) copilot_app: bool,
    #[serde(rename = "used_vscode_agent")]
    pub(super) vscode_agent: bool,
    #[serde(rename = "used_copilot_cloud_agent")]
    pub(super) cloud_agent: bool,
    #[serde(rename = "used_copilot_code_review_active")]
    pub(super) review_active: bool,
    #[serde(rename = "used_copilot_code_review_passive")]
    pub(super) review_passive: bool,
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
        let (told, signals) = (told(person, deeds), signals::reported(person, day, deeds));
        let used = Used::of(told, &signals);
        let mut customisations = Customisations::default();
        customisations.add(&signals.customisations);
        Some(Self {
            span,
            day,
            owner,
            user_id: person.id,
            user_login: &person.login,
            activity: Activity::of(person, day, told),
            agents: Agents::of_user(&signals),
            customisations,
            ai_credits_used: credits(deeds),
            used,
            used_copilot_coding_agent: used.cloud_agent,
            ai_adoption_phase: Phase::of(person),
        })
    }
}

impl Used {
    /// What somebody used who `told` this, and of whom the reports know these signals.
    pub(super) fn of(told: &[Deed], signals: &Signals) -> Self {
        let any = |used: fn(&Deed) -> bool| told.iter().any(used);
        Self {
            agent: any(|deed| matches!(deed.feature, Feature::ChatPanelAgentMode | Feature::AgentEdit)),
            chat: any(|deed| deed.feature.is_chat()),
            cli: any(|deed| deed.feature == Feature::CopilotCli),
            copilot_app: any(|deed| deed.feature == Feature::CopilotApp),
            vscode_agent: signals.vscode_agent.is_some(),
            cloud_agent: signals.cloud_agent,
            review_active: signals.review_active,
            review_passive: signals.review_passive,
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
