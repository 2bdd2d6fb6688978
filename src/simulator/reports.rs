//! The live API: reports about days published two days after they end, as links to files.
//!
//! An organisation's reports are about its members, wherever they work and whoever pays; the enterprise's
//! about everybody once. Asked for a day that is not published yet, is more than a year ago, or has
//! nothing to report, GitHub has no content.

use chrono::{DateTime, NaiveDate, Utc};
use hyper::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Answer;
use super::calendar::shift;
use super::edition::{Edition, Publishing};
use super::errors::Refusal;
use super::files::{File, Part, span};
use super::links::Links;
use super::options::Options;
use super::paging::Query;
use super::users::Span;
use super::world::{Entity, Kind};

/// How many days one-day reports reach back from today.
const REACH: i64 = 365;

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// An organisation or the enterprise on one day.
    EntityDay,
    /// The same on each of the newest 28 days.
    EntityMonth,
    /// Everybody active on one day.
    UsersDay,
    /// Everybody active on each of the newest 28 days.
    UsersMonth,
    /// Who was in which team on one day.
    UserTeamsDay,
}

/// What reports are made with.
pub(super) struct Reports {
    pub(super) links: Links,
    pub(super) publishing: Publishing,
    /// How many days the reports of 28 days end before the newest published day.
    latest_lag: i64,
    shards: usize,
}

/// Where the files of a one-day report are.
#[derive(Serialize)]
struct OfDay {
    download_links: Vec<String>,
    report_day: NaiveDate,
}

/// Where the files of a 28-day report are.
#[derive(Serialize)]
struct OfMonth {
    download_links: Vec<String>,
    #[serde(flatten)]
    span: Span,
}

impl Report {
    const ALL: [Self; 5] =
        [Self::EntityDay, Self::EntityMonth, Self::UsersDay, Self::UsersMonth, Self::UserTeamsDay];

    /// The report at a path below `…/copilot/metrics/reports` of an owner of that kind.
    pub(super) fn of(kind: Kind, path: &[&str]) -> Option<Self> {
        Self::ALL.into_iter().find(|report| report.path(kind).split('/').eq(path.iter().copied()))
    }

    /// The end of its path, which says whose it is.
    pub(super) fn path(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::EntityDay, Kind::Organisation) => "organization-1-day",
            (Self::EntityDay, Kind::Enterprise) => "enterprise-1-day",
            (Self::EntityMonth, Kind::Organisation) => "organization-28-day/latest",
            (Self::EntityMonth, Kind::Enterprise) => "enterprise-28-day/latest",
            (Self::UsersDay, _) => "users-1-day",
            (Self::UsersMonth, _) => "users-28-day/latest",
            (Self::UserTeamsDay, _) => "user-teams-1-day",
        }
    }

    /// The report of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|report| report.name() == name)
    }

    /// The name its files have, whoever's they are.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::EntityDay => "entity-1-day",
            Self::EntityMonth => "entity-28-day",
            Self::UsersDay => "users-1-day",
            Self::UsersMonth => "users-28-day",
            Self::UserTeamsDay => "user-teams-1-day",
        }
    }

    /// Whether it is about the newest 28 days, so that no day is asked for.
    fn is_latest(self) -> bool {
        matches!(self, Self::EntityMonth | Self::UsersMonth)
    }
}

impl Reports {
    /// Reports whose files are on the host at `downloads`.
    pub(super) fn new(options: &Options, downloads: String) -> Self {
        Self {
            links: Links::new(downloads, options.seed),
            publishing: Publishing::of(options),
            latest_lag: i64::try_from(options.latest_lag).unwrap_or(i64::MAX),
            shards: options.shards,
        }
    }

