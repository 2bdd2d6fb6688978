//! What one scope did on one day.

use std::collections::{BTreeMap, btree_map::Entry};

use chrono::NaiveDate;

use super::label::{Label, Labels};
use crate::github::{
    reports::{Element, EntityDay},
    usage::{UsageDay, UsageRow},
};

/// The figures of a whole day. Each may be unknown, which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    *sum = sum.zip(part).and_then(|(sum, part)| sum.checked_add(part));
}

/// The figures of a row. Each may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

    /// The counts of two rows that become one. What is unknown of one is unknown of both; people who are in both
    /// cannot be told apart, so their number is unknown.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        let add = |a: Option<i64>, b: Option<i64>| Some(a?.saturating_add(b?));
        Self {
            suggestions: add(self.suggestions, other.suggestions),
            acceptances: add(self.acceptances, other.acceptances),
            lines_suggested: add(self.lines_suggested, other.lines_suggested),
            lines_accepted: add(self.lines_accepted, other.lines_accepted),
            active_users: None,
        }
    }
}

/// The completions of one language in one editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Programming language.
    pub language: Label,
    /// Editor.
    pub editor: Label,
    /// The figures.
    pub counts: Counts,
}

/// One day of one scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayUsage {
    /// Of the whole day. GitHub counts them apart from the rows; the two can differ and neither is corrected.
    pub totals: Totals,
    /// By language and editor, each pair once, in their order.
    pub rows: Box<[Row]>,
    /// Whether the rows were counted from people. An owner's own report has only languages.
    pub counted: bool,
    /// How the rows share people, where that is kept.
    pub shared: Option<Shared>,
    /// Of a day whose rows are not kept any more, the completions shown by language and by editor.
    pub ranked: [Ranked; 2],
}

/// Names with the completions shown of each: what has to be known to say which of them are folded.
pub type Ranked = Box<[(Label, i64)]>;

/// The people who stand in more than one row of a day: with it, those of rows that become one are counted exactly.
///
/// Groups of people, each as their number, how many rows they stand in, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared(Box<[u32]>);

impl Shared {
    /// Groups of so many people who stand in these rows.
    pub(super) fn of(groups: impl Iterator<Item = (u32, impl Iterator<Item = u32>)>) -> Self {
        let mut all = Vec::new();
        for (people, rows) in groups {
            let start = all.len();
            all.extend([people, 0]);
            all.extend(rows);
            all[start + 1] = u32::try_from(all.len() - start - 2).unwrap_or_default();
        }
        Self(all.into())
    }

    /// The groups: how many people, and their rows.
    pub(super) fn groups(&self) -> impl Iterator<Item = (i64, &[u32])> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let [people, rows, behind @ ..] = rest else { return None };
            let (rows, behind) = behind.split_at(*rows as usize);
            rest = behind;
            Some((i64::from(*people), rows))
        })
    }
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
        let rows = record.breakdown.as_deref().unwrap_or_default().iter().map(|row| row_of(row, labels));
        let rows = merge(rows);
        Some((record.day, Self { totals, rows, ..Self::default() }))
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
        let elements = record.totals_by_language_feature.iter().flatten();
        let elements = elements.filter(|element| element.feature.as_deref() == Some(COMPLETIONS));
        let rows = merge(elements.map(|element| language_row(element, labels)));
        let has_number =
            totals != Totals::default() || rows.iter().any(|row| row.counts != Counts::default());
        let rows = if languages { rows } else { Box::default() };
        has_number.then_some((record.day, Self { totals, rows, ..Self::default() }))
    }

    /// The same with names that are held once.
    #[must_use]
    pub(super) fn with_names(mut self, labels: &mut Labels) -> Self {
        for row in &mut self.rows {
            row.language = labels.share(&row.language);
            row.editor = labels.share(&row.editor);
        }
        for (name, _) in self.ranked.iter_mut().flatten() {
            *name = labels.share(name);
        }
        self
    }

    /// Takes in what the owner's own report says now; what was counted from people stays.
    pub(super) fn renew(&mut self, entity: Self) {
        let Totals { active_chat_users, unlisted_active_users, .. } = self.totals;
        self.totals = Totals { active_chat_users, unlisted_active_users, ..entity.totals };
        if !self.counted {
            self.rows = entity.rows;
        }
    }

    /// Lets go of the rows that were counted, for a day that is too old to be shown by row. How their names rank stays.
    pub(super) fn keep_ranks(&mut self) {
        if !self.counted || self.rows.is_empty() {
            return;
        }
        let mut sums: [BTreeMap<Label, i64>; 2] = Default::default();
        for Row { language, editor, counts } in std::mem::take(&mut self.rows) {
            for (names, name) in sums.iter_mut().zip([language, editor]) {
                let sum = names.entry(name).or_default();
                *sum = sum.saturating_add(counts.suggestions.unwrap_or_default());
            }
        }
        self.shared = None;
        self.ranked = sums.map(|names| names.into_iter().collect());
    }

    /// Takes in what was counted from people; what the owner's own report says stays.
    pub(super) fn count(&mut self, people: Self) {
        let Totals { active_chat_users, unlisted_active_users, .. } = people.totals;
        let unlisted_active_users = unlisted_active_users.or(self.totals.unlisted_active_users);
        self.totals = Totals { active_chat_users, unlisted_active_users, ..self.totals };
        *self = Self { totals: self.totals, ..people };
    }
}

