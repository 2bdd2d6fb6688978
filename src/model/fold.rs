//! Keeping open labels small: the busiest names of a scope stay, the rest becomes `others`.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::NaiveDate;

use super::{
    label::{Label, OTHERS},
    usage::{DayUsage, Row, Shared, add, merge},
};

/// An open label of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpenLabel {
    /// Programming language.
    Language,
    /// Editor.
    Editor,
}

impl OpenLabel {
    /// All of them, in the order in which a row carries them.
    pub const ALL: [Self; 2] = [Self::Language, Self::Editor];

    /// The name of the label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::Editor => "editor",
        }
    }

    fn of(self, row: &Row) -> &Label {
        match self {
            Self::Language => &row.language,
            Self::Editor => &row.editor,
        }
    }
}

/// Which names of a scope are folded. Decided over all its days, so that a series does not come and go with one.
#[derive(Debug, Default)]
pub struct Folds<'a>(BTreeMap<OpenLabel, BTreeSet<&'a Label>>);

impl<'a> Folds<'a> {
    /// The names beyond the `most` with the most completions shown; of equals, the first by name stay.
    /// GitHub's own `others` takes no place.
    pub fn of(days: &'a BTreeMap<NaiveDate, DayUsage>, most: usize) -> Self {
        Self(OpenLabel::ALL.map(|label| (label, folded(days, label, most))).into())
    }

    /// The names that are folded.
    pub fn names(&self, label: OpenLabel) -> impl Iterator<Item = &'a Label> {
        self.0.get(&label).into_iter().flatten().copied()
    }

    /// The rows of a day with folded names replaced, those that become the same added up. Nothing if none is folded.
    pub fn apply(&self, day: &DayUsage) -> Option<Box<[Row]>> {
        if self.0.values().all(BTreeSet::is_empty) {
            return None;
        }
        let others = Label::new(OTHERS);
        let name = |label: OpenLabel, row: &Row| {
            let name = label.of(row);
            if self.0.get(&label).is_some_and(|folded| folded.contains(name)) {
                others.clone()
            } else {
                name.clone()
            }
        };
        let fold = |row: &Row| Row {
            language: name(OpenLabel::Language, row),
            editor: name(OpenLabel::Editor, row),
            counts: row.counts,
        };
        let renamed: Vec<Row> = day.rows.iter().map(fold).collect();
        let mut rows = merge(renamed.iter().cloned());
        if let Some(shared) = &day.shared {
            count_people(&mut rows, &renamed, shared);
        }
        Some(rows)
    }
}

/// Counts the people of merged rows: those who stand in several of the rows that became one are in it once.
fn count_people(rows: &mut [Row], parts: &[Row], shared: &Shared) {
    let place = |part: &Row, rows: &[Row]| {
        rows.binary_search_by(|row| (&row.language, &row.editor).cmp(&(&part.language, &part.editor))).ok()
    };
    let places: Vec<Option<usize>> = parts.iter().map(|part| place(part, rows)).collect();
    for row in &mut *rows {
        row.counts.active_users = Some(0);
    }
    for (part, place) in parts.iter().zip(&places) {
        if let Some(row) = place.and_then(|place| rows.get_mut(place)) {
            add(&mut row.counts.active_users, part.counts.active_users);
        }
    }
    for (people, group) in shared.groups() {
        let mut met = BTreeSet::new();
        for place in group.iter().filter_map(|part| *places.get(*part as usize)?) {
            if !met.insert(place) {
                add(&mut rows[place].counts.active_users, Some(-people));
            }
        }
    }
}