    /// The answer to who asks for a report.
    pub(super) fn answer(
        &self,
        report: Report,
        entity: &Entity,
        query: &Query,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let edition = self.publishing.at(now);
        if report.is_latest() {
            let last = shift(edition.newest, -self.latest_lag);
            let download_links = self.links_to(report, entity, last, edition, now);
            return Ok(Answer::json(StatusCode::OK, &OfMonth { download_links, span: span(last) }));
        }
        let day = day(query)?;
        if !edition.has(day) || day < shift(now.date_naive(), -REACH) {
            return Ok(Answer::empty(StatusCode::NO_CONTENT));
        }
        let download_links = self.links_to(report, entity, day, edition, now);
        Ok(Answer::json(StatusCode::OK, &OfDay { download_links, report_day: day }))
    }

    /// Freshly signed links to all files of a report.
    fn links_to(
        &self,
        report: Report,
        entity: &Entity,
        day: NaiveDate,
        Edition { newest, .. }: Edition,
        now: DateTime<Utc>,
    ) -> Vec<String> {
        let of = report.parts(self.shards);
        let file =
            |index| File { owner: entity.login.clone(), report, day, newest, part: Part { index, of } };
        (0..of).map(|index| self.links.sign(&file(index).path(), now)).collect()
    }
}

/// The same answer as if no file was there yet.
pub(super) fn without_links(mut answer: Answer) -> Answer {
    let envelope = serde_json::from_slice(&answer.body).ok();
    if let Some(mut envelope) = envelope.filter(|envelope: &Value| envelope.get("download_links").is_some()) {
        envelope["download_links"] = json!([]);
        answer.body = envelope.to_string().into();
    }
    answer
}

/// The query parameter `day`, of the form `YYYY-MM-DD` and of no other.
fn day(query: &Query) -> Result<NaiveDate, Refusal> {
    let invalid = |message| Refusal::invalid("CopilotMetrics", "day", message);
    let text = query.get("day").ok_or_else(|| invalid("day is missing"))?;
    // The parser is more lenient than the form: written back, the text must be the same.
    let parsed = text.parse::<NaiveDate>().ok().filter(|day| text.len() == 10 && day.to_string() == text);
    parsed.ok_or_else(|| invalid("day is not of the form YYYY-MM-DD"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_one_form() {
        for (query, sound) in [
            ("day=2026-11-17", true),
            ("day=2028-02-29", true),
            ("", false),
            ("day=", false),
            ("day=2026-11-31", false),
            ("day=2026-1-7", false),
            ("day=20261117", false),
            ("day=2026-11-17T00:00:00Z", false),
            ("day=+2026-11-17", false),
            ("day=latest", false),
        ] {
            assert_eq!(day(&Query::of(Some(query))).is_ok(), sound, "{query}");
        }
    }

    #[test]
    fn organisations_and_enterprises_have_the_same_reports_under_their_own_names() {
        use Kind::{Enterprise, Organisation};
        for (kind, path, expected) in [
            (Organisation, "organization-1-day", Some(Report::EntityDay)),
            (Organisation, "organization-28-day/latest", Some(Report::EntityMonth)),
            (Enterprise, "enterprise-1-day", Some(Report::EntityDay)),
            (Enterprise, "enterprise-28-day/latest", Some(Report::EntityMonth)),
            (Organisation, "users-1-day", Some(Report::UsersDay)),
            (Enterprise, "users-28-day/latest", Some(Report::UsersMonth)),
            (Organisation, "user-teams-1-day", Some(Report::UserTeamsDay)),
            (Organisation, "enterprise-1-day", None),
            (Enterprise, "organization-1-day", None),
            (Organisation, "org-1-day", None),
            (Organisation, "entity-1-day", None),
            (Organisation, "organization-28-day", None),
            (Organisation, "organization-1-day/latest", None),
            (Organisation, "users-28-day/latest/", None),
            (Organisation, "user-teams-28-day/latest", None),
            (Organisation, "", None),
        ] {
            assert_eq!(Report::of(kind, &path.split('/').collect::<Vec<_>>()), expected, "{path}");
        }
    }
}
