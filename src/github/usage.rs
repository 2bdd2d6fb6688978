//! The Copilot usage API: one record a day, with rows by language and editor.
//!
//! Documented at the time under "REST API endpoints for Copilot usage metrics"; GitHub closed it on 2025-03-01.
//! It gives at most the 28 days up to yesterday, and for a team only the days on which it had five licensed members.

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, de::Error};

use super::{
    client::{Answer, Client, Question, Validators},
    endpoint::Endpoint,
    failure::{Failure, Reason},
};
use crate::owner::Owner;

/// Days on one page at most: all that GitHub has.
pub const MOST_PER_PAGE: u8 = 28;

/// One day. Every total may be missing, which means unknown and not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct UsageDay {
    /// UTC day.
    #[serde(deserialize_with = "day")]
    pub day: NaiveDate,
    /// Completions shown.
    pub total_suggestions_count: Option<i64>,
    /// Completions accepted.
    pub total_acceptances_count: Option<i64>,
    /// Lines of the completions shown.
    pub total_lines_suggested: Option<i64>,
    /// Lines of the completions accepted.
    pub total_lines_accepted: Option<i64>,
    /// People who were shown a completion.
    pub total_active_users: Option<i64>,
    /// Prompts answered by chat in the editor.
    pub total_chat_turns: Option<i64>,
    /// Pieces of code accepted from chat.
    pub total_chat_acceptances: Option<i64>,
    /// People who used chat in the editor.
    pub total_active_chat_users: Option<i64>,
    /// Completions by language and editor; null and missing mean that nothing is known.
    pub breakdown: Option<Vec<UsageRow>>,
}

/// The completions of one language in one editor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct UsageRow {
    /// As the editor sent it.
    pub language: Option<String>,
    /// As GitHub names it.
    pub editor: Option<String>,
    /// Completions shown.
    pub suggestions_count: Option<i64>,
    /// Completions accepted.
    pub acceptances_count: Option<i64>,
    /// Lines of the completions shown.
    pub lines_suggested: Option<i64>,
    /// Lines of the completions accepted.
    pub lines_accepted: Option<i64>,
    /// People with such a completion: a distinct count, never to be added up.
    pub active_users: Option<i64>,
}

impl UsageDay {
    /// Whether anything is known of the day. GitHub lists days before it has counted them.
    pub fn has_number(&self) -> bool {
        let totals = [
            self.total_suggestions_count,
            self.total_acceptances_count,
            self.total_lines_suggested,
            self.total_lines_accepted,
            self.total_active_users,
            self.total_chat_turns,
            self.total_chat_acceptances,
            self.total_active_chat_users,
        ];
        totals.iter().any(Option::is_some) || self.breakdown.iter().flatten().any(UsageRow::has_number)
    }
}

impl UsageRow {
    fn has_number(&self) -> bool {
        let counts = [
            self.suggestions_count,
            self.acceptances_count,
            self.lines_suggested,
            self.lines_accepted,
            self.active_users,
        ];
        counts.iter().any(Option::is_some)
    }
}

/// A day as the API writes it. Years of five digits and years before Copilot are nonsense, and would stay the newest
/// or the oldest day for good.
pub(super) fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let day = NaiveDate::deserialize(deserializer)?;
    if (2021..=9999).contains(&day.year()) { Ok(day) } else { Err(D::Error::custom("no day of Copilot's")) }
}

/// Which days to ask for. The default is all that GitHub has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From the day of this moment on; at most 28 days ago.
    pub since: Option<DateTime<Utc>>,
    /// Up to the day of this moment; not before `since`.
    pub until: Option<DateTime<Utc>>,
    /// Days per page, 1 to [`MOST_PER_PAGE`].
    pub per_page: u8,
    /// The page to begin with, from 1.
    pub page: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { since: None, until: None, per_page: MOST_PER_PAGE, page: 1 }
    }
}

impl Window {
    /// The query, in which GitHub's own defaults are left out, except for the page size.
    fn query(&self) -> Vec<(&'static str, String)> {
        let instant = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Secs, true);
        let since = self.since.map(|since| ("since", instant(since)));
        let until = self.until.map(|until| ("until", instant(until)));
        let page = (self.page > 1).then(|| ("page", self.page.to_string()));
        let per_page = Some(("per_page", self.per_page.to_string()));
        [since, until, page, per_page].into_iter().flatten().collect()
    }
}

/// The days of an owner, or of one of its teams, in the order in which GitHub gives them.
///
/// An empty list is an answer: for a team it means fewer than five licensed members.
///
/// # Errors
/// Any [`Failure`]: 401, 403, 404 and 5xx each have a word of their own.
pub async fn days(
    client: &Client,
    owner: &Owner,
    team: Option<&str>,
    window: &Window,
    known: &Validators,
) -> Result<Answer<Vec<UsageDay>>, Failure> {
    let question = Question { endpoint: Endpoint::usage(owner, team), owner, team, query: window.query() };
    client.list(&question, known).await.map_err(|failure| point_to_reports(failure, team))
}

/// A 404 for an owner is what everybody gets from GitHub itself now that it has closed this interface.
fn point_to_reports(failure: Failure, team: Option<&str>) -> Failure {
    if failure.reason != Reason::NotFound || team.is_some() {
        return failure;
    }
    let detail = format!(
        "{}; GitHub closed this interface in 2025, and GITHUB_COPILOT_API=reports asks the live one",
        failure.detail
    );
    Failure { detail, ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_alone_makes_a_day_known() {
        let day = |fields: &str| serde_json::from_str(&format!(r#"{{"day":"2026-11-20"{fields}}}"#));
        let totals = [
            "total_suggestions_count",
            "total_acceptances_count",
            "total_lines_suggested",
            "total_lines_accepted",
            "total_active_users",
            "total_chat_turns",
            "total_chat_acceptances",
            "total_active_chat_users",
        ];
        let counts =
            ["suggestions_count", "acceptances_count", "lines_suggested", "lines_accepted", "active_users"];
        let totals = totals.map(|total| format!(r#","{total}":0"#));
        let rows = counts.map(|count| format!(r#","breakdown":[{{"{count}":0}}]"#));
        for fields in totals.iter().chain(&rows) {
            let day: UsageDay = day(fields).unwrap();
            assert!(day.has_number(), "{fields}");
        }
        let nothing: UsageDay = day(r#","breakdown":[{"language":"go"}]"#).unwrap();
        assert!(!nothing.has_number());
    }

    #[test]
    fn days_that_cannot_be_are_refused() {
        for day in ["0001-01-01", "2020-12-31", "+12026-01-01", "2026-13-01", "yesterday", ""] {
            let parsed = serde_json::from_str::<UsageDay>(&format!(r#"{{"day":"{day}"}}"#));
            assert!(parsed.is_err(), "{day}");
        }
    }

    #[test]
    fn the_query_has_instants_as_the_page_documents_them() {
        let window = Window {
            since: Some("2023-10-15T00:00:00.5Z".parse().unwrap()),
            until: Some("2023-10-16T12:30:00+02:00".parse().unwrap()),
            per_page: 5,
            page: 2,
        };
        let expected = [
            ("since", "2023-10-15T00:00:00Z"),
            ("until", "2023-10-16T10:30:00Z"),
            ("page", "2"),
            ("per_page", "5"),
        ];
        assert_eq!(window.query(), expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(Window::default().query(), [("per_page", "28".to_owned())]);
    }
}
