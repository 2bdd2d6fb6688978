//! What people did, added up while it arrives: nothing of a person is left but numbers.
//!
//! The rows of a report about users become, for every day of it, the figures of the owner and of each team that somebody
//! was in on that day. See [`People`].

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chrono::NaiveDate;

use super::{
    label::{Label, Labels, UNKNOWN},
    memberships::{Memberships, bit},
    usage::{COMPLETIONS, Counts, DayUsage, Row, Shared, Totals, add, is_chat},
};
use crate::github::reports::{Element, Fold, Name, UserDay};

/// The editor of somebody who used several on a day: GitHub does not tell what was done in which.
const MULTIPLE: &str = "multiple";

/// Which days of a report are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Days {
    /// The day of a one-day report; a record of another is a mistake, and one without a day is of this.
    Only(NaiveDate),
    /// These, of a report of many; records of others are passed over.
    These(Vec<NaiveDate>),
}

impl Days {
    fn all(&self) -> &[NaiveDate] {
        match self {
            Self::Only(day) => std::slice::from_ref(day),
            Self::These(days) => days,
        }
    }
}

/// The figures of some days as they are being added up.
#[derive(Debug)]
pub struct People {
    wanted: Days,
    memberships: Arc<Memberships>,
    names: Names,
    days: BTreeMap<NaiveDate, DayFold>,
    /// Days of activity, beside every entry of the memberships.
    active: Vec<u64>,
    /// From this day on it is remembered how rows share people.
    shared_from: NaiveDate,
}

/// What people did on one day, as an owner and its teams see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleDay {
    /// How many had a record.
    pub people: i64,
    /// Of everybody: by language and editor. The totals that an owner's own report has are not in it.
    pub whole: DayUsage,
    /// Of the teams that GitHub lists, by id; nothing if its list is not there.
    pub teams: Option<BTreeMap<u64, DayUsage>>,
}

/// A place in the table of languages and editors.
type Cell = (u32, u32);

#[derive(Debug, Default)]
struct DayFold {
    whole: ScopeFold,
    teams: HashMap<u64, ScopeFold>,
    unlisted: i64,
}

/// The sums of one scope.
#[derive(Debug)]
struct ScopeFold {
    people: i64,
    totals: Totals,
    cells: HashMap<Cell, Counts>,
    /// How many people stand in exactly these cells, where those are several.
    shared: HashMap<Box<[Cell]>, u32>,
}

impl Default for ScopeFold {
    fn default() -> Self {
        let nothing = Some(0);
        let totals = Totals {
            suggestions: nothing,
            acceptances: nothing,
            lines_suggested: nothing,
            lines_accepted: nothing,
            chat_turns: nothing,
            chat_acceptances: nothing,
            active_chat_users: nothing,
            ..Totals::default()
        };
        Self { people: 0, totals, cells: HashMap::new(), shared: HashMap::new() }
    }
}

/// One person's day.
struct Share {
    totals: Totals,
    cells: Vec<(Cell, Counts)>,
    /// The cells in which they count as active, if there are several.
    shared: Option<Box<[Cell]>>,
}

impl People {
    /// Nothing yet of these days, to be joined with the teams of each.
    ///
    /// From `shared_from` on enough is kept to count people exactly when rows are folded; that takes room.
    pub fn of(wanted: Days, memberships: Arc<Memberships>, shared_from: NaiveDate) -> Self {
        let days = wanted.all().iter().map(|day| (*day, DayFold::default())).collect();
        let active = vec![0; memberships.entries.len()];
        Self { wanted, memberships, names: Names::default(), days, active, shared_from }
    }

    /// The figures of every day, and the days of activity beside every entry of the memberships.
    pub fn finish(self) -> (BTreeMap<NaiveDate, PeopleDay>, Vec<u64>) {
        let Self { memberships, names, days, active, .. } = self;
        let days = days.into_iter().map(|(day, fold)| {
            let seated = memberships.seated(day);
            (day, fold.finish(&names, seated))
        });
        (days.collect(), active)
    }
}

impl Fold for People {
    type Row<'de> = UserDay<'de>;

    fn begin(&self) -> Self {
        Self::of(self.wanted.clone(), Arc::clone(&self.memberships), self.shared_from)
    }

