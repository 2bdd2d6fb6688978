//! The figures of one scope on one day while they are being added up, person by person.

use foldhash::HashMap;

use super::{
    detail::{Counters, Detail, Used, Users},
    fold::OpenLabel,
    names::Names,
    share::{DetailShare, Share, UsedShare},
    sums::Sums,
    table::{Figures, Ranks, Row, Shared, Table, Weight},
    usage::{Counts, DayUsage, Totals},
};
use crate::github::reports::{Terminal, TokenUsage};

/// A place in a table: the numbers of its names.
pub(super) type Cell<const L: usize> = [u32; L];

/// A cell as one number: to compare lists of numbers takes longer.
fn key<const L: usize>(cell: Cell<L>) -> u64 {
    const { assert!(L <= 2, "a number has room for two names") };
    cell.into_iter().fold(0, |key, name| key << 32 | u64::from(name))
}

/// One person's part of a table.
#[derive(Debug)]
pub(super) struct Cells<const L: usize, const N: usize> {
    cells: Vec<(Cell<L>, [Option<i64>; N])>,
    /// The cells in which they count as a person, where that is of interest.
    counted: Vec<Cell<L>>,
}

/// The sums of one scope.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) people: i64,
    totals: Sums<7>,
    completions: TableTally<2, 5>,
    used: Option<Box<UsedTally>>,
    detail: Option<Box<DetailTally>>,
    /// Of a day that is not shown, how much there is of each name in the detail; in the order of the names' numbers.
    ranks: Vec<((OpenLabel, u32), Weight)>,
}

#[derive(Debug, Default)]
struct UsedTally {
    /// Of those of whom GitHub tells them.
    credits: Option<Sums<1>>,
    features: TableTally<1, 1>,
    editors: TableTally<1, 1>,
}

#[derive(Debug, Default)]
struct DetailTally {
    sums: Sums<3>,
    /// Of those who have any.
    cli: Option<Sums<5>>,
    features: TableTally<1, 6>,
    editors: TableTally<1, 6>,
    languages: TableTally<2, 6>,
    models: TableTally<2, 6>,
}

/// The sums of one table.
#[derive(Debug)]
struct TableTally<const L: usize, const N: usize> {
    /// In the order of the cells.
    cells: Vec<(Cell<L>, Sums<N>)>,
    /// How many people stand in exactly these cells, where those are several.
    shared: HashMap<Box<[Cell<L>]>, u32>,
}

impl<const L: usize, const N: usize> Default for Cells<L, N> {
    fn default() -> Self {
        Self { cells: Vec::new(), counted: Vec::new() }
    }
}

impl<const L: usize, const N: usize> Cells<L, N> {
    /// Makes room for the next person.
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.counted.clear();
    }

    /// The figures of a cell, which begin with these.
    pub(super) fn cell(&mut self, cell: Cell<L>, first: [Option<i64>; N]) -> &mut [Option<i64>; N] {
        let place = self.cells.iter().position(|(other, _)| *other == cell).unwrap_or_else(|| {
            self.cells.push((cell, first));
            self.cells.len() - 1
        });
        &mut self.cells[place].1
    }

    /// Leaves out the cells in which there is nothing.
    pub(super) fn drop_zeros(&mut self) {
        self.cells.retain(|(_, parts)| *parts != [Some(0); N]);
    }

    /// Remembers in which cells the person counts: where this figure is 1.
    pub(super) fn note_people(&mut self, people: fn(&[Option<i64>; N]) -> Option<i64>) {
        let counted = self.cells.iter().filter(|(_, parts)| people(parts) == Some(1));
        self.counted.extend(counted.map(|(cell, _)| *cell));
        self.counted.sort_unstable();
    }

    /// Those cells, if there are several.
    fn shared(&self) -> Option<&[Cell<L>]> {
        Some(&*self.counted).filter(|cells| cells.len() > 1)
    }
}

impl Tally {
    /// Adds one person.
    pub(super) fn add(&mut self, share: &Share) {
        self.people += 1;
        self.totals.add(share.totals);
        self.completions.add(&share.completions);
    }

    /// Adds what the person used.
    pub(super) fn add_used(&mut self, share: &Share) {
        if let Some(used) = share.used() {
            self.used.get_or_insert_default().add(used);
        }
    }

