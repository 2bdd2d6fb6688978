//! What one scope did on one day.

use std::collections::{BTreeMap, btree_map::Entry};

use chrono::NaiveDate;

use super::label::{Label, Labels};
use crate::github::usage::{UsageDay, UsageRow};

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
    /// Distinct people with a completion.
    pub active_users: Option<i64>,
    /// Prompts answered by chat.
    pub chat_turns: Option<i64>,
    /// Pieces of code accepted from chat.
    pub chat_acceptances: Option<i64>,
    /// Distinct people who used chat.
    pub active_chat_users: Option<i64>,
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
        };
        let rows = record.breakdown.as_deref().unwrap_or_default().iter().map(|row| row_of(row, labels));
        let rows = merge(rows);
        Some((record.day, Self { totals, rows }))
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
}
