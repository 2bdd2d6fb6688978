//! Figures by open labels: rows, how they share people, and how their names rank.

use std::collections::{BTreeMap, btree_map::Entry};

use serde::{Deserialize, Serialize};

use super::{
    fold::OpenLabel,
    label::{Label, Labels},
};

/// What stands in a row.
pub trait Figures: Copy + PartialEq {
    /// The figures of two rows that become one. What is unknown of one is unknown of both; people who are in both
    /// cannot be told apart, so their number is unknown.
    #[must_use]
    fn merged(self, other: Self) -> Self;

    /// The number of distinct people among them, where people are counted.
    fn people(&mut self) -> Option<&mut Option<i64>> {
        None
    }
}

/// One row: the names it is about, and their figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<const L: usize, F> {
    /// One for each label of its table.
    pub names: [Label; L],
    /// The figures.
    pub figures: F,
}

/// Rows by `L` labels, each combination of names once, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "F: Deserialize<'de>"), try_from = "WrittenTable<L, F>")]
pub struct Table<const L: usize, F> {
    /// The rows.
    pub rows: Box<[Row<L, F>]>,
    /// How the rows share people, where that is kept.
    pub shared: Option<Shared>,
}

/// Names with how much there was of each on a day of which no rows are kept: what has to be known to say which of them
/// are folded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranks(Box<[(OpenLabel, Label, Weight)]>);

impl Ranks {
    /// These names, each once.
    pub(super) fn of(weights: impl Iterator<Item = (OpenLabel, Label, Weight)>) -> Self {
        let mut sums: BTreeMap<(OpenLabel, Label), Weight> = BTreeMap::new();
        for (label, name, weight) in weights {
            sums.entry((label, name)).or_default().add(weight);
        }
        Self(sums.into_iter().map(|((label, name), weight)| (label, name, weight)).collect())
    }

    /// Each name and its weight.
    pub(super) fn weights(&self) -> impl Iterator<Item = (OpenLabel, &Label, Weight)> {
        self.0.iter().map(|(label, name, weight)| (*label, name, *weight))
    }

    /// The same with names that are held once.
    #[must_use]
    pub(super) fn with_names(mut self, labels: &mut Labels) -> Self {
        for (_, name, _) in &mut self.0 {
            *name = labels.share(name);
        }
        self
    }
}

/// A row as it is written down: `[["rust", "vim"], [3, 2, 30, 20, 1]]`.
impl<const L: usize, F: Serialize> Serialize for Row<L, F> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.names.as_slice(), &self.figures).serialize(serializer)
    }
}

impl<'de, const L: usize, F: Deserialize<'de>> Deserialize<'de> for Row<L, F> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (names, figures) = <(Vec<Label>, F)>::deserialize(deserializer)?;
        let names =
            names.try_into().map_err(|_| serde::de::Error::custom("a row has too few or too many names"))?;
        Ok(Self { names, figures })
    }
}

/// A table as it is written down, before it is known to be one.
#[derive(Deserialize)]
#[serde(bound(deserialize = "F: Deserialize<'de>"))]
struct WrittenTable<const L: usize, F> {
    rows: Box<[Row<L, F>]>,
    shared: Option<Shared>,
}

impl<const L: usize, F> TryFrom<WrittenTable<L, F>> for Table<L, F> {
    type Error = &'static str;

    fn try_from(WrittenTable { rows, shared }: WrittenTable<L, F>) -> Result<Self, Self::Error> {
        // Two rows of the same names would be the same series twice.
        let in_order = rows.is_sorted_by(|row, next| row.names < next.names);
        if in_order { Ok(Self { rows, shared }) } else { Err("rows are not in the order of their names") }
    }
}

impl<const L: usize, F> Default for Table<L, F> {
    fn default() -> Self {
        Self { rows: Box::default(), shared: None }
    }
}

impl<const L: usize, F: Figures> Table<L, F> {
    /// A table of these rows; those with the same names become one.
    pub(super) fn of(rows: impl Iterator<Item = Row<L, F>>) -> Self {
        Self { rows: merge(rows), ..Self::default() }
    }