    /// Adds what the person did with what.
    pub(super) fn add_detail(&mut self, share: &Share) {
        if let Some(detail) = share.detail() {
            self.detail.get_or_insert_default().add(detail);
        }
        share.ranks.iter().for_each(|(label, name, weight)| self.add_rank((*label, *name), *weight));
    }

    fn add_rank(&mut self, name: (OpenLabel, u32), weight: Weight) {
        match self.ranks.binary_search_by_key(&name, |(name, _)| *name) {
            Ok(place) => self.ranks[place].1.add(weight),
            Err(place) => self.ranks.insert(place, (name, weight)),
        }
    }

    /// The same with a place for detail: of a team in which nobody did anything it is zero.
    pub(super) fn with_detail(mut self) -> Self {
        self.detail.get_or_insert_default();
        self
    }

    /// The figures. Of a day that is not shown by row, how names rank.
    pub(super) fn finish(self, names: &Names, is_shown: bool) -> DayUsage {
        let ranks = self.ranks.into_iter().map(|((label, name), weight)| (label, names.label(name), weight));
        let mut usage = DayUsage {
            detail_ranks: Ranks::of(ranks),
            totals: totals_of(self.totals.get()),
            completions: self.completions.finish(names, Counts::of_parts),
            counted: true,
            detail: self.detail.map(|detail| Box::new(detail.finish(names))),
            used: self.used.map(|used| Box::new(used.finish(names))),
            ..DayUsage::default()
        };
        if !is_shown {
            usage.keep_ranks();
        }
        usage
    }
}

impl UsedTally {
    fn add(&mut self, share: &UsedShare) {
        if share.credits.is_some() {
            self.credits.get_or_insert_default().add([share.credits]);
        }
        self.features.add(&share.features);
        self.editors.add(&share.editors);
    }

    fn finish(self, names: &Names) -> Used {
        let users = |[people]: [Option<i64>; 1]| Users(people);
        Used {
            credits: self.credits.and_then(|credits| credits.get()[0]),
            features: self.features.finish(names, users),
            editors: self.editors.finish(names, users),
        }
    }
}

impl DetailTally {
    fn add(&mut self, share: &DetailShare) {
        self.sums.add(share.sums);
        if let Some(cli) = share.cli {
            self.cli.get_or_insert_default().add(cli);
        }
        self.features.add(&share.features);
        self.editors.add(&share.editors);
        self.languages.add(&share.languages);
        self.models.add(&share.models);
    }

    fn finish(self, names: &Names) -> Detail {
        let [interactions, lines_added, lines_deleted] = self.sums.get();
        Detail {
            interactions,
            lines_added,
            lines_deleted,
            features: self.features.finish(names, Counters::of_parts),
            editors: self.editors.finish(names, Counters::of_parts),
            languages: self.languages.finish(names, Counters::of_parts),
            models: self.models.finish(names, Counters::of_parts),
            cli: self.cli.map(|cli| terminal(cli.get())),
            ..Detail::default()
        }
    }
}

impl<const L: usize, const N: usize> Default for TableTally<L, N> {
    fn default() -> Self {
        Self { cells: Vec::new(), shared: HashMap::default() }
    }
}

impl<const L: usize, const N: usize> TableTally<L, N> {
    fn add(&mut self, share: &Cells<L, N>) {
        for (cell, parts) in &share.cells {
            self.cell(*cell).add(*parts);
        }
        if let Some(cells) = share.shared() {
            match self.shared.get_mut(cells) {
                Some(people) => *people += 1,
                None => drop(self.shared.insert(cells.into(), 1)),
            }
        }
    }

    fn cell(&mut self, cell: Cell<L>) -> &mut Sums<N> {
        let place =
            self.cells.binary_search_by_key(&key(cell), |(cell, _)| key(*cell)).unwrap_or_else(|place| {
                self.cells.insert(place, (cell, Sums::default()));
                place
            });
        &mut self.cells[place].1
    }

