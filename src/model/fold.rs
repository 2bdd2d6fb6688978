//! Keeping open labels small: the busiest names of a scope stay, the rest becomes `others`.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    label::{Label, OTHERS},
    table::{Figures, Row, Shared, Table, Weight, merge},
    usage::{DayUsage, add},
};

/// A label whose values GitHub takes from everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenLabel {
    /// Programming language.
    Language,
    /// Editor.
    Editor,
    /// Feature of Copilot.
    Feature,
    /// Model.
    Model,
    /// An agent that is not GitHub's.
    Agent,
}

impl OpenLabel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Language, Self::Editor, Self::Feature, Self::Model, Self::Agent];

    /// The name of the label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::Editor => "editor",
            Self::Feature => "feature",
            Self::Model => "model",
            Self::Agent => "agent",
        }
    }
}

/// Which names of a scope are folded: one set for each label, whatever table it stands in. Decided over all its days, so
/// that a series does not come and go with one.
#[derive(Debug, Default)]
pub struct Folds<'a>(BTreeMap<OpenLabel, BTreeSet<&'a Label>>);

impl<'a> Folds<'a> {
    /// The names beyond the `most` of which there is most, see [`Weight`]; of equals, the first by name stay. GitHub's own
    /// `others` takes no place.
    pub fn of(days: &'a BTreeMap<NaiveDate, DayUsage>, most: usize) -> Self {
        let mut weights: BTreeMap<OpenLabel, BTreeMap<&'a Label, Weight>> = BTreeMap::new();
        for (label, name, weight) in days.values().flat_map(DayUsage::weights) {
            weights.entry(label).or_default().entry(name).or_default().add(weight);
        }
        Self(weights.into_iter().map(|(label, names)| (label, folded(names, most))).collect())
    }

    /// The names that are folded.
    pub fn names(&self, label: OpenLabel) -> impl Iterator<Item = &'a Label> {
        self.0.get(&label).into_iter().flatten().copied()
    }

    /// The rows of a table that has these labels, folded names replaced and rows that become the same added up.
    pub(super) fn apply<'t, const L: usize, F: Figures>(
        &self,
        table: &'t Table<L, F>,
        labels: [OpenLabel; L],
    ) -> Cow<'t, [Row<L, F>]> {
        let folded = labels.map(|label| self.0.get(&label).filter(|names| !names.is_empty()));
        if folded.iter().all(Option::is_none) {
            return Cow::Borrowed(&table.rows);
        }
        let others = Label::new(OTHERS);
        let rename = |at: usize, name: &Label| {
            let is_folded = folded[at].is_some_and(|names| names.contains(name));
            if is_folded { others.clone() } else { name.clone() }
        };
        let renamed = |row: &Row<L, F>| Row {
            names: std::array::from_fn(|at| rename(at, &row.names[at])),
            figures: row.figures,
        };
        let parts: Vec<_> = table.rows.iter().map(renamed).collect();
        let mut rows = merge(parts.iter().cloned());
        if let Some(shared) = &table.shared {
            count_people(&mut rows, &parts, shared);
        }
        Cow::Owned(rows.into_vec())
    }
}

/// Counts the people of merged rows: those who stand in several of the rows that became one are in it once.
fn count_people<const L: usize, F: Figures>(rows: &mut [Row<L, F>], parts: &[Row<L, F>], shared: &Shared) {
    let place = |part: &Row<L, F>| rows.binary_search_by(|row| row.names.cmp(&part.names)).ok();
    let places: Vec<Option<usize>> = parts.iter().map(place).collect();
    let mut people = vec![Some(0); rows.len()];
    for (part, place) in parts.iter().zip(&places) {
        let mut figures = part.figures;
        let known = figures.people().and_then(|people| *people);
        if let Some(place) = place {
            add(&mut people[*place], known);
        }
    }
    for (number, group) in shared.groups() {
        let mut met = BTreeSet::new();
        for place in group.iter().filter_map(|part| *places.get(*part as usize)?) {
            if !met.insert(place) {
                add(&mut people[place], Some(-number));
            }
        }
    }
    for (row, people) in rows.iter_mut().zip(people) {
        if let Some(number) = row.figures.people() {
            *number = people;
        }
    }
}