    /// How much there is of each name, as often as it stands there; the table has these labels.
    pub(super) fn weights(
        &self,
        labels: [OpenLabel; L],
        weigh: fn(&Row<L, F>) -> [Weight; L],
    ) -> impl Iterator<Item = (OpenLabel, &Label, Weight)> {
        self.rows.iter().flat_map(move |row| {
            let names = labels.into_iter().zip(&row.names).zip(weigh(row));
            names.map(|((label, name), weight)| (label, name, weight))
        })
    }

    /// The same with names that are held once.
    #[must_use]
    pub(super) fn with_names(mut self, labels: &mut Labels) -> Self {
        for name in self.rows.iter_mut().flat_map(|row| &mut row.names) {
            *name = labels.share(name);
        }
        self
    }
}

/// Rows with the same names become one, in the order of the names.
pub(super) fn merge<const L: usize, F: Figures>(rows: impl Iterator<Item = Row<L, F>>) -> Box<[Row<L, F>]> {
    let mut cells = BTreeMap::new();
    for Row { names, figures } in rows {
        match cells.entry(names) {
            Entry::Vacant(free) => {
                free.insert(figures);
            }
            Entry::Occupied(mut taken) => {
                let both = taken.get().merged(figures);
                taken.insert(both);
            }
        }
    }
    cells.into_iter().map(|(names, figures)| Row { names, figures }).collect()
}

/// How much there is of a name. Any completions outweigh every name without, and so do outputs those of which there are
/// only prompts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(Kind, i64)", into = "(Kind, i64)")]
pub struct Weight {
    kind: Kind,
    amount: i64,
}

/// By what a name is weighed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Nothing,
    Interactions,
    Generations,
    Completions,
}

impl From<(Kind, i64)> for Weight {
    fn from((kind, amount): (Kind, i64)) -> Self {
        Self { kind, amount }
    }
}

impl From<Weight> for (Kind, i64) {
    fn from(Weight { kind, amount }: Weight) -> Self {
        (kind, amount)
    }
}

impl Weight {
    /// Of so many completions shown.
    pub(super) fn completions(count: Option<i64>) -> Self {
        Self::of(Kind::Completions, count)
    }

    /// Of so many outputs, or where there are none, of so many prompts.
    pub(super) fn use_of(generations: Option<i64>, interactions: Option<i64>) -> Self {
        let by_outputs = Self::of(Kind::Generations, generations);
        if by_outputs == Self::default() { Self::of(Kind::Interactions, interactions) } else { by_outputs }
    }

    fn of(kind: Kind, count: Option<i64>) -> Self {
        count.filter(|count| *count > 0).map(|amount| Self { kind, amount }).unwrap_or_default()
    }

    /// Adds to it: what outweighs it takes its place, and what it outweighs is nothing.
    pub(super) fn add(&mut self, other: Self) {
        if other.kind == self.kind {
            self.amount = self.amount.saturating_add(other.amount);
        } else {
            *self = other.max(*self);
        }
    }
}

/// The people who stand in more than one row of a table: with it, those of rows that become one are counted exactly.
///
/// Groups of people, each as their number, how many rows they stand in, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Box<[u32]>")]
pub struct Shared(Box<[u32]>);

impl TryFrom<Box<[u32]>> for Shared {
    type Error = &'static str;

    fn try_from(groups: Box<[u32]>) -> Result<Self, Self::Error> {
        let mut rest = &*groups;
        while let [_, rows, behind @ ..] = rest {
            rest =
                behind.get(*rows as usize..).ok_or("a group of people stands in more rows than it names")?;
        }
        if rest.is_empty() { Ok(Self(groups)) } else { Err("a group of people stands in no rows") }
    }
}

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