    fn finish<F: Figures>(self, names: &Names, figures: fn([Option<i64>; N]) -> F) -> Table<L, F> {
        let row = |cell: Cell<L>, sums: Sums<N>| Row {
            names: cell.map(|name| names.label(name)),
            figures: figures(sums.get()),
        };
        let cells = self.cells.into_iter();
        let mut cells: Vec<(Cell<L>, Row<L, F>)> =
            cells.map(|(cell, sums)| (cell, row(cell, sums))).collect();
        cells.sort_unstable_by(|(_, a), (_, b)| a.names.cmp(&b.names));
        let places: HashMap<Cell<L>, u32> =
            (0..).zip(&cells).map(|(place, (cell, _))| (*cell, place)).collect();
        let groups =
            self.shared.iter().map(|(cells, people)| (*people, cells.iter().map(|cell| places[cell])));
        let shared = Some(Shared::of(groups));
        Table { rows: cells.into_iter().map(|(_, row)| row).collect(), shared }
    }
}

/// The totals that are sums over people; nothing else of them is known.
fn totals_of(sums: [Option<i64>; 7]) -> Totals {
    let [
        suggestions,
        acceptances,
        lines_suggested,
        lines_accepted,
        chat_turns,
        chat_acceptances,
        active_chat_users,
    ] = sums;
    Totals {
        suggestions,
        acceptances,
        lines_suggested,
        lines_accepted,
        chat_turns,
        chat_acceptances,
        active_chat_users,
        ..Totals::default()
    }
}