fn language_row(element: &Element, labels: &mut Labels) -> Row {
    Row {
        language: labels.label(element.language.as_deref()),
        editor: labels.none(),
        counts: Counts {
            suggestions: element.code_generation_activity_count,
            acceptances: element.code_acceptance_activity_count,
            lines_suggested: element.loc_suggested_to_add_sum,
            lines_accepted: element.loc_added_sum,
            active_users: None,
        },
    }
}

fn row_of(row: &UsageRow, labels: &mut Labels) -> Row {
    Row {
        language: labels.label(row.language.as_deref()),
        editor: labels.label(row.editor.as_deref()),
        counts: Counts {
            suggestions: row.suggestions_count,
            acceptances: row.acceptances_count,
            lines_suggested: row.lines_suggested,
            lines_accepted: row.lines_accepted,
            active_users: row.active_users,
        },
    }
}

/// Rows with the same labels become one, in the order of the labels.
pub(super) fn merge(rows: impl Iterator<Item = Row>) -> Box<[Row]> {
    let mut cells = BTreeMap::new();
    for Row { language, editor, counts } in rows {
        match cells.entry((language, editor)) {
            Entry::Vacant(free) => {
                free.insert(counts);
            }
            Entry::Occupied(mut taken) => {
                let both = taken.get().merged(counts);
                taken.insert(both);
            }
        }
    }
    cells.into_iter().map(|((language, editor), counts)| Row { language, editor, counts }).collect()
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
        let row = Row { language: Label::new("python"), editor: Label::new("vscode"), counts };
        assert_eq!(*usage.rows, [row]);
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
        assert_eq!(*usage.rows, [Row { language: Label::new("rust"), editor: Label::new(""), counts }]);
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
    }

    #[test]
    fn rows_that_mean_the_same_are_added_and_their_people_unknown() {
        let (_, usage) = day(r#"{"day":"2024-09-11","breakdown":[
            {"language":"C#","editor":"vscode","suggestions_count":3,"acceptances_count":1,"active_users":2},
            {"language":"go","editor":"vim","suggestions_count":5,"active_users":1},
            {"language":"csharp","editor":"VSCode","suggestions_count":4,"active_users":2}]}"#)
        .unwrap();
        let shown: Vec<_> = usage
            .rows
            .iter()
            .map(|row| {
                (
                    &*row.language,
                    &*row.editor,
                    row.counts.suggestions,
                    row.counts.acceptances,
                    row.counts.active_users,
                )
            })
            .collect();
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
        let row =
            Row { language: Label::new(language), editor: Label::new("vim"), counts: Counts::default() };
        let shared = counted.then(Shared::default);
        DayUsage { totals, rows: [row].into(), counted, shared, ..DayUsage::default() }
    }

    #[test]
    fn what_the_owners_own_report_says_now_leaves_what_was_counted_from_people() {
        let (active_chat_users, unlisted_active_users) = (Some(107), Some(111));
        let mut day = numbered(100, "counted", true);
        day.renew(numbered(200, "own", false));
        let totals = Totals { active_chat_users, unlisted_active_users, ..numbered(200, "", false).totals };
        assert_eq!(day, DayUsage { totals, ..numbered(100, "counted", true) });

        let mut day = numbered(100, "old", false);
        day.renew(numbered(200, "own", false));
        assert_eq!(day, DayUsage { totals, ..numbered(200, "own", false) });
    }

    #[test]
    fn what_was_counted_from_people_leaves_what_the_owners_own_report_says() {
        let mut day = numbered(100, "own", false);
        day.count(numbered(200, "counted", true));
        let (active_chat_users, unlisted_active_users) = (Some(207), Some(211));
        let totals = Totals { active_chat_users, unlisted_active_users, ..numbered(100, "", false).totals };
        assert_eq!(day, DayUsage { totals, ..numbered(200, "counted", true) });

        day.count(DayUsage { counted: true, ..DayUsage::default() });
        let totals = Totals { active_chat_users: None, ..totals };
        let without_list = DayUsage { totals, counted: true, ..DayUsage::default() };
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

    #[test]
    fn groups_come_out_as_they_went_in() {
        let groups: [(u32, Vec<u32>); 4] =
            [(3, vec![0, 2]), (1, vec![]), (u32::MAX, vec![7]), (0, vec![1, 2, 3])];
        let shared = Shared::of(groups.iter().map(|(people, rows)| (*people, rows.iter().copied())));
        let out: Vec<_> = shared.groups().map(|(people, rows)| (people, rows.to_vec())).collect();
        assert_eq!(out, groups.map(|(people, rows)| (i64::from(people), rows)));
        assert_eq!(Shared::default().groups().count(), 0);
    }
}
