//! Usage by day: the seed's API, a view of the people's deeds.
//!
//! Counted are people with telemetry on. Rows are completions by language and editor; chat counts in
//! the totals only. A team's day is left out when fewer than five of its members had a licence at its end.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Utc};
use serde::Serialize;

use super::deeds::{Deed, Feature};
use super::errors::Refusal;
use super::paging::{Page, Paging, Query};
use super::routes::Place;
use super::stack::Editor;
use super::world::{Person, Team, World};

/// How far back days go, and how many are on a page at most.
const WINDOW: u8 = 28;

/// Members with a licence below which a team's day is not shown.
const MINIMUM: usize = 5;

/// One day, with every field of GitHub's schema.
#[derive(Debug, Serialize)]
pub(super) struct UsageDay {
    day: NaiveDate,
    total_suggestions_count: u64,
    total_acceptances_count: u64,
    total_lines_suggested: u64,
    total_lines_accepted: u64,
    total_active_users: u64,
    total_chat_acceptances: u64,
    total_chat_turns: u64,
    total_active_chat_users: u64,
    breakdown: Vec<Row>,
}

/// Completions in one language and editor.
#[derive(Debug, Serialize)]
struct Row {
    language: &'static str,
    editor: &'static str,
    #[serde(flatten)]
    counts: Completions,
}

/// The counters of a row.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Completions {
    suggestions_count: u64,
    acceptances_count: u64,
    lines_suggested: u64,
    lines_accepted: u64,
    active_users: u64,
}

/// The page of days that `query` asks for.
///
/// Added up anew for every request: a person's day takes a fraction of a microsecond.
pub(super) fn page(
    world: &World,
    place: Place<'_>,
    query: &Query,
    now: DateTime<Utc>,
) -> Result<Page<UsageDay>, Refusal> {
    let days: Vec<_> = days(query, now)?.filter(|day| is_shown(world, place.team, *day)).collect();
    let usage = |day: &NaiveDate| match place.team {
        Some(team) => fold(world, world.members(team, *day), *day),
        None => fold(world, world.people_of(place.entity), *day),
    };
    Ok(Paging::of(query, WINDOW.into(), WINDOW.into()).pick(&days, usage))
}

/// Owners show every day; a team only those on which it was large enough.
fn is_shown(world: &World, team: Option<&Team>, day: NaiveDate) -> bool {
    team.is_none_or(|team| {
        world.members(team, day).filter(|member| member.is_licensed(day)).take(MINIMUM).count() == MINIMUM
    })
}

/// The days asked for: from `since`, at most 28 days back, to `until`, at most yesterday.
fn days(query: &Query, now: DateTime<Utc>) -> Result<impl Iterator<Item = NaiveDate> + use<>, Refusal> {
    let (since, until) = (instant(query, "since")?, instant(query, "until")?);
    let window = window(now.date_naive());
    if since.is_some_and(|since| since.date() < *window.start()) {
        return Err(invalid("since", "since is more than 28 days ago"));
    }
    if since.zip(until).is_some_and(|(since, until)| until < since) {
        return Err(invalid("until", "until is before since"));
    }
    let first = since.map_or(*window.start(), |since| since.date());
    let last = until.map_or(*window.end(), |until| until.date().min(*window.end()));
    Ok(first.iter_days().take_while(move |day| *day <= last))
}

/// The 28 days before `today`.
fn window(today: NaiveDate) -> RangeInclusive<NaiveDate> {
    let back = |days| today.checked_sub_days(Days::new(days)).unwrap_or(today);
    back(WINDOW.into())..=back(1)
}

/// A query parameter of the form `YYYY-MM-DDTHH:MM:SSZ`, and of no other.
fn instant(query: &Query, name: &'static str) -> Result<Option<NaiveDateTime>, Refusal> {
    const FORM: &str = "%Y-%m-%dT%H:%M:%SZ";
    let Some(text) = query.get(name) else { return Ok(None) };
    // The parser is more lenient than the form: written back, the text must be the same.
    let exact = |instant: &NaiveDateTime| instant.format(FORM).to_string() == text;
    let parsed = NaiveDateTime::parse_from_str(text, FORM).ok().filter(exact);
    parsed.map(Some).ok_or_else(|| invalid(name, format!("{name} is not of the form YYYY-MM-DDTHH:MM:SSZ")))
}

fn invalid(field: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::invalid("CopilotUsage", field, message)
}

