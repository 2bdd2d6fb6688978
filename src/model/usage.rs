//! What one scope did on one day.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    detail::{Detail, Used},
    fold::OpenLabel,
    label::{Label, Labels},
    table::{Figures, Ranks, Row, Table, Weight},
};
use crate::github::{
    reports::{Element, EntityDay},
    usage::{UsageDay, UsageRow},
};

/// The figures of a whole day. Each may be unknown, which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Completions shown.
    pub suggestions: Option<i64>,
    /// Completions accepted.
    pub acceptances: Option<i64>,
    /// Lines of the completions shown.
    pub lines_suggested: Option<i64>,
    /// Lines of the completions accepted.
    pub lines_accepted: Option<i64>,
    /// Distinct people: with a completion by the usage API, with anything by reports.
    pub active_users: Option<i64>,
    /// Prompts answered by chat.
    pub chat_turns: Option<i64>,
    /// Pieces of code accepted from chat.
    pub chat_acceptances: Option<i64>,
    /// Distinct people who used chat.
    pub active_chat_users: Option<i64>,
    /// Distinct people on the 7 days up to this one.
    pub weekly_active_users: Option<i64>,
    /// Distinct people on the 28 days up to this one.
    pub monthly_active_users: Option<i64>,
    /// People with a seat, of a team.
    pub seated_users: Option<i64>,
    /// Active people who are in no team that GitHub lists, of an owner.
    pub unlisted_active_users: Option<i64>,
}

/// Adds to a sum. With an unknown part it is unknown, and so is one beyond every number.
pub(super) fn add(sum: &mut Option<i64>, part: Option<i64>) {
    *sum = known_sum(*sum, part);
}

/// A sum, where both parts are known and it is not beyond every number.
pub(super) fn known_sum(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one?.checked_add(other?)
}

/// The figures of a row. Each may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[Option<i64>; 5]", into = "[Option<i64>; 5]")]
pub struct Counts {
    /// Completions shown.
    pub suggestions: Option<i64>,
    /// Completions accepted.
    pub acceptances: Option<i64>,
    /// Lines of the completions shown.
    pub lines_suggested: Option<i64>,
    /// Lines of the completions accepted.
    pub lines_accepted: Option<i64>,
    /// Distinct people with such a completion.
    pub active_users: Option<i64>,
}

impl Counts {
    /// Adds what the same person did as well, or what other people did.
    pub(super) fn add(&mut self, other: &Self) {
        add(&mut self.suggestions, other.suggestions);
        add(&mut self.acceptances, other.acceptances);
        add(&mut self.lines_suggested, other.lines_suggested);
        add(&mut self.lines_accepted, other.lines_accepted);
        add(&mut self.active_users, other.active_users);
    }
}

impl Figures for Counts {
    fn merged(mut self, other: Self) -> Self {
        self.add(&other);
        Self { active_users: None, ..self }
    }

    fn people(&mut self) -> Option<&mut Option<i64>> {
        Some(&mut self.active_users)
    }
}

/// The labels of completions.
pub(super) const COMPLETION_LABELS: [OpenLabel; 2] = [OpenLabel::Language, OpenLabel::Editor];

/// How the names of a row of completions weigh.
pub(super) fn by_completions(row: &Row<2, Counts>) -> [Weight; 2] {
    [Weight::completions(row.figures.suggestions); 2]
}

/// One day of one scope.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayUsage {
    /// Of the whole day. GitHub counts them apart from the rows; the two can differ and neither is corrected.
    pub totals: Totals,
    /// Completions by language and editor.
    pub completions: Table<2, Counts>,
    /// Whether the rows were counted from people. An owner's own report has only languages.
    pub counted: bool,
    /// What reports tell beside that.
    pub detail: Option<Box<Detail>>,
    /// What only people's own rows tell, where they were read.
    pub used: Option<Box<Used>>,
    /// Of a day that is too old to be shown by row, how the names of its completions rank.
    pub ranks: Ranks,
    /// And those of its detail.
    pub detail_ranks: Ranks,
}