#[cfg(test)]
impl<const L: usize, F: Figures> Table<L, F> {
    /// A table of one row.
    pub(crate) fn of_one(names: [&str; L], figures: F) -> Self {
        Self { rows: Box::new([Row { names: names.map(Label::new), figures }]), shared: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{detail::Users, usage::Counts};

    #[test]
    fn groups_come_out_as_they_went_in() {
        let groups: [(u32, Vec<u32>); 4] =
            [(3, vec![0, 2]), (1, vec![]), (u32::MAX, vec![7]), (0, vec![1, 2, 3])];
        let shared = Shared::of(groups.iter().map(|(people, rows)| (*people, rows.iter().copied())));
        let out: Vec<_> = shared.groups().map(|(people, rows)| (people, rows.to_vec())).collect();
        assert_eq!(out, groups.map(|(people, rows)| (i64::from(people), rows)));
        assert_eq!(Shared::default().groups().count(), 0);
    }

    #[test]
    fn a_table_comes_back_as_it_was_written_down_and_what_is_none_does_not() {
        let figures = Counts::of_parts([Some(1), Some(2), Some(3), Some(4), None]);
        let row = |language| Row { names: [language, "vim"].map(Label::new), figures };
        let shared = Some(Shared::of([(3, [0, 1].into_iter())].into_iter()));
        let table = Table { rows: [row("go"), row("rust")].into(), shared };
        let written =
            r#"{"rows":[[["go","vim"],[1,2,3,4,null]],[["rust","vim"],[1,2,3,4,null]]],"shared":[3,2,0,1]}"#;
        assert_eq!(serde_json::to_string(&table).unwrap(), written);
        assert_eq!(serde_json::from_str::<Table<2, Counts>>(written).unwrap(), table);
        for (text, problem) in [
            (r#"{"rows":[[["rust"],1],[["go"],1]]}"#, "rows are not in the order of their names"),
            (r#"{"rows":[[["go"],1],[["go"],1]]}"#, "rows are not in the order of their names"),
            (r#"{"rows":[[["go","vim"],1]]}"#, "a row has too few or too many names"),
            (r#"{"rows":[],"shared":[1,2,0]}"#, "a group of people stands in more rows than it names"),
            (r#"{"rows":[],"shared":[1]}"#, "a group of people stands in no rows"),
        ] {
            let refused = serde_json::from_str::<Table<1, Users>>(text).unwrap_err().to_string();
            assert!(refused.starts_with(problem), "{text}: {refused}");
        }
    }

    #[test]
    fn ranks_come_back_as_they_were_written_down_with_names_that_are_held_once() {
        let rank = |label, count| (label, Label::new("go"), Weight::completions(Some(count)));
        let ranks = Ranks::of([rank(OpenLabel::Language, 3), rank(OpenLabel::Editor, 2)].into_iter());
        let written = r#"[["language","go",["completions",3]],["editor","go",["completions",2]]]"#;
        assert_eq!(serde_json::to_string(&ranks).unwrap(), written);
        let mut labels = Labels::default();
        let read: Ranks = serde_json::from_str(written).unwrap();
        assert_eq!((read.with_names(&mut labels), labels.len()), (ranks, 1));
    }

    #[test]
    fn any_completions_outweigh_outputs_and_any_outputs_prompts() {
        let heavy_first = [
            Weight::completions(Some(2)),
            Weight::completions(Some(1)),
            Weight::use_of(Some(900), Some(5)),
            Weight::use_of(Some(1), None),
            Weight::use_of(Some(0), Some(900)),
            Weight::use_of(None, Some(1)),
            Weight::default(),
        ];
        assert!(heavy_first.is_sorted_by(|a, b| a > b));
        for nothing in
            [Weight::completions(Some(0)), Weight::completions(Some(-1)), Weight::use_of(None, None)]
        {
            assert_eq!(nothing, Weight::default());
        }
    }

    #[test]
    fn weights_add_up_by_the_heaviest_kind_in_any_order() {
        let parts = [
            Weight::use_of(Some(7), None),
            Weight::completions(Some(2)),
            Weight::use_of(Some(5), None),
            Weight::completions(Some(i64::MAX)),
        ];
        for start in 0..parts.len() {
            let mut sum = Weight::default();
            parts.iter().cycle().skip(start).take(parts.len()).for_each(|part| sum.add(*part));
            assert_eq!(sum, Weight::completions(Some(i64::MAX)), "{start}");
        }
        let mut outputs = Weight::use_of(Some(7), None);
        outputs.add(Weight::use_of(None, Some(100)));
        outputs.add(Weight::use_of(Some(5), None));
        assert_eq!(outputs, Weight::use_of(Some(12), None));
    }
}