fn folded(mut weights: BTreeMap<&Label, Weight>, most: usize) -> BTreeSet<&Label> {
    // Where nothing is told apart there is no name to take a place.
    weights.retain(|name, _| ***name != *OTHERS && !name.is_empty());
    let mut ranking: Vec<_> = weights.into_iter().collect();
    ranking.sort_by_key(|(name, weight)| (Reverse(*weight), *name));
    ranking.into_iter().skip(most).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        detail::{Used, Users},
        usage::{COMPLETION_LABELS, Counts},
    };

    type Completions = Row<2, Counts>;

    fn row(language: &str, editor: &str, suggestions: i64) -> Completions {
        let figures = Counts { suggestions: Some(suggestions), active_users: Some(1), ..Counts::default() };
        Row { names: [language, editor].map(Label::new), figures }
    }

    fn day(rows: Vec<Completions>) -> DayUsage {
        DayUsage { completions: Table::of(rows.into_iter()), ..DayUsage::default() }
    }

    fn apply<'d>(folds: &Folds<'_>, day: &'d DayUsage) -> Cow<'d, [Completions]> {
        folds.apply(&day.completions, COMPLETION_LABELS)
    }

    fn days(days: impl IntoIterator<Item = Vec<Completions>>) -> BTreeMap<NaiveDate, DayUsage> {
        NaiveDate::MIN.iter_days().zip(days.into_iter().map(day)).collect()
    }

    fn nth(days: &BTreeMap<NaiveDate, DayUsage>, index: usize) -> &DayUsage {
        days.values().nth(index).unwrap()
    }

    fn languages(rows: &[Completions]) -> Vec<(&str, Option<i64>, Option<i64>)> {
        let show = |row: &'_ Completions| (row.figures.suggestions, row.figures.active_users);
        rows.iter().map(|row| (&*row.names[0], show(row).0, show(row).1)).collect()
    }

    #[test]
    fn the_busiest_over_all_days_stay_and_the_rest_joins_githubs_others() {
        let days = days([
            vec![row("rust", "vim", 90), row("go", "vim", 1), row("c", "vim", 1)],
            vec![row("go", "vim", 50), row("c", "vim", 3), row("ada", "vim", 4), row("others", "vim", 100)],
        ]);
        let folds = Folds::of(&days, 2);
        assert_eq!(
            languages(&apply(&folds, nth(&days, 1))),
            [("go", Some(50), Some(1)), ("others", Some(107), None)],
            "people of merged rows are unknown"
        );
        assert_eq!(
            languages(&apply(&folds, nth(&days, 0))),
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
            languages(&apply(&folds, nth(&days, 0))),
            [("a", Some(1), Some(1)), ("others", Some(2), None)]
        );
    }

    #[test]
    fn nothing_is_copied_where_nothing_is_folded() {
        let days = days([vec![row("b", "vim", 1), row("others", "vim", 1)]]);
        assert!(matches!(apply(&Folds::of(&days, 1), nth(&days, 0)), Cow::Borrowed(_)));
    }

    /// The cells in which each of some people stands, with what each was shown in all of them.
    type Stands = Vec<BTreeSet<(String, String)>>;

    /// A day of these people, who share rows as they do.
    fn counted(people: &Stands) -> DayUsage {
        let mut cells: BTreeMap<&(String, String), i64> = BTreeMap::new();
        people.iter().flatten().for_each(|cell| *cells.entry(cell).or_default() += 1);
        let row = |(cell, people): (&&(String, String), &i64)| {
            let figures =
                Counts { active_users: Some(*people), suggestions: Some(*people), ..Counts::default() };
            Row { names: [&cell.0, &cell.1].map(|name| Label::new(name)), figures }
        };
        let rows: Box<[Completions]> = cells.iter().map(row).collect();
        let places: BTreeMap<&(String, String), u32> = cells.keys().copied().zip(0..).collect();
        let mut groups: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        for stands in people.iter().filter(|stands| stands.len() > 1) {
            *groups.entry(stands.iter().map(|cell| places[cell]).collect()).or_default() += 1;
        }
        let groups = groups.into_iter().map(|(rows, people)| (people, rows.into_iter()));
        let completions = Table { rows, shared: Some(Shared::of(groups)) };
        DayUsage { completions, ..DayUsage::default() }
    }

    #[test]
    fn a_row_of_which_people_are_unknown_makes_those_of_the_folded_one_unknown() {
        let stands = [("a", "vim"), ("b", "vim")].map(|(l, e)| (l.to_owned(), e.to_owned()));
        let mut day = counted(&vec![stands.into()]);
        day.completions.rows[0].figures.active_users = None;
        let days = BTreeMap::from([(NaiveDate::MIN, day)]);
        let folds = Folds::of(&days, 0);
        let rows = apply(&folds, nth(&days, 0));
        assert_eq!(languages(&rows), [("others", Some(2), None)]);
    }

    #[test]
    fn who_used_several_of_the_folded_names_counts_once() {
        let row = |name, people| Row { names: [Label::new(name)], figures: Users(Some(people)) };
        let shared = Some(Shared::of([(1, [0, 1].into_iter())].into_iter()));
        let features = Table { rows: [row("a", 2), row("b", 3)].into(), shared };
        let used = Used { features: features.clone(), ..Used::default() };
        let day = DayUsage { used: Some(Box::new(used)), ..DayUsage::default() };
        let days = BTreeMap::from([(NaiveDate::MIN, day)]);
        let rows = Folds::of(&days, 0).apply(&features, [OpenLabel::Feature]).into_owned();
        assert_eq!(rows, [row("others", 4)]);
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
            let rows = apply(&folds, nth(&days, 0));
            let counted = rows.iter().map(|row| {
                let [language, editor] = row.names.each_ref().map(ToString::to_string);
                ((language, editor), row.figures.active_users)
            });
            prop_assert_eq!(counted.collect::<Vec<_>>(), expected.into_iter().map(|(cell, people)| (cell, Some(people))).collect::<Vec<_>>());
        }

        #[test]
        fn folding_keeps_every_sum_and_the_limit(
            cells in prop::collection::vec(("[a-h]", "[x-z]", 0..100i64), 0..40),
            most in 1..6usize,
        ) {
            let days = days([cells.iter().map(|(l, e, n)| row(l, e, *n)).collect()]);
            let whole = nth(&days, 0);
            let folds = Folds::of(&days, most);
            let rows = apply(&folds, whole);
            let sum = |rows: &[Completions]| rows.iter().map(|row| row.figures.suggestions.unwrap()).sum::<i64>();
            prop_assert_eq!(sum(&rows), sum(&whole.completions.rows));
            for at in [0, 1] {
                let names: BTreeSet<_> = rows.iter().map(|row| &row.names[at]).collect();
                prop_assert!(names.len() <= most + 1);
            }
        }
    }
}