impl DayUsage {
    /// The day of a record of the `usage` API, or nothing: a record without a single number is no published day.
    pub fn from_record(record: &UsageDay, labels: &mut Labels) -> Option<(NaiveDate, Self)> {
        if !record.has_number() {
            return None;
        }
        let totals = Totals {
            suggestions: record.total_suggestions_count,
            acceptances: record.total_acceptances_count,
            lines_suggested: record.total_lines_suggested,
            lines_accepted: record.total_lines_accepted,
            active_users: record.total_active_users,
            chat_turns: record.total_chat_turns,
            chat_acceptances: record.total_chat_acceptances,
            active_chat_users: record.total_active_chat_users,
            ..Totals::default()
        };
        let rows = record.breakdown.iter().flatten().map(|row| row_of(row, labels));
        let completions = Table::of(rows);
        Some((record.day, Self { totals, completions, ..Self::default() }))
    }
}

/// The feature of the reports that the usage API called suggestions.
pub(super) const COMPLETIONS: &str = "code_completion";

/// Whether a feature of the reports is what the usage API called chat: for turns, acceptances and people alike.
pub(super) fn is_chat(feature: &str) -> bool {
    feature == "chat_inline" || feature.starts_with("chat_panel_")
}

impl DayUsage {
    /// The day of an owner's record in a report, or nothing where it has no number. A feature that a filled list does
    /// not name did not happen.
    ///
    /// Such a record has languages but neither editors nor people by language. They become rows if `languages` are
    /// wanted: the `editor` is empty, and who is unknown stays so.
    pub fn from_entity(
        record: &EntityDay,
        languages: bool,
        labels: &mut Labels,
    ) -> Option<(NaiveDate, Self)> {
        let features = record.totals_by_feature.as_deref().filter(|features| !features.is_empty());
        let sum = |of: fn(&str) -> bool, read: fn(&Element) -> Option<i64>| {
            let chosen =
                features?.iter().filter(|element| of(element.feature.as_deref().unwrap_or_default()));
            chosen.map(read).try_fold(0, |sum: i64, count| sum.checked_add(count?))
        };
        let completions = |feature: &str| feature == COMPLETIONS;
        let totals = Totals {
            suggestions: sum(completions, |element| element.code_generation_activity_count),
            acceptances: sum(completions, |element| element.code_acceptance_activity_count),
            lines_suggested: sum(completions, |element| element.loc_suggested_to_add_sum),
            lines_accepted: sum(completions, |element| element.loc_added_sum),
            active_users: record.daily_active_users,
            chat_turns: sum(is_chat, |element| element.user_initiated_interaction_count),
            chat_acceptances: sum(is_chat, |element| element.code_acceptance_activity_count),
            weekly_active_users: record.weekly_active_users,
            monthly_active_users: record.monthly_active_users,
            ..Totals::default()
        };
        let detail = Detail::of(record, labels);
        // What stands in rows by language stands in the detail, too.
        if totals == Totals::default() && detail.is_empty() {
            return None;
        }
        let elements = record.totals_by_language_feature.iter().flatten();
        let elements = elements.filter(|element| element.feature.as_deref() == Some(COMPLETIONS));
        let rows = elements.map(|element| language_row(element, labels));
        let completions = if languages { Table::of(rows) } else { Table::default() };
        let detail = Some(Box::new(detail));
        Some((record.day, Self { totals, completions, detail, ..Self::default() }))
    }

    /// The same with names that are held once.
    #[must_use]
    pub(super) fn with_names(self, labels: &mut Labels) -> Self {
        Self {
            completions: self.completions.with_names(labels),
            detail: self.detail.map(|detail| Box::new(detail.with_names(labels))),
            used: self.used.map(|used| Box::new(used.with_names(labels))),
            ranks: self.ranks.with_names(labels),
            detail_ranks: self.detail_ranks.with_names(labels),
            ..self
        }
    }