fn terminal(sums: [Option<i64>; 5]) -> Terminal {
    let [session_count, request_count, prompt_count, prompt_tokens_sum, output_tokens_sum] = sums;
    let token_usage = Some(TokenUsage { output_tokens_sum, prompt_tokens_sum });
    Terminal { session_count, request_count, prompt_count, token_usage }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        sync::Arc,
    };

    use chrono::NaiveDate;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        github::reports::{Fold, UserTeam, tests::COUNTERS},
        model::{
            memberships::{Memberships, TeamList},
            people::{Days, People, PeopleDay},
        },
    };

    /// What somebody did with one thing, by its names.
    type Deed = (Vec<&'static str>, [Option<i64>; 6]);

    /// A person's row: prompts, lines added and deleted; credits in eighths; the command line; and lists of deeds by
    /// feature, editor, language and model.
    #[derive(Clone, Debug)]
    struct Row {
        sums: [Option<i64>; 3],
        credits: Option<i64>,
        cli: Option<[Option<i64>; 5]>,
        lists: [Vec<Deed>; 4],
    }

    const LISTS: [(&str, &[&str]); 4] = [
        ("totals_by_feature", &["feature"]),
        ("totals_by_ide", &["ide"]),
        ("totals_by_language_feature", &["language", "feature"]),
        ("totals_by_model_feature", &["model", "feature"]),
    ];

    impl Row {
        fn json(&self, user: usize) -> Value {
            let [prompts, added, deleted] = self.sums;
            let mut row = json!({
                "user_id": user, "user_initiated_interaction_count": prompts, "loc_added_sum": added,
                "loc_deleted_sum": deleted, "ai_credits_used": self.credits.map(|eighths| eighths as f64 / 8.0),
            });
            if let Some([sessions, requests, prompts, read, written]) = self.cli {
                let tokens = json!({"prompt_tokens_sum": read, "output_tokens_sum": written});
                row["totals_by_cli"] = json!({
                    "session_count": sessions, "request_count": requests, "prompt_count": prompts, "token_usage": tokens,
                });
            }
            for ((list, keys), deeds) in LISTS.iter().zip(&self.lists) {
                let element = |(names, counts): &Deed| {
                    let mut element = json!({});
                    keys.iter().zip(names).for_each(|(key, name)| element[key] = json!(name));
                    COUNTERS.iter().zip(counts).for_each(|(field, count)| element[field] = json!(count));
                    element
                };
                row[list] = deeds.iter().map(element).collect();
            }
            row
        }
    }

    fn count() -> impl Strategy<Value = Option<i64>> {
        prop_oneof![1 => Just(None), 12 => (0..3i64).prop_map(Some)]
    }

    fn deeds(names: usize) -> impl Strategy<Value = Vec<Deed>> {
        let name = prop::sample::select(vec!["go", "C#", "csharp", "code_completion"]);
        let counts = [count(), count(), count(), count(), count(), count()];
        prop::collection::vec((prop::collection::vec(name, names), counts), 0..4)
    }

    fn row() -> impl Strategy<Value = Row> {
        let sums = [count(), count(), count()];
        let cli = prop::option::of([count(), count(), count(), count(), count()]);
        let credits = prop::option::of(0..99i64);
        (sums, credits, cli, (deeds(1), deeds(1), deeds(2), deeds(2))).prop_map(
            |(sums, credits, cli, lists)| Row {
                sums,
                credits,
                cli,
                lists: [lists.0, lists.1, lists.2, lists.3],
            },
        )
    }

    fn day() -> NaiveDate {
        "2026-11-17".parse().unwrap()
    }

    /// The day of these people, of whom those with an even number are in team 9.
    fn counted(rows: &[Row], shown: bool) -> PeopleDay {
        let mut list = TeamList::of(day());
        for user in (0..rows.len().max(1)).step_by(2) {
            let row = json!({"user_id": user, "team_id": 9}).to_string();
            list.row(serde_json::from_str::<UserTeam<'_>>(&row).unwrap()).unwrap();
        }
        let mut memberships = Memberships::default();
        memberships.add(list);
        let shown_from = if shown { day() } else { NaiveDate::MAX };
        let mut people =
            People::of(Days::Only(day()), Arc::new(memberships), shown_from).with_team_detail(true);
        for (user, row) in rows.iter().enumerate() {
            people.row(serde_json::from_str(&row.json(user).to_string()).unwrap()).unwrap();
        }
        people.finish().0.remove(&day()).unwrap()
    }

    fn canonical(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| if *name == "C#" { "csharp" } else { name }.to_owned()).collect()
    }

    fn sum<const N: usize>(parts: impl Iterator<Item = [Option<i64>; N]>) -> [Option<i64>; N] {
        let parts: Vec<_> = parts.collect();
        std::array::from_fn(|at| parts.iter().map(|part| part[at]).sum())
    }

    type Naive = BTreeMap<Vec<String>, [Option<i64>; 6]>;

    fn naive(rows: &[&Row], list: usize) -> Naive {
        let mut cells: BTreeMap<Vec<String>, Vec<[Option<i64>; 6]>> = BTreeMap::new();
        for (names, counts) in rows.iter().flat_map(|row| &row.lists[list]) {
            cells.entry(canonical(names)).or_default().push(*counts);
        }
        cells.into_iter().map(|(names, counts)| (names, sum(counts.into_iter()))).collect()
    }

    fn shown<const L: usize>(table: &Table<L, Counters>) -> Naive {
        let names = |row: &super::Row<L, Counters>| row.names.iter().map(ToString::to_string).collect();
        table.rows.iter().map(|row| (names(row), row.figures.parts())).collect()
    }

    /// Who used each name: where anything is known to be above zero, and for editors, whoever is listed.
    fn naive_users(rows: &[&Row], list: usize, listed: bool) -> BTreeMap<String, Option<i64>> {
        let mut people: BTreeMap<String, Vec<Option<i64>>> = BTreeMap::new();
        for row in rows {
            let names: BTreeSet<String> =
                row.lists[list].iter().map(|deed| canonical(&deed.0).remove(0)).collect();
            for name in names {
                let own = row.lists[list].iter().filter(|deed| canonical(&deed.0)[0] == name);
                let counts: Vec<_> = own.flat_map(|deed| deed.1).collect();
                let used = if listed || counts.iter().any(|count| *count > Some(0)) {
                    Some(1)
                } else {
                    counts.iter().all(Option::is_some).then_some(0)
                };
                if used != Some(0) {
                    people.entry(name).or_default().push(used);
                }
            }
        }
        people.into_iter().map(|(name, used)| (name, used.into_iter().sum())).collect()
    }

    fn users(table: &Table<1, Users>) -> BTreeMap<String, Option<i64>> {
        table.rows.iter().map(|row| (row.names[0].to_string(), row.figures.0)).collect()
    }

    fn assert_used(usage: &DayUsage, rows: &[&Row]) {
        assert!(usage.counted);
        let nothing = Used::default();
        let used = usage.used.as_deref().unwrap_or(&nothing);
        assert_eq!(users(&used.features), naive_users(rows, 0, false));
        assert_eq!(users(&used.editors), naive_users(rows, 1, true));
        let credits = rows.iter().filter_map(|row| row.credits).reduce(|a, b| a + b);
        assert_eq!(used.credits, credits.map(|eighths| eighths * 125_000_000));
    }

    fn assert_detail(usage: &DayUsage, rows: &[&Row]) {
        let detail = usage.detail.as_deref().unwrap();
        let own = [detail.interactions, detail.lines_added, detail.lines_deleted];
        assert_eq!(own, sum(rows.iter().map(|row| row.sums)));
        let cli: Vec<_> = rows.iter().filter_map(|row| row.cli).collect();
        let told = detail.cli.map(|Terminal { session_count, request_count, prompt_count, token_usage }| {
            let TokenUsage { prompt_tokens_sum, output_tokens_sum } = token_usage.unwrap();
            [session_count, request_count, prompt_count, prompt_tokens_sum, output_tokens_sum]
        });
        assert_eq!(told, (!cli.is_empty()).then(|| sum(cli.into_iter())));
        let tables = [
            shown(&detail.features),
            shown(&detail.editors),
            shown(&detail.languages),
            shown(&detail.models),
        ];
        for (list, table) in tables.into_iter().enumerate() {
            assert_eq!(table, naive(rows, list), "{}", LISTS[list].0);
        }
    }

    #[test]
    fn to_use_a_feature_is_to_do_anything_with_it() {
        let zeros = [Some(0); 6];
        let mut people: Vec<Row> = (0..6)
            .map(|at| {
                let counts = std::array::from_fn(|other| Some(i64::from(other == at)));
                let lists = [vec![(vec!["go"], counts), (vec!["csharp"], zeros)], vec![], vec![], vec![]];
                Row { sums: [None; 3], credits: None, cli: None, lists }
            })
            .collect();
        let features = |people: &[Row]| users(&counted(people, true).whole.used.unwrap().features);
        assert_eq!(features(&people), [("go".to_owned(), Some(6))].into(), "of each count by itself");
        people[0].lists[0] = vec![(vec!["go"], [Some(0), None, Some(0), Some(0), Some(0), Some(0)])];
        assert_eq!(features(&people), [("go".to_owned(), None)].into(), "nobody knows of the first");
        people[0].lists[0] = vec![(vec!["go"], [None, Some(2), None, None, None, None])];
        assert_eq!(features(&people), [("go".to_owned(), Some(6))].into(), "one is enough");
    }

    proptest! {
        #[test]
        fn detail_is_as_counted_person_by_person(rows in prop::collection::vec(row(), 0..7)) {
            let PeopleDay { whole, teams, .. } = counted(&rows, true);
            let team = &teams.unwrap()[&9];
            let members: Vec<&Row> = rows.iter().step_by(2).collect();
            assert_used(&whole, &rows.iter().collect::<Vec<_>>());
            prop_assert_eq!(whole.detail, None, "an owner's is GitHub's own");
            assert_used(team, &members);
            assert_detail(team, &members);
        }

        #[test]
        fn of_a_day_that_is_not_shown_stays_how_names_rank(mut rows in prop::collection::vec(row(), 0..7)) {
            // What is unknown of one person makes a sum unknown, and of the others it still says how much there is.
            let counts = rows.iter_mut().flat_map(|row| row.lists.iter_mut().flatten()).flat_map(|deed| &mut deed.1);
            counts.for_each(|count| *count = count.or(Some(0)));
            let weights = |day: &PeopleDay| {
                let mut sums = BTreeMap::<_, Weight>::new();
                for (label, name, weight) in day.teams.as_ref().unwrap()[&9].weights() {
                    sums.entry((label, name.to_string())).or_default().add(weight);
                }
                sums.retain(|_, weight| *weight != Weight::default());
                sums
            };
            let old = counted(&rows, false);
            prop_assert_eq!(weights(&old), weights(&counted(&rows, true)));
            let team = &old.teams.as_ref().unwrap()[&9];
            prop_assert_eq!((&team.used, &old.whole.used, &team.detail), (&None, &None, &None));
        }
    }
}