    fn row(&mut self, row: UserDay<'_>) -> Result<(), &'static str> {
        let day = match (&self.wanted, row.day) {
            (Days::Only(day), None) => *day,
            (Days::Only(only), Some(day)) if day != *only => return Err("a record is of another day"),
            // Its figures would be missing on a day that nobody can name.
            (Days::These(_), None) => return Err("a record is of no day"),
            (_, Some(day)) => day,
        };
        let Some(fold) = self.days.get_mut(&day) else { return Ok(()) };
        let share = Share::of(&row, &mut self.names, day >= self.shared_from);
        fold.whole.add(&share);
        let mut listed = false;
        for (entry, team) in self.memberships.of(row.user_id, day) {
            fold.teams.entry(team).or_default().add(&share);
            self.active[entry] |= bit(day);
            listed = true;
        }
        fold.unlisted += i64::from(!listed);
        Ok(())
    }

    fn merge(&mut self, file: Self) {
        let known = self.names.merge(file.names);
        for (day, fold) in file.days {
            self.days.entry(day).or_default().merge(fold, &known);
        }
        for (active, more) in self.active.iter_mut().zip(file.active) {
            *active |= more;
        }
    }
}

impl DayFold {
    fn merge(&mut self, file: Self, known: &[u32]) {
        self.whole.merge(file.whole, known);
        for (team, fold) in file.teams {
            self.teams.entry(team).or_default().merge(fold, known);
        }
        self.unlisted += file.unlisted;
    }

    fn finish(mut self, names: &Names, seated: Option<&BTreeMap<u64, i64>>) -> PeopleDay {
        let people = self.whole.people;
        let mut whole = self.whole.finish(names);
        // The owner's own report says the rest.
        let Totals { active_chat_users, .. } = whole.totals;
        let unlisted_active_users = seated.map(|_| self.unlisted);
        whole.totals = Totals { active_chat_users, unlisted_active_users, ..Totals::default() };
        let teams = seated.map(|seated| {
            let team = |(team, seated): (&u64, &i64)| {
                let fold = self.teams.remove(team).unwrap_or_default();
                let active_users = Some(fold.people);
                let mut usage = fold.finish(names);
                usage.totals = Totals { active_users, seated_users: Some(*seated), ..usage.totals };
                (*team, usage)
            };
            seated.iter().map(team).collect()
        });
        PeopleDay { people, whole, teams }
    }
}

impl ScopeFold {
    fn add(&mut self, share: &Share) {
        self.people += 1;
        self.totals.add(&share.totals);
        for (cell, counts) in &share.cells {
            self.cells.entry(*cell).and_modify(|sum| sum.add(counts)).or_insert(*counts);
        }
        if let Some(cells) = &share.shared {
            match self.shared.get_mut(cells) {
                Some(people) => *people += 1,
                None => drop(self.shared.insert(cells.clone(), 1)),
            }
        }
    }

    fn merge(&mut self, file: Self, known: &[u32]) {
        let renamed = |(language, editor): Cell| (known[language as usize], known[editor as usize]);
        self.people += file.people;
        self.totals.add(&file.totals);
        for (cell, counts) in file.cells {
            self.cells.entry(renamed(cell)).and_modify(|sum| sum.add(&counts)).or_insert(counts);
        }
        for (cells, people) in file.shared {
            let mut cells: Box<[Cell]> = cells.iter().copied().map(renamed).collect();
            cells.sort_unstable();
            *self.shared.entry(cells).or_default() += people;
        }
    }

    fn finish(self, names: &Names) -> DayUsage {
        let row = |(cell, counts): (&Cell, &Counts)| Row {
            language: names.labels[cell.0 as usize].clone(),
            editor: names.labels[cell.1 as usize].clone(),
            counts: *counts,
        };
        let mut cells: Vec<(Cell, Row)> = self.cells.iter().map(|cell| (*cell.0, row(cell))).collect();
        cells.sort_unstable_by(|(_, a), (_, b)| (&a.language, &a.editor).cmp(&(&b.language, &b.editor)));
        let places: HashMap<Cell, u32> = (0..).zip(&cells).map(|(place, (cell, _))| (*cell, place)).collect();
        let groups =
            self.shared.iter().map(|(cells, people)| (*people, cells.iter().map(|cell| places[cell])));
        let shared = Some(Shared::of(groups));
        let rows = cells.into_iter().map(|(_, row)| row).collect();
        DayUsage { totals: self.totals, rows, counted: true, shared }
    }
}

impl Share {
    fn of(row: &UserDay<'_>, names: &mut Names, keep_shared: bool) -> Self {
        let features = || row.totals_by_feature.iter().flatten();
        let of = |element: &Element<Name<'_>>, which: fn(&str) -> bool| {
            which(element.feature.as_ref().map_or("", AsRef::as_ref))
        };
        let completions = |feature: &str| feature == COMPLETIONS;
        let mut completed = Counts::ZERO;
        features().filter(|element| of(element, completions)).for_each(|e| completed.add(&Counts::of(e)));
        let (mut turns, mut accepted) = (Some(0), Some(0));
        for chat in features().filter(|element| of(element, is_chat)) {
            add(&mut turns, chat.user_initiated_interaction_count);
            add(&mut accepted, chat.code_acceptance_activity_count);
        }
        let totals = Totals {
            suggestions: completed.suggestions,
            acceptances: completed.acceptances,
            lines_suggested: completed.lines_suggested,
            lines_accepted: completed.lines_accepted,
            chat_turns: turns,
            chat_acceptances: accepted,
            active_chat_users: turns.map(|turns| i64::from(turns > 0)),
            ..Totals::default()
        };
        let elements = row.totals_by_language_feature.iter().flatten().filter(|e| of(e, completions));
        let cells = cells(elements, completed, editor(row, names), names);
        let mut active: Box<[Cell]> = cells
            .iter()
            .filter(|(_, counts)| counts.active_users == Some(1))
            .map(|(cell, _)| *cell)
            .collect();
        active.sort_unstable();
        Self { totals, cells, shared: (keep_shared && active.len() > 1).then_some(active) }
    }
}