    /// The same day with the people over a week and a month that are known of it.
    #[must_use]
    pub(super) fn reaching(mut self, known: Option<Totals>) -> Self {
        let Totals { weekly_active_users, monthly_active_users, .. } = known.unwrap_or_default();
        self.totals.weekly_active_users = self.totals.weekly_active_users.or(weekly_active_users);
        self.totals.monthly_active_users = self.totals.monthly_active_users.or(monthly_active_users);
        self
    }

    /// Takes in what the owner's own report says now; what was counted from people stays.
    pub(super) fn renew(&mut self, entity: Self) {
        let Totals { active_chat_users, unlisted_active_users, .. } = self.totals;
        self.totals = Totals { active_chat_users, unlisted_active_users, ..entity.totals };
        (self.detail, self.detail_ranks) = (entity.detail, entity.detail_ranks);
        if !self.counted {
            (self.completions, self.ranks) = (entity.completions, entity.ranks);
        }
    }

    /// Lets go of what stands in rows, for a day that is too old to be shown by row. How names rank stays.
    pub(super) fn keep_ranks(&mut self) {
        let owned = |(label, name, weight): (OpenLabel, &Label, Weight)| (label, name.clone(), weight);
        let completions = std::mem::take(&mut self.completions);
        if !completions.rows.is_empty() {
            self.ranks = Ranks::of(completions.weights(COMPLETION_LABELS, by_completions).map(owned));
        }
        if let Some(detail) = self.detail.take() {
            self.detail_ranks = Ranks::of(detail.weights().map(owned));
        }
        self.used = None;
    }

    /// How much there is of each name on this day. One of which nothing but its people is known weighs nothing.
    pub(super) fn weights(&self) -> impl Iterator<Item = (OpenLabel, &Label, Weight)> {
        let completions = self.completions.weights(COMPLETION_LABELS, by_completions);
        let detail = self.detail.iter().flat_map(|detail| detail.weights());
        let used = self.used.iter().flat_map(|used| used.names());
        let used = used.map(|(label, name)| (label, name, Weight::default()));
        let ranks = self.ranks.weights().chain(self.detail_ranks.weights());
        completions.chain(detail).chain(used).chain(ranks)
    }

    /// Takes in what was counted from people; what the owner's own report says stays.
    pub(super) fn count(&mut self, people: Self) {
        let Totals { active_chat_users, unlisted_active_users, .. } = people.totals;
        let unlisted_active_users = unlisted_active_users.or(self.totals.unlisted_active_users);
        self.totals = Totals { active_chat_users, unlisted_active_users, ..self.totals };
        let Self { completions, ranks, counted, used, .. } = people;
        (self.completions, self.ranks, self.counted, self.used) = (completions, ranks, counted, used);
    }
}

fn language_row(element: &Element, labels: &mut Labels) -> Row<2, Counts> {
    Row {
        names: [labels.label(element.language.as_deref()), labels.none()],
        figures: Counts {
            suggestions: element.code_generation_activity_count,
            acceptances: element.code_acceptance_activity_count,
            lines_suggested: element.loc_suggested_to_add_sum,
            lines_accepted: element.loc_added_sum,
            active_users: None,
        },
    }
}