/// What `people` did on `day`.
fn fold<'w>(world: &World, people: impl Iterator<Item = &'w Person>, day: NaiveDate) -> UsageDay {
    let mut tally = Tally::default();
    for person in people.filter(|person| person.telemetry) {
        tally.add(&world.deeds(person, day));
    }
    tally.finish(day)
}

/// A day being added up.
#[derive(Default)]
struct Tally {
    rows: BTreeMap<(&'static str, Editor), Completions>,
    active_users: u64,
    chat_turns: u64,
    chat_acceptances: u64,
    chat_users: u64,
}

impl Tally {
    /// Adds one person's day.
    fn add(&mut self, deeds: &[Deed]) {
        let completions = deeds.iter().filter(|deed| deed.feature == Feature::CodeCompletion);
        let chats = deeds.iter().filter(|deed| deed.feature.is_chat());
        self.active_users += u64::from(completions.clone().any(|deed| deed.generations > 0));
        self.chat_users += u64::from(chats.clone().any(|deed| deed.interactions > 0));
        completions.for_each(|deed| self.add_completions(deed));
        for deed in chats {
            self.chat_turns += deed.interactions;
            self.chat_acceptances += deed.acceptances;
        }
    }

    fn add_completions(&mut self, deed: &Deed) {
        let (Some(language), Some(editor)) = (deed.language, deed.editor) else { return };
        let row = self.rows.entry((language, editor)).or_default();
        row.suggestions_count += deed.generations;
        row.acceptances_count += deed.acceptances;
        row.lines_suggested += deed.lines_suggested;
        row.lines_accepted += deed.lines_added;
        // A person has one deed for a language and an editor, so that counting deeds counts people.
        row.active_users += 1;
    }

    fn finish(self, day: NaiveDate) -> UsageDay {
        let total = |count: fn(&Completions) -> u64| self.rows.values().map(count).sum();
        UsageDay {
            day,
            total_suggestions_count: total(|row| row.suggestions_count),
            total_acceptances_count: total(|row| row.acceptances_count),
            total_lines_suggested: total(|row| row.lines_suggested),
            total_lines_accepted: total(|row| row.lines_accepted),
            total_active_users: self.active_users,
            total_chat_acceptances: self.chat_acceptances,
            total_chat_turns: self.chat_turns,
            total_active_chat_users: self.chat_users,
            breakdown: self
                .rows
                .into_iter()
                .map(|((language, editor), counts)| Row { language, editor: editor.usage_name(), counts })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<Vec<String>, Refusal> {
        let now = "2026-11-20T00:30:00Z".parse().unwrap();
        Ok(days(&Query::of(Some(query)), now)?.map(|day| day.to_string()).collect())
    }

    #[test]
    fn the_window_is_the_28_days_up_to_yesterday() {
        let days = asked("").unwrap();
        assert_eq!((days.len(), days[0].as_str(), days[27].as_str()), (28, "2026-10-23", "2026-11-19"));
    }

    #[test]
    fn since_and_until_choose_by_their_utc_dates() {
        for (query, expected) in [
            ("since=2026-11-17T23:59:59Z", vec!["2026-11-17", "2026-11-18", "2026-11-19"]),
            ("since=2026-11-18T00:00:00Z&until=2026-11-18T00:00:00Z", vec!["2026-11-18"]),
            ("until=2026-10-24T00:00:00Z", vec!["2026-10-23", "2026-10-24"]),
            ("since=2026-11-19T00:00:00Z&until=2030-01-01T00:00:00Z", vec!["2026-11-19"]),
            ("since=2026-11-20T00:00:00Z", vec![]),
            ("until=2020-01-01T00:00:00Z", vec![]),
        ] {
            assert_eq!(asked(query).unwrap(), expected, "{query}");
        }
    }

    #[test]
    fn what_is_no_instant_or_out_of_order_or_too_old_is_refused() {
        for query in [
            "since=",
            "since=yesterday",
            "since=2026-11-18",
            "since=2026-11-18T00:00:00",
            "since=2026-11-18T00:00:00z",
            "since=2026-11-18T00:00:00%2B00:00",
            "since=2026-11-18 00:00:00Z",
            "since=2026-11-31T00:00:00Z",
            "since=2026-11-18T24:00:00Z",
            "since=2026-1-18T00:00:00Z",
            "since=%2B2026-11-18T00:00:00Z",
            "until=2026-11-18T00:00:00.5Z",
            "since=2026-10-22T23:59:59Z",
            "since=2026-11-18T00:00:01Z&until=2026-11-18T00:00:00Z",
        ] {
            assert!(asked(query).is_err(), "{query}");
        }
    }
}