/// The completions of one person by language. What there is beyond the languages is of an unknown one.
fn cells<'a>(
    elements: impl Iterator<Item = &'a Element<Name<'a>>>,
    completed: Counts,
    editor: u32,
    names: &mut Names,
) -> Vec<(Cell, Counts)> {
    let mut cells: Vec<(Cell, Counts)> = Vec::new();
    let mut named = Counts::ZERO;
    let mut put =
        |language: u32, counts: Counts| match cells.iter_mut().find(|((name, _), _)| *name == language) {
            Some((_, sum)) => sum.add(&counts),
            None => cells.push(((language, editor), counts)),
        };
    for element in elements {
        let counts = Counts::of(element);
        named.add(&counts);
        put(names.id(element.language.as_ref().map(AsRef::as_ref)), counts);
    }
    put(names.id(None), completed.beyond(&named));
    cells.retain(|(_, counts)| *counts != Counts::ZERO);
    for (_, counts) in &mut cells {
        counts.active_users = counts.suggestions.map(|shown| i64::from(shown > 0));
    }
    cells
}

/// The one editor in which somebody did anything, or a word for several or none.
fn editor(row: &UserDay<'_>, names: &mut Names) -> u32 {
    let mut editors = row
        .totals_by_ide
        .iter()
        .flatten()
        .filter(|element| element.code_generation_activity_count.is_some_and(|count| count > 0))
        .map(|element| names.id(element.ide.as_ref().map(AsRef::as_ref)))
        .collect::<Vec<_>>()
        .into_iter();
    match editors.next() {
        None => names.id(Some(UNKNOWN)),
        Some(one) if editors.all(|other| other == one) => one,
        Some(_) => names.id(Some(MULTIPLE)),
    }
}

impl Counts {
    /// Nothing, of people who are not counted yet.
    const ZERO: Self = Self {
        suggestions: Some(0),
        acceptances: Some(0),
        lines_suggested: Some(0),
        lines_accepted: Some(0),
        active_users: Some(0),
    };

    fn of(element: &Element<Name<'_>>) -> Self {
        Self {
            suggestions: element.code_generation_activity_count,
            acceptances: element.code_acceptance_activity_count,
            lines_suggested: element.loc_suggested_to_add_sum,
            lines_accepted: element.loc_added_sum,
            active_users: Some(0),
        }
    }

    /// What there is more of than in `part`; nothing of what is unknown.
    fn beyond(&self, part: &Self) -> Self {
        let more = |whole: Option<i64>, part: Option<i64>| {
            whole
                .zip(part)
                .and_then(|(whole, part)| whole.checked_sub(part))
                .map_or(Some(0), |more| Some(more.max(0)))
        };
        Self {
            suggestions: more(self.suggestions, part.suggestions),
            acceptances: more(self.acceptances, part.acceptances),
            lines_suggested: more(self.lines_suggested, part.lines_suggested),
            lines_accepted: more(self.lines_accepted, part.lines_accepted),
            active_users: Some(0),
        }
    }
}

/// Languages and editors by number, so that a thousand teams do not hold their names.
#[derive(Debug, Default)]
struct Names {
    /// As GitHub spells them, in every spelling that came.
    spellings: HashMap<Box<str>, u32>,
    /// As they are shown.
    numbers: HashMap<Label, u32>,
    labels: Vec<Label>,
    canonical: Labels,
}

impl Names {
    fn id(&mut self, name: Option<&str>) -> u32 {
        let name = name.unwrap_or_default();
        if let Some(id) = self.spellings.get(name) {
            return *id;
        }
        let label = self.canonical.label(Some(name));
        let id = self.number(label);
        self.spellings.insert(name.into(), id);
        id
    }

    fn number(&mut self, label: Label) -> u32 {
        let next = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(label).or_insert_with_key(|label| {
            self.labels.push(label.clone());
            next
        })
    }

    /// The numbers here of the names of another table.
    fn merge(&mut self, other: Self) -> Vec<u32> {
        other.labels.into_iter().map(|label| self.number(label)).collect()
    }
}