fn row_of(row: &UsageRow, labels: &mut Labels) -> Row<2, Counts> {
    Row {
        names: [labels.label(row.language.as_deref()), labels.label(row.editor.as_deref())],
        figures: Counts {
            suggestions: row.suggestions_count,
            acceptances: row.acceptances_count,
            lines_suggested: row.lines_suggested,
            lines_accepted: row.lines_accepted,
            active_users: row.active_users,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(json: &str) -> Option<(NaiveDate, DayUsage)> {
        let record: UsageDay = serde_json::from_str(json).unwrap();
        DayUsage::from_record(&record, &mut Labels::default())
    }

    #[test]
    fn every_field_of_the_api_has_its_own_place() {
        let (date, usage) = day(r#"{"day":"2023-10-15","total_suggestions_count":1,"total_acceptances_count":2,
            "total_lines_suggested":3,"total_lines_accepted":4,"total_active_users":5,"total_chat_acceptances":6,
            "total_chat_turns":7,"total_active_chat_users":8,"breakdown":[{"language":"Python","editor":"vscode",
            "suggestions_count":9,"acceptances_count":10,"lines_suggested":11,"lines_accepted":12,"active_users":13}]}"#)
        .unwrap();
        assert_eq!(date.to_string(), "2023-10-15");
        let totals = Totals {
            suggestions: Some(1),
            acceptances: Some(2),
            lines_suggested: Some(3),
            lines_accepted: Some(4),
            active_users: Some(5),
            chat_acceptances: Some(6),
            chat_turns: Some(7),
            active_chat_users: Some(8),
            ..Totals::default()
        };
        assert_eq!(usage.totals, totals);
        let counts = Counts {
            suggestions: Some(9),
            acceptances: Some(10),
            lines_suggested: Some(11),
            lines_accepted: Some(12),
            active_users: Some(13),
        };
        let row = Row { names: ["python", "vscode"].map(Label::new), figures: counts };
        assert_eq!(*usage.completions.rows, [row]);
    }

    /// The day of a report's record.
    fn entity(json: &str) -> Option<DayUsage> {
        let record: EntityDay = serde_json::from_str(json).unwrap();
        DayUsage::from_entity(&record, true, &mut Labels::default()).map(|(_, usage)| usage)
    }

    #[test]
    fn every_field_of_a_report_has_its_own_place_and_other_features_stay_out() {
        let usage = entity(
            r#"{"day":"2026-11-17","daily_active_users":3,"weekly_active_users":5,"monthly_active_users":8,"totals_by_feature":[
            {"feature":"code_completion","code_generation_activity_count":30,"code_acceptance_activity_count":15,"loc_suggested_to_add_sum":70,"loc_added_sum":38,"user_initiated_interaction_count":0},
            {"feature":"chat_inline","user_initiated_interaction_count":4,"code_acceptance_activity_count":1,"code_generation_activity_count":900,"loc_added_sum":900},
            {"feature":"chat_panel_ask_mode","user_initiated_interaction_count":6,"code_acceptance_activity_count":2},
            {"feature":"agent_edit","user_initiated_interaction_count":100,"code_acceptance_activity_count":100,"loc_added_sum":100}],
            "totals_by_language_feature":[
            {"language":"Rust","feature":"code_completion","code_generation_activity_count":20,"code_acceptance_activity_count":10,"loc_suggested_to_add_sum":50,"loc_added_sum":28},
            {"language":"rust","feature":"agent_edit","code_generation_activity_count":999}]}"#,
        )
        .unwrap();
        let totals = Totals {
            suggestions: Some(30),
            acceptances: Some(15),
            lines_suggested: Some(70),
            lines_accepted: Some(38),
            active_users: Some(3),
            chat_turns: Some(10),
            chat_acceptances: Some(3),
            weekly_active_users: Some(5),
            monthly_active_users: Some(8),
            ..Totals::default()
        };
        assert_eq!(usage.totals, totals);
        let counts = Counts {
            suggestions: Some(20),
            acceptances: Some(10),
            lines_suggested: Some(50),
            lines_accepted: Some(28),
            active_users: None,
        };
        assert_eq!(*usage.completions.rows, [Row { names: ["rust", ""].map(Label::new), figures: counts }]);
    }

    #[test]
    fn what_a_report_does_not_say_is_unknown_and_what_a_filled_list_does_not_name_is_zero() {
        let users = entity(r#"{"day":"2026-11-17","daily_active_users":0,"totals_by_feature":[]}"#).unwrap();
        assert_eq!((users.totals.active_users, users.totals.suggestions), (Some(0), None));
        let chat = r#"{"day":"2026-11-17","totals_by_feature":[{"feature":"chat_inline","user_initiated_interaction_count":2}]}"#;
        let chat = entity(chat).unwrap().totals;
        assert_eq!((chat.suggestions, chat.chat_turns, chat.chat_acceptances), (Some(0), Some(2), None));
        assert_eq!(entity(r#"{"day":"2026-11-17"}"#), None);
        assert_eq!(
            entity(r#"{"day":"2026-11-17","totals_by_feature":null,"totals_by_language_feature":[]}"#),
            None
        );
    }

    #[test]
    fn a_record_without_a_single_number_is_no_day() {
        for nothing in [
            r#"{"day":"2024-09-11","breakdown":null}"#,
            r#"{"day":"2024-09-11"}"#,
            r#"{"day":"2024-09-11","breakdown":[]}"#,
            r#"{"day":"2024-09-11","breakdown":[{"language":"rust","editor":"vim"}]}"#,
        ] {
            assert_eq!(day(nothing), None, "{nothing}");
        }
        assert!(day(r#"{"day":"2024-09-11","total_chat_turns":0}"#).is_some(), "a zero is a number");
        let row = r#"{"day":"2024-09-11","breakdown":[{"active_users":1}]}"#;
        assert!(day(row).is_some(), "a row's number is a number");
        assert_eq!(
            entity(r#"{"day":"2026-11-17","totals_by_ide":[{"ide":"vim"}],"pull_requests":{}}"#),
            None
        );
        let language = r#"{"language":"go","feature":"code_completion"}"#;
        assert_eq!(
            entity(&format!(r#"{{"day":"2026-11-17","totals_by_language_feature":[{language}]}}"#)),
            None
        );
        for detail in [
            r#""totals_by_ide":[{"ide":"vim","loc_deleted_sum":0}]"#,
            r#""totals_by_language_feature":[{"feature":"code_completion","loc_added_sum":0}]"#,
            r#""pull_requests":{"total_created":0}"#,
            r#""totals_by_cli":{"token_usage":{"prompt_tokens_sum":0}}"#,
        ] {
            assert!(entity(&format!(r#"{{"day":"2026-11-17",{detail}}}"#)).is_some(), "{detail}");
        }
    }

    #[test]
    fn rows_that_mean_the_same_are_added_and_their_people_unknown() {
        let (_, usage) = day(r#"{"day":"2024-09-11","breakdown":[
            {"language":"C#","editor":"vscode","suggestions_count":3,"acceptances_count":1,"active_users":2},
            {"language":"go","editor":"vim","suggestions_count":5,"active_users":1},
            {"language":"csharp","editor":"VSCode","suggestions_count":4,"active_users":2}]}"#)
        .unwrap();
        let show = |Row { names: [language, editor], figures }: &Row<2, Counts>| {
            let Counts { suggestions, acceptances, active_users, .. } = *figures;
            (language.to_string(), editor.to_string(), suggestions, acceptances, active_users)
        };
        let shown: Vec<_> = usage.completions.rows.iter().map(show).collect();
        let shown: Vec<_> = shown.iter().map(|(l, e, s, a, u)| (&**l, &**e, *s, *a, *u)).collect();
        assert_eq!(
            shown,
            [("csharp", "vscode", Some(7), None, None), ("go", "vim", Some(5), None, Some(1))],
            "acceptances of one of the two are unknown, so their sum is"
        );
    }

    /// A day with numbers that begin with this one, and one row of this name.
    fn numbered(first: i64, language: &str, counted: bool) -> DayUsage {
        let number = |index: i64| Some(first + index);
        let totals = Totals {
            suggestions: number(0),
            acceptances: number(1),
            lines_suggested: number(2),
            lines_accepted: number(3),
            active_users: number(4),
            chat_turns: number(5),
            chat_acceptances: number(6),
            active_chat_users: number(7),
            weekly_active_users: number(8),
            monthly_active_users: number(9),
            seated_users: number(10),
            unlisted_active_users: number(11),
        };
        let row = Row { names: [language, "vim"].map(Label::new), figures: Counts::default() };
        let completions = Table { rows: [row].into(), ..Table::default() };
        // People's rows tell who used what, the owner's own record the rest.
        let used = counted.then(|| Box::new(Used { credits: Some(first), ..Used::default() }));
        let detail = Detail { interactions: Some(first), ..Detail::default() };
        let detail = (!counted).then(|| Box::new(detail));
        DayUsage { totals, completions, counted, detail, used, ..DayUsage::default() }
    }

    fn table<const L: usize, F: Default>(names: [&str; L]) -> Table<L, F> {
        let row = Row { names: names.map(Label::new), figures: F::default() };
        Table { rows: [row].into(), ..Table::default() }
    }

    #[test]
    fn every_name_of_a_day_wherever_it_stands_is_held_once() {
        let detail = Detail {
            features: table(["a"]),
            editors: table(["b"]),
            languages: table(["c", "d"]),
            models: table(["e", "f"]),
            agents: table(["g"]),
            ..Detail::default()
        };
        let used = Used { features: table(["h"]), editors: table(["i"]), ..Used::default() };
        let ranks = |name| Ranks::of([(OpenLabel::Model, Label::new(name), Weight::default())].into_iter());
        let day = DayUsage {
            completions: table(["j", "k"]),
            detail: Some(Box::new(detail)),
            used: Some(Box::new(used)),
            ranks: ranks("l"),
            detail_ranks: ranks("m"),
            ..numbered(100, "go", true)
        };
        let mut labels = Labels::default();
        assert_eq!(day.clone().with_names(&mut labels), day);
        assert_eq!(labels.len(), "abcdefghijklm".len());
    }

    #[test]
    fn of_an_old_day_only_its_totals_stay_and_how_names_rank() {
        for counted in [false, true] {
            let mut day = numbered(100, "go", counted);
            day.keep_ranks();
            assert_eq!(day.totals, numbered(100, "go", counted).totals);
            assert_eq!((day.completions.rows.len(), day.ranks.weights().count()), (0, 2));
            assert_eq!((&day.used, &day.detail), (&None, &None));
            let once = day.clone();
            day.keep_ranks();
            assert_eq!(day, once, "also when it has been let go of before");
        }
    }

    #[test]
    fn what_the_owners_own_report_says_now_leaves_what_was_counted_from_people() {
        let (active_chat_users, unlisted_active_users) = (Some(107), Some(111));
        let mut day = numbered(100, "counted", true);
        day.renew(numbered(200, "own", false));
        let own = numbered(200, "own", false);
        let totals = Totals { active_chat_users, unlisted_active_users, ..own.totals };
        assert_eq!(day, DayUsage { totals, detail: own.detail, ..numbered(100, "counted", true) });

        let mut day = numbered(100, "old", false);
        day.renew(numbered(200, "own", false));
        assert_eq!(day, DayUsage { totals, ..numbered(200, "own", false) });
    }

    #[test]
    fn what_was_counted_from_people_leaves_what_the_owners_own_report_says() {
        let mut day = numbered(100, "own", false);
        day.count(numbered(200, "counted", true));
        let (active_chat_users, unlisted_active_users) = (Some(207), Some(211));
        let DayUsage { totals, detail, .. } = numbered(100, "own", false);
        let totals = Totals { active_chat_users, unlisted_active_users, ..totals };
        let expected = DayUsage { totals, detail: detail.clone(), ..numbered(200, "counted", true) };
        assert_eq!(day, expected);

        day.count(DayUsage { counted: true, ..DayUsage::default() });
        let totals = Totals { active_chat_users: None, ..totals };
        let without_list = DayUsage { totals, detail, counted: true, ..DayUsage::default() };
        assert_eq!(day, without_list, "who is in no team is as it was when there was a list");
    }

    #[test]
    fn sums_with_an_unknown_part_or_beyond_every_number_are_unknown_each_by_itself() {
        let counts = |first: i64| Counts {
            suggestions: Some(first),
            acceptances: Some(first + 1),
            lines_suggested: Some(first + 2),
            lines_accepted: Some(first + 3),
            active_users: Some(first + 4),
        };
        let mut sum = counts(10);
        sum.add(&Counts { acceptances: None, ..counts(100) });
        let expected = Counts {
            suggestions: Some(110),
            acceptances: None,
            lines_suggested: Some(114),
            lines_accepted: Some(116),
            active_users: Some(118),
        };
        assert_eq!(sum, expected);
    }
}