fn folded(days: &BTreeMap<NaiveDate, DayUsage>, label: OpenLabel, most: usize) -> BTreeSet<&Label> {
    let mut shown: BTreeMap<&Label, i64> = BTreeMap::new();
    for day in days.values() {
        let rows = day.rows.iter().map(|row| (label.of(row), row.counts.suggestions.unwrap_or_default()));
        let ranked = day.ranked[label as usize].iter().map(|(name, count)| (name, *count));
        for (name, count) in rows.chain(ranked) {
            let sum = shown.entry(name).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    let mut ranking: Vec<_> = shown.into_iter().filter(|(name, _)| ***name != *OTHERS).collect();
    ranking.sort_by_key(|(name, count)| (Reverse(*count), *name));
    ranking.into_iter().skip(most).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::usage::Counts;

    fn row(language: &str, editor: &str, suggestions: i64) -> Row {
        let counts = Counts { suggestions: Some(suggestions), active_users: Some(1), ..Counts::default() };
        Row { language: Label::new(language), editor: Label::new(editor), counts }
    }

    fn day(rows: Vec<Row>) -> DayUsage {
        DayUsage { rows: merge(rows.into_iter()), ..DayUsage::default() }
    }

    fn days(days: impl IntoIterator<Item = Vec<Row>>) -> BTreeMap<NaiveDate, DayUsage> {
        NaiveDate::MIN.iter_days().zip(days.into_iter().map(day)).collect()
    }

    fn nth(days: &BTreeMap<NaiveDate, DayUsage>, index: usize) -> &DayUsage {
        days.values().nth(index).unwrap()
    }

    fn languages(rows: &[Row]) -> Vec<(&str, Option<i64>, Option<i64>)> {
        rows.iter().map(|row| (&*row.language, row.counts.suggestions, row.counts.active_users)).collect()
    }

    #[test]
    fn the_busiest_over_all_days_stay_and_the_rest_joins_githubs_others() {
        let days = days([
            vec![row("rust", "vim", 90), row("go", "vim", 1), row("c", "vim", 1)],
            vec![row("go", "vim", 50), row("c", "vim", 3), row("ada", "vim", 4), row("others", "vim", 100)],
        ]);
        let folds = Folds::of(&days, 2);
        assert_eq!(
            languages(&folds.apply(nth(&days, 1)).unwrap()),
            [("go", Some(50), Some(1)), ("others", Some(107), None)],
            "people of merged rows are unknown"
        );
        assert_eq!(
            languages(&folds.apply(nth(&days, 0)).unwrap()),
            [("go", Some(1), Some(1)), ("others", Some(1), Some(1)), ("rust", Some(90), Some(1))],
            "one row that only changes its name keeps its people"
        );
        assert_eq!(folds.names(OpenLabel::Language).map(|name| &**name).collect::<Vec<_>>(), ["ada", "c"]);
        assert_eq!(folds.names(OpenLabel::Editor).count(), 0);
    }

    #[test]
    fn of_equals_the_first_by_name_stays() {
        let days = days([vec![row("b", "vim", 1), row("a", "vim", 1), row("c", "vim", 1)]]);
        let folds = Folds::of(&days, 1);
        assert_eq!(
            languages(&folds.apply(nth(&days, 0)).unwrap()),
            [("a", Some(1), Some(1)), ("others", Some(2), None)]
        );
    }

    #[test]
    fn nothing_is_copied_where_nothing_is_folded() {
        let days = days([vec![row("b", "vim", 1), row("others", "vim", 1)]]);
        assert_eq!(Folds::of(&days, 1).apply(nth(&days, 0)), None);
    }

    /// The cells in which each of some people stands, with what each was shown in all of them.
    type Stands = Vec<BTreeSet<(String, String)>>;

    /// A day of these people, who share rows as they do.
    fn counted(people: &Stands) -> DayUsage {
        let mut cells: BTreeMap<&(String, String), i64> = BTreeMap::new();
        people.iter().flatten().for_each(|cell| *cells.entry(cell).or_default() += 1);
        let row = |(cell, people): (&&(String, String), &i64)| {
            let counts =
                Counts { active_users: Some(*people), suggestions: Some(*people), ..Counts::default() };
            Row { language: Label::new(&cell.0), editor: Label::new(&cell.1), counts }
        };
        let rows: Box<[Row]> = cells.iter().map(row).collect();
        let places: BTreeMap<&(String, String), u32> = cells.keys().copied().zip(0..).collect();
        let mut groups: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        for stands in people.iter().filter(|stands| stands.len() > 1) {
            *groups.entry(stands.iter().map(|cell| places[cell]).collect()).or_default() += 1;
        }
        let groups = groups.into_iter().map(|(rows, people)| (people, rows.into_iter()));
        DayUsage { rows, shared: Some(Shared::of(groups)), ..DayUsage::default() }
    }

    #[test]
    fn a_row_of_which_people_are_unknown_makes_those_of_the_folded_one_unknown() {
        let stands = [("a", "vim"), ("b", "vim")].map(|(l, e)| (l.to_owned(), e.to_owned()));
        let mut day = counted(&vec![stands.into()]);
        day.rows[0].counts.active_users = None;
        let days = BTreeMap::from([(NaiveDate::MIN, day)]);
        let rows = Folds::of(&days, 0).apply(nth(&days, 0)).unwrap();
        assert_eq!(languages(&rows), [("others", Some(2), None)]);
    }

    proptest! {
        #[test]
        fn people_of_folded_rows_count_once_each(
            people in prop::collection::vec(prop::collection::btree_set(("[a-e]|others", "[x-z]"), 0..6), 0..12),
            most in 0..5usize,
        ) {
            let days = BTreeMap::from([(NaiveDate::MIN, counted(&people))]);
            let folds = Folds::of(&days, most);
            let fold = |label, name: &String| {
                let is_folded = folds.names(label).any(|folded| **folded == **name);
                if is_folded { OTHERS.to_owned() } else { name.clone() }
            };
            let mut expected: BTreeMap<(String, String), i64> = BTreeMap::new();
            for stands in &people {
                let folded: BTreeSet<_> = stands
                    .iter()
                    .map(|(language, editor)| (fold(OpenLabel::Language, language), fold(OpenLabel::Editor, editor)))
                    .collect();
                folded.into_iter().for_each(|cell| *expected.entry(cell).or_default() += 1);
            }
            let rows = folds.apply(nth(&days, 0)).unwrap_or_else(|| nth(&days, 0).rows.clone());
            let counted = rows.iter().map(|row| ((row.language.to_string(), row.editor.to_string()), row.counts.active_users));
            prop_assert_eq!(counted.collect::<Vec<_>>(), expected.into_iter().map(|(cell, people)| (cell, Some(people))).collect::<Vec<_>>());
        }

        #[test]
        fn folding_keeps_every_sum_and_the_limit(
            cells in prop::collection::vec(("[a-h]", "[x-z]", 0..100i64), 0..40),
            most in 1..6usize,
        ) {
            let days = days([cells.iter().map(|(l, e, n)| row(l, e, *n)).collect()]);
            let whole = nth(&days, 0);
            let rows = Folds::of(&days, most).apply(whole).unwrap_or_else(|| whole.rows.clone());
            let sum = |rows: &[Row]| rows.iter().map(|row| row.counts.suggestions.unwrap()).sum::<i64>();
            prop_assert_eq!(sum(&rows), sum(&whole.rows));
            for label in OpenLabel::ALL {
                let names: BTreeSet<_> = rows.iter().map(|row| label.of(row)).collect();
                prop_assert!(names.len() <= most + 1);
            }
        }
    }
}
