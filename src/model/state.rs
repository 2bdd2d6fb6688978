//! Everything known about every owner: the last good data, and how asking for it went.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{
    billing::Billing,
    label::Labels,
    people::PeopleDay,
    rolling::Reach,
    seats::{SeatNews, Seats},
    usage::DayUsage,
};
use crate::{
    clock::Instant,
    github::{
        Failure, Reason,
        billing::{Meter, MonthUsage},
        reports::EntityDay,
        usage::UsageDay,
    },
    owner::{Owner, Team},
    source::{Api, Source},
};

/// What GitHub calls a month: days of history, and how long data lives that is not read again.
pub const MONTH: u8 = 28;

/// The state. Only [`State::apply`] and [`State::expire`] change it.
#[derive(Clone, Debug)]
pub struct State {
    /// By owner. All that are named in the configuration are there from the start.
    pub owners: BTreeMap<Owner, OwnerState>,
    /// Whether it was asked where the App is installed.
    listed: bool,
    labels: Labels,
}

/// What is known of one owner.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OwnerState {
    /// Which of GitHub's interfaces is asked.
    pub api: Api,
    /// Whether reports about people are refused, so that rows have languages only.
    pub languages_only: bool,
    /// The owner's own figures.
    pub usage: ScopeUsage,
    /// The watched teams, by GitHub's id. Each is written down apart, so that they need not be in memory twice at once.
    #[serde(skip)]
    pub teams: BTreeMap<u64, TeamState>,
    /// Who has a seat.
    pub seats: Seats,
    /// What it costs.
    pub billing: Billing,
    /// How asking went, for every source that is asked.
    pub sources: BTreeMap<Source, SourceState>,
}

/// What is known of one team.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TeamState {
    /// The name it has now.
    pub slug: String,
    /// Its figures.
    pub usage: ScopeUsage,
}

/// The days of one scope.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScopeUsage {
    /// Every day held, by UTC date.
    pub days: BTreeMap<NaiveDate, DayUsage>,
    /// When GitHub last gave them, or said that nothing changed.
    pub read_at: Option<Instant>,
}

/// How asking for one source of one owner went. Only when it last succeeded is written down: the rest is of this process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SourceState {
    /// The last attempt; none before the first has ended.
    #[serde(skip)]
    pub last: Option<Attempt>,
    /// When everything it asks was last read.
    pub last_success: Option<Instant>,
    /// Failures since the start.
    #[serde(skip)]
    pub failures: BTreeMap<Reason, u64>,
}

/// One attempt at a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub at: Instant,
    /// How long it took, waiting for GitHub's limits included.
    pub took: Duration,
    /// How often it failed, by reason; empty when everything was read.
    pub failures: BTreeMap<Reason, u64>,
    /// The first failure, for people.
    pub problem: Option<Failure>,
    /// Whether GitHub has nothing yet.
    pub waiting: bool,
    /// What became of what it asks for.
    pub targets: Targets,
    /// When it is tried next.
    pub next: Instant,
}

impl Attempt {
    /// Whether everything was read.
    pub fn is_success(&self) -> bool {
        self.failures.is_empty()
    }
}

/// How many targets (the owner, or its teams) are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Read, and they have data.
    pub ok: u64,
    /// Read, and GitHub gives nothing, for instance for a small team.
    pub no_data: u64,
    /// Not read the last time they were asked.
    pub failing: u64,
}

impl Targets {
    /// Of a source that asks about nothing but the owner.
    pub fn of_owner(problem: Option<&Failure>, has_data: bool) -> Self {
        match (problem, has_data) {
            (Some(_), _) => Self { failing: 1, ..Self::default() },
            (None, true) => Self { ok: 1, ..Self::default() },
            (None, false) => Self { no_data: 1, ..Self::default() },
        }
    }
}

/// Days as GitHub's interfaces give them.
#[derive(Clone, Debug)]
pub enum Records {
    /// Of the usage API.
    Usage(Vec<UsageDay>),
    /// Of an owner's report.
    Report {
        /// The days.
        days: Vec<EntityDay>,
        /// Whether they give the rows by language, because nothing better can be had.
        languages: bool,
        /// From this day on what stands in rows is kept; of days before it only how names rank.
        shown_from: NaiveDate,
    },
}

impl Records {
    /// Nothing, by either.
    pub const NONE: Self = Self::Usage(Vec::new());

    /// Whether anything is known of any day.
    pub fn has_number(&self) -> bool {
        match self {
            Self::Usage(days) => days.iter().any(UsageDay::has_number),
            Self::Report { days, .. } => days.iter().any(has_number),
        }
    }

    /// The days of which something is known.
    fn days(&self, labels: &mut Labels) -> Vec<(NaiveDate, DayUsage)> {
        match self {
            Self::Usage(days) => {
                days.iter().filter_map(|record| DayUsage::from_record(record, labels)).collect()
            }
            Self::Report { days, languages, shown_from } => {
                let day = |record| {
                    let (day, mut usage) = DayUsage::from_entity(record, *languages, labels)?;
                    if day < *shown_from {
                        usage.keep_ranks();
                    }
                    Some((day, usage))
                };
                days.iter().filter_map(day).collect()
            }
        }
    }
}

/// Whether a record of an owner's report has a number that is shown: without one the day is not published.
pub fn has_number(record: &EntityDay) -> bool {
    DayUsage::from_entity(record, true, &mut Labels::default()).is_some()
}

/// What people did on some days, counted.
#[derive(Clone, Debug)]
pub struct PeopleNews {
    /// Days of which people's own records were read.
    pub days: BTreeMap<NaiveDate, PeopleDay>,
    /// Days of which only the teams are known: people with a seat, by team.
    pub seated: BTreeMap<NaiveDate, BTreeMap<u64, i64>>,
    /// How many people teams had up to these days.
    pub reach: BTreeMap<NaiveDate, Reach>,
    /// From this day on rows are kept, and how they share people.
    pub shared_from: NaiveDate,
    /// When it was read.
    pub at: Instant,
}

/// One piece of news from GitHub.
#[derive(Clone, Debug)]
pub enum Update {
    /// Days of an owner or of one of its teams.
    Days {
        /// Whose.
        owner: Owner,
        /// Which team, by id.
        team: Option<u64>,
        /// The days, or nothing if they are as they were.
        days: Option<Records>,
        /// When they were read.
        at: Instant,
    },
    /// What the people of an owner did, and of its teams.
    People {
        /// Whose.
        owner: Owner,
        /// What.
        news: Box<PeopleNews>,
    },
    /// It was found out which interface answers for an owner.
    Speaks {
        /// Which owner.
        owner: Owner,
        /// Which interface.
        api: Api,
    },
    /// All teams to be watched: what is not in it is gone.
    Teams {
        /// Whose.
        owner: Owner,
        /// The complete list, no id and no slug twice.
        teams: Vec<Team>,
    },
    /// Who has a seat.
    Seats {
        /// Whose.
        owner: Owner,
        /// What.
        news: SeatNews,
        /// When it was read.
        at: Instant,
    },
    /// What something has cost.
    Billing {
        /// Whose.
        owner: Owner,
        /// What.
        meter: Meter,
        /// The bill, or nothing if it is as it was.
        usage: Option<MonthUsage>,
        /// When it was read.
        at: Instant,
    },
    /// It was asked where the App is installed, whatever came of it.
    Listed,
    /// An owner is watched from now on.
    Watched {
        /// Who.
        owner: Owner,
        /// What is asked.
        sources: BTreeSet<Source>,
        /// By which interface, until it is found out otherwise.
        api: Api,
    },
    /// An owner is not watched any more: what is known of it is forgotten.
    Gone {
        /// Who.
        owner: Owner,
    },
    /// A source was tried.
    Attempt {
        /// Whose.
        owner: Owner,
        /// Which.
        source: Source,
        /// How it went.
        attempt: Attempt,
    },
}

impl State {
    /// Nothing known yet of these owners and sources.
    pub fn new(owners: &[Owner], sources: &BTreeSet<Source>) -> Self {
        let mut state = Self { owners: BTreeMap::new(), listed: false, labels: Labels::default() };
        owners.iter().for_each(|owner| state.watch(owner.clone(), sources, Api::default()));
        state
    }

    /// Watches an owner, of which nothing need be known.
    pub fn watch(&mut self, owner: Owner, sources: &BTreeSet<Source>, api: Api) {
        self.owners.entry(owner).or_insert_with(|| OwnerState {
            api,
            sources: sources.iter().map(|source| (*source, SourceState::default())).collect(),
            ..OwnerState::default()
        });
    }

    /// The same, all owners asked by this interface.
    #[must_use]
    pub fn speaking(mut self, api: Api) -> Self {
        for owner in self.owners.values_mut() {
            owner.api = api;
        }
        self
    }

    /// Takes in one piece of news. What it does not speak of stays as it was.
    pub fn apply(&mut self, update: Update) {
        match update {
            Update::Days { owner, team, days, at } => self.apply_days(owner, team, days, at),
            Update::People { owner, news } => self.apply_people(owner, *news),
            Update::Speaks { owner, api } => self.owner(owner).speak(api),
            Update::Teams { owner, teams } => self.owner(owner).keep_teams(teams),
            Update::Seats { owner, news, at } => self.owner(owner).seats.apply(news, at),
            Update::Billing { owner, meter, usage, at } => {
                self.owner(owner).billing.apply(meter, usage, at);
            }
            Update::Listed => self.listed = true,
            Update::Watched { owner, sources, api } => self.watch(owner, &sources, api),
            Update::Gone { owner } => {
                self.owners.remove(&owner);
                self.labels.forget_unused();
            }
            Update::Attempt { owner, source, attempt } => {
                self.owner(owner).sources.entry(source).or_default().record(attempt);
            }
        }
    }

    /// Puts back what an earlier process knew of an owner, without its teams, as far as it is asked for now.
    pub fn restore(&mut self, owner: &Owner, known: OwnerState) {
        let Self { owners, labels, .. } = self;
        let Some(held) = owners.get_mut(owner) else { return };
        (held.api, held.languages_only) = (known.api, known.languages_only);
        for (source, state) in &mut held.sources {
            state.last_success = known.sources.get(source).and_then(|known| known.last_success);
        }
        let asks = |source| held.sources.contains_key(&source);
        let [of_activity, of_seats, of_billing] =
            [Source::Activity, Source::Seats, Source::Billing].map(asks);
        if of_activity {
            held.usage = known.usage.with_names(labels);
        }
        if of_seats {
            held.seats = known.seats;
        }
        if of_billing {
            held.billing = known.billing;
        }
    }

    /// Puts back what an earlier process knew of a team, if teams of its owner are asked for now.
    pub fn restore_team(&mut self, owner: &Owner, id: u64, TeamState { slug, usage }: TeamState) {
        let Self { owners, labels, .. } = self;
        let held = owners.get_mut(owner).filter(|held| held.sources.contains_key(&Source::Teams));
        if let Some(held) = held {
            held.teams.insert(id, TeamState { slug, usage: usage.with_names(labels) });
        }
    }

    /// Whether there is anything to show.
    pub fn has_figures(&self) -> bool {
        self.owners.values().any(OwnerState::has_figures)
    }

    /// Drops what has not been read for a month and says what it was. Where a source has been tried, the month ends with
    /// its last attempt: a clock that is set forward makes nothing old before it was asked for again.
    pub fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut dropped = Vec::new();
        for (owner, state) in &mut self.owners {
            let [activity, teams, seats, billing] = Source::ALL.map(|source| {
                let last = state.sources.get(&source).and_then(|source| source.last.as_ref());
                last.map_or(now, |last| last.at.min(now))
            });
            if state.usage.expire(activity) {
                dropped.push(owner.to_string());
            }
            for team in state.teams.values_mut() {
                if team.usage.expire(teams) {
                    dropped.push(format!("{owner}, team {}", team.slug));
                }
            }
            if state.seats.expire(seats) {
                dropped.push(format!("{owner}, seats"));
            }
            if state.billing.expire(billing) {
                dropped.push(format!("{owner}, billing"));
            }
        }
        if !dropped.is_empty() {
            self.labels.forget_unused();
        }
        dropped
    }

    /// Whether every source of every owner has been tried.
    pub fn all_tried(&self) -> bool {
        self.attempts().all(|attempt| attempt.is_some())
    }

    /// Whether anything has been tried: any source or, while nobody is watched, to find out who is to be.
    pub fn any_tried(&self) -> bool {
        self.attempts().any(|attempt| attempt.is_some()) || (self.listed && self.owners.is_empty())
    }

    fn attempts(&self) -> impl Iterator<Item = Option<&Attempt>> {
        self.owners.values().flat_map(|owner| owner.sources.values()).map(|source| source.last.as_ref())
    }

    fn owner(&mut self, owner: Owner) -> &mut OwnerState {
        self.owners.entry(owner).or_default()
    }

    fn apply_days(&mut self, owner: Owner, team: Option<u64>, days: Option<Records>, at: Instant) {
        let Self { owners, labels, .. } = self;
        let state = owners.entry(owner).or_default();
        if let Some(Records::Report { languages, .. }) = &days {
            state.languages_only = *languages;
        }
        let usage = match team {
            None => &mut state.usage,
            Some(id) => match state.teams.get_mut(&id) {
                Some(team) => &mut team.usage,
                // The list that came in meanwhile has no such team.
                None => return,
            },
        };
        usage.read_at = Some(at);
        let Some(days) = days else { return };
        usage.take(&days, at, labels);
        labels.forget_unused();
    }

    fn apply_people(&mut self, owner: Owner, news: PeopleNews) {
        let Self { owners, labels, .. } = self;
        owners.entry(owner).or_default().count(news, labels);
        labels.forget_unused();
    }
}

impl OwnerState {
    fn has_figures(&self) -> bool {
        let teams = self.teams.values().map(|team| &team.usage);
        let days = teams.chain([&self.usage]).any(|usage| !usage.days.is_empty());
        days || self.seats.has_figures() || self.billing.has_figures()
    }

    /// Takes note of the interface that answers. What another one told, before a restart, does not go together with
    /// what this one will: the same names mean other things.
    fn speak(&mut self, api: Api) {
        if self.api != api {
            (self.usage, self.teams, self.languages_only) = Default::default();
            for (_, source) in self.sources.iter_mut().filter(|(source, _)| source.is_usage()) {
                source.last_success = None;
            }
        }
        self.api = api;
    }

    /// Follows a complete team list: new teams appear, renamed ones change their slug, missing ones go.
    fn keep_teams(&mut self, teams: Vec<Team>) {
        let ids: BTreeSet<u64> = teams.iter().map(|team| team.id).collect();
        self.teams.retain(|id, _| ids.contains(id));
        for team in teams {
            self.teams.entry(team.id).or_default().slug = team.slug;
        }
    }

    /// Takes in what people did. A day of the owner that its own report does not have is not published; a team that is
    /// not watched has no place.
    fn count(&mut self, news: PeopleNews, labels: &mut Labels) {
        let PeopleNews { days, seated, reach, shared_from, at } = news;
        // A day that has not begun yet, and that GitHub has taken back, would stay for years.
        let newest = reach.last_key_value().map_or(at.date_naive(), |(day, _)| at.date_naive().max(*day));
        if let Some(behind) = newest.succ_opt() {
            for team in self.teams.values_mut() {
                team.usage.days.split_off(&behind);
            }
        }
        for (day, PeopleDay { whole, teams, .. }) in days {
            if let Some(held) = self.usage.days.get_mut(&day) {
                held.count(whole.with_names(labels));
            }
            let Some(mut teams) = teams else { continue };
            for (id, team) in &mut self.teams {
                // The list of the day is complete: who is not in it has no figures.
                let usage = teams.remove(id).map(|usage| usage.with_names(labels));
                let reached = team.usage.days.get(&day).map(|held| held.totals);
                // People over a week and a month stay known until they can be counted again: after a restart that takes
                // all days.
                let usage = usage.map(|usage| usage.reaching(reached));
                team.usage.put(day, usage, at);
            }
        }
        for (day, seated) in seated {
            for (id, team) in &mut self.teams {
                let mut usage = team.usage.days.remove(&day).unwrap_or_default();
                usage.totals.seated_users = seated.get(id).copied();
                team.usage.put(day, seated.contains_key(id).then_some(usage), at);
            }
        }
        for (day, reach) in &reach {
            for (id, team) in &mut self.teams {
                if let Some(held) = team.usage.days.get_mut(day) {
                    reach.of(*id, &mut held.totals);
                }
            }
        }
        let all = self.teams.values_mut().map(|team| &mut team.usage).chain([&mut self.usage]);
        for (_, old) in all.flat_map(|usage| usage.days.range_mut(..shared_from)) {
            old.keep_ranks();
        }
    }
}

impl ScopeUsage {
    /// The same with names that are held once.
    fn with_names(self, labels: &mut Labels) -> Self {
        let Self { days, read_at } = self;
        let days = days.into_iter().map(|(day, usage)| (day, usage.with_names(labels))).collect();
        Self { days, read_at }
    }

    /// Holds what is known of a day now, or nothing.
    fn put(&mut self, day: NaiveDate, usage: Option<DayUsage>, at: Instant) {
        match usage {
            Some(usage) => {
                self.read_at = Some(at);
                self.days.insert(day, usage);
            }
            None => drop(self.days.remove(&day)),
        }
        self.keep_newest();
    }

    fn keep_newest(&mut self) {
        while self.days.len() > MONTH.into() {
            self.days.pop_first();
        }
    }

    /// Takes in an answer: its days replace those held, and those it does not speak of stay. Only a day that has not
    /// begun yet goes when GitHub no longer gives it: that was a mistake, and would stay the latest day for years.
    fn take(&mut self, answer: &Records, at: Instant, labels: &mut Labels) {
        let days = answer.days(labels);
        let newest = days.iter().map(|(day, _)| *day).max();
        if let Some(behind) = newest.map(|newest| newest.max(at.date_naive())).and_then(|day| day.succ_opt())
        {
            self.days.split_off(&behind);
        }
        for (day, usage) in days {
            match (answer, self.days.get_mut(&day)) {
                (Records::Report { .. }, Some(held)) => held.renew(usage),
                _ => drop(self.days.insert(day, usage)),
            }
        }
        self.keep_newest();
    }

    fn expire(&mut self, now: Instant) -> bool {
        let too_old = self.read_at.is_some_and(|read| now - read > TimeDelta::days(MONTH.into()));
        if too_old {
            *self = Self::default();
        }
        too_old
    }
}

impl SourceState {
    fn record(&mut self, attempt: Attempt) {
        for (reason, count) in &attempt.failures {
            *self.failures.entry(*reason).or_default() += count;
        }
        if attempt.is_success() {
            self.last_success = Some(attempt.at);
        }
        self.last = Some(attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        github::usage::UsageRow,
        model::{
            label::Label,
            seats::SeatList,
            table::{Row, Shared, Table},
            usage::{Counts, Totals},
        },
    };

    fn octo() -> Owner {
        Owner::org("octo")
    }

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn state() -> State {
        State::new(&[octo()], &Source::ALL.into())
    }

    fn record(day: &str, suggestions: Option<i64>) -> UsageDay {
        UsageDay { day: day.parse().unwrap(), total_suggestions_count: suggestions, ..UsageDay::default() }
    }

    fn row() -> UsageRow {
        UsageRow { suggestions_count: Some(1), ..UsageRow::default() }
    }

    fn days(team: Option<u64>, days: Vec<UsageDay>) -> Update {
        Update::Days { owner: octo(), team, days: Some(Records::Usage(days)), at: noon() }
    }

    fn teams(teams: &[(u64, &str)]) -> Update {
        let team = |(id, slug): &(u64, &str)| Team { id: *id, slug: (*slug).to_owned() };
        Update::Teams { owner: octo(), teams: teams.iter().map(team).collect() }
    }

    fn tried<const N: usize>(source: Source, at: Instant, failures: [(Reason, u64); N]) -> Update {
        let attempt = Attempt {
            at,
            took: Duration::ZERO,
            failures: failures.into(),
            problem: None,
            waiting: false,
            targets: Targets::default(),
            next: at,
        };
        Update::Attempt { owner: octo(), source, attempt }
    }

    fn held(usage: &ScopeUsage) -> Vec<(String, Option<i64>)> {
        usage.days.iter().map(|(day, usage)| (day.to_string(), usage.totals.suggestions)).collect()
    }

    #[test]
    fn days_in_any_order_are_held_and_a_later_answer_revises_them() {
        let mut state = state();
        state.apply(days(None, vec![record("2026-11-02", Some(2)), record("2026-11-01", Some(1))]));
        state.apply(days(None, vec![record("2026-11-03", Some(3)), record("2026-11-02", Some(20))]));
        let expected = [("2026-11-01", 1), ("2026-11-02", 20), ("2026-11-03", 3)];
        let expected = expected.map(|(day, count)| (day.to_owned(), Some(count)));
        assert_eq!(held(&state.owners[&octo()].usage), expected);
    }

    #[test]
    fn an_empty_or_numberless_answer_erases_nothing() {
        let mut state = state();
        state.apply(days(None, vec![record("2026-11-01", Some(1))]));
        state.apply(days(None, Vec::new()));
        state.apply(days(None, vec![record("2026-11-01", None)]));
        assert_eq!(held(&state.owners[&octo()].usage), [("2026-11-01".to_owned(), Some(1))]);
    }

    #[test]
    fn the_newest_28_days_are_kept_and_names_that_only_older_ones_had_are_forgotten() {
        let mut state = state();
        let day = |offset: i64| UsageDay {
            day: "2026-10-01".parse::<NaiveDate>().unwrap() + TimeDelta::days(offset),
            breakdown: Some(vec![UsageRow { language: Some(format!("l{offset}")), ..row() }]),
            ..UsageDay::default()
        };
        state.apply(days(None, (0..40).map(day).collect()));
        let held = &state.owners[&octo()].usage.days;
        assert_eq!(held.len(), 28);
        assert_eq!(held.keys().next().unwrap().to_string(), "2026-10-13");
        assert_eq!(state.labels.len(), 28 + 1, "the languages, and the editor");
    }

    #[test]
    fn a_day_that_has_not_begun_goes_when_github_no_longer_gives_it() {
        let mut state = state();
        state.apply(days(None, vec![record("2026-11-01", Some(1)), record("2099-01-01", Some(9))]));
        state.apply(days(None, Vec::new()));
        assert_eq!(held(&state.owners[&octo()].usage).len(), 2, "nothing was said");
        state.apply(days(None, vec![record("2026-11-02", Some(2))]));
        let expected = [("2026-11-01".to_owned(), Some(1)), ("2026-11-02".to_owned(), Some(2))];
        assert_eq!(held(&state.owners[&octo()].usage), expected);
    }

    #[test]
    fn an_answer_that_is_behind_or_says_nothing_takes_no_good_day_away() {
        let mut state = state();
        state.apply(days(None, vec![record("2026-11-20", Some(1)), record("2026-11-21", Some(2))]));
        state.apply(days(None, vec![record("2026-11-20", Some(1))]));
        state.apply(days(None, vec![record("2026-11-01", None)]));
        assert_eq!(held(&state.owners[&octo()].usage).len(), 2);
    }

    #[test]
    fn a_team_is_its_id_so_a_rename_keeps_its_days_and_a_missing_one_goes() {
        let mut state = state();
        state.apply(teams(&[(1, "red"), (2, "blue")]));
        state.apply(days(Some(1), vec![record("2026-11-01", Some(1))]));
        state.apply(teams(&[(1, "crimson")]));
        let teams = &state.owners[&octo()].teams;
        assert_eq!(teams.keys().copied().collect::<Vec<_>>(), [1]);
        assert_eq!(teams[&1].slug, "crimson");
        assert_eq!(held(&teams[&1].usage).len(), 1);
    }

    #[test]
    fn days_of_a_team_that_has_gone_meanwhile_bring_it_not_back() {
        let mut state = state();
        state.apply(days(Some(7), vec![record("2026-11-01", Some(1))]));
        assert!(state.owners[&octo()].teams.is_empty());
    }

    #[test]
    fn what_was_not_read_for_a_month_is_dropped_and_named() {
        let mut state = state();
        state.apply(teams(&[(1, "red")]));
        state.apply(days(None, vec![record("2026-11-01", Some(1))]));
        state.apply(days(
            Some(1),
            vec![UsageDay { breakdown: Some(vec![row()]), ..record("2026-11-01", None) }],
        ));
        assert!(state.expire(noon() + TimeDelta::days(28)).is_empty());
        let later = noon() + TimeDelta::days(28) + TimeDelta::seconds(1);
        state.apply(Update::Days { owner: octo(), team: None, days: None, at: later });
        assert_eq!(state.expire(later), ["organisation octo, team red"]);
        assert_eq!(held(&state.owners[&octo()].usage).len(), 1, "unchanged is read, too");
        assert!(state.owners[&octo()].teams[&1].usage.days.is_empty());
        assert_eq!(state.labels.len(), 0, "names that only the team had are forgotten");
    }

    #[test]
    fn a_clock_that_is_set_forward_drops_nothing_until_it_was_asked_for_again() {
        let mut state = state();
        state.apply(days(None, vec![record("2026-11-01", Some(1))]));
        state.apply(tried(Source::Activity, noon(), []));
        let leap = noon() + TimeDelta::days(365);
        assert!(state.expire(leap).is_empty());
        state.apply(tried(Source::Activity, leap, []));
        assert_eq!(state.expire(leap), ["organisation octo"], "and it was not to be had");
    }

    #[test]
    fn seats_and_bills_are_dropped_like_all_else_and_named() {
        let mut state = state();
        let list = Some(SeatList::default());
        state.apply(Update::Seats { owner: octo(), news: SeatNews::List(list), at: noon() });
        let usage = MonthUsage { month: day("01"), items: Vec::new() };
        let (meter, usage) = (Meter::AiCredits, Some(usage));
        state.apply(Update::Billing { owner: octo(), meter, usage, at: noon() });
        assert!(state.expire(noon() + TimeDelta::days(28)).is_empty());
        let later = noon() + TimeDelta::days(28) + TimeDelta::seconds(1);
        assert_eq!(state.expire(later), ["organisation octo, seats", "organisation octo, billing"]);
        assert!(state.expire(later).is_empty());
    }

    #[test]
    fn days_of_a_report_that_are_too_old_to_be_shown_keep_no_rows() {
        let of = |day| EntityDay {
            day,
            totals_by_feature: serde_json::from_str(
                r#"[{"feature":"agent_edit","code_generation_activity_count":1}]"#,
            )
            .unwrap(),
            ..EntityDay::default()
        };
        let mut state = state();
        let days = Some(Records::Report {
            days: [day("16"), day("17")].map(of).into(),
            languages: false,
            shown_from: day("17"),
        });
        state.apply(Update::Days { owner: octo(), team: None, days, at: noon() });
        let held = |usage: &DayUsage| {
            let rows = usage.detail.as_ref().map(|detail| detail.features.rows.len());
            (rows, usage.detail_ranks.weights().count())
        };
        let held = state.owners[&octo()].usage.days.values().map(held).collect::<Vec<_>>();
        assert_eq!(held, [(None, 1), (Some(1), 0)]);
    }

    #[test]
    fn attempts_count_their_failures_and_success_is_remembered_through_them() {
        let mut state = state();
        state.apply(tried(Source::Activity, noon(), []));
        state.apply(tried(Source::Activity, noon(), [(Reason::Timeout, 2)]));
        state.apply(tried(Source::Activity, noon(), [(Reason::Timeout, 1), (Reason::Decode, 1)]));
        let source = &state.owners[&octo()].sources[&Source::Activity];
        assert_eq!(source.failures, BTreeMap::from([(Reason::Timeout, 3), (Reason::Decode, 1)]));
        assert_eq!(source.last_success, Some(noon()));
        assert!(!source.last.as_ref().unwrap().is_success());
    }

    #[test]
    fn something_has_been_tried_with_the_first_source_and_everything_with_the_last() {
        let mut state = state();
        state.apply(Update::Listed);
        assert!(!state.any_tried() && !state.all_tried());
        for source in Source::ALL {
            state.apply(tried(source, noon(), []));
            assert_eq!((state.any_tried(), state.all_tried()), (true, source == Source::Billing), "{source}");
        }
        let mut nobody = State::new(&[], &Source::ALL.into());
        assert!(!nobody.any_tried());
        nobody.apply(Update::Listed);
        assert!(nobody.any_tried(), "to find out who is to be watched");
    }

    #[test]
    fn who_is_watched_already_stays_as_it_was_found_to_be() {
        let mut state = State::new(&[], &Source::ALL.into());
        for api in [Api::Reports, Api::Usage] {
            state.apply(Update::Watched { owner: octo(), sources: Source::ALL.into(), api });
            assert_eq!(state.owners[&octo()].api, Api::Reports);
        }
    }

    #[test]
    fn an_owner_is_one_target_and_failing_whatever_is_still_held() {
        let failure = Failure::new(Reason::Timeout, "too late");
        for (problem, has_data, expected) in [
            (None, true, [1, 0, 0]),
            (None, false, [0, 1, 0]),
            (Some(&failure), true, [0, 0, 1]),
            (Some(&failure), false, [0, 0, 1]),
        ] {
            let Targets { ok, no_data, failing } = Targets::of_owner(problem, has_data);
            assert_eq!([ok, no_data, failing], expected, "{problem:?} {has_data}");
        }
    }

    #[test]
    fn records_have_a_number_if_any_of_their_days_has() {
        let own = |users| EntityDay { day: day("17"), daily_active_users: users, ..EntityDay::default() };
        let report = |days: &[Option<i64>]| Records::Report {
            days: days.iter().copied().map(own).collect(),
            languages: false,
            shown_from: day("17"),
        };
        let usage = |days: &[Option<i64>]| {
            Records::Usage(days.iter().map(|count| record("2026-11-17", *count)).collect())
        };
        assert!(!Records::NONE.has_number());
        for (days, expected) in [(&[][..], false), (&[None], false), (&[None, Some(0)], true)] {
            assert_eq!(
                (usage(days).has_number(), report(days).has_number()),
                (expected, expected),
                "{days:?}"
            );
        }
    }

    /// What is known of an owner with figures of every source.
    fn known() -> OwnerState {
        let mut state = state();
        state.apply(Update::Speaks { owner: octo(), api: Api::Reports });
        state.apply(teams(&[(1, "red")]));
        for team in [None, Some(1)] {
            state.apply(days(
                team,
                vec![UsageDay { breakdown: Some(vec![row()]), ..record("2026-11-01", None) }],
            ));
        }
        let news = SeatNews::List(Some(SeatList::default()));
        state.apply(Update::Seats { owner: octo(), news, at: noon() });
        let usage = Some(MonthUsage { month: day("01"), items: Vec::new() });
        state.apply(Update::Billing { owner: octo(), meter: Meter::AiCredits, usage, at: noon() });
        Source::ALL.into_iter().for_each(|source| state.apply(tried(source, noon(), [])));
        let known = state.owners.remove(&octo()).unwrap();
        OwnerState { languages_only: true, ..known }
    }

    #[test]
    fn what_an_earlier_process_knew_comes_back_as_far_as_it_is_asked_for_now() {
        let known = known();
        for asked in Source::ALL {
            let mut state = State::new(&[octo()], &[asked].into());
            assert!(!state.has_figures());
            for owner in [octo(), Owner::org("gone")] {
                state.restore(&owner, known.clone());
                state.restore_team(&owner, 1, known.teams[&1].clone());
            }
            assert!(state.has_figures(), "{asked}");
            assert_eq!(state.owners.len(), 1);
            let is_usage = matches!(asked, Source::Activity | Source::Teams);
            assert_eq!(state.labels.len(), usize::from(is_usage), "names are held once");
            let OwnerState { api, languages_only, usage, teams, seats, billing, sources } =
                &state.owners[&octo()];
            assert_eq!((*api, *languages_only), (Api::Reports, true));
            let back =
                [!usage.days.is_empty(), !teams.is_empty(), seats.has_figures(), billing.has_figures()];
            assert_eq!(back, Source::ALL.map(|source| source == asked));
            assert_eq!(sources[&asked].last_success, Some(noon()));
        }
    }

    #[test]
    fn what_another_interface_told_is_forgotten_and_what_is_the_same_for_both_stays() {
        let mut state = State { owners: [(octo(), known())].into(), ..state() };
        let successes = |state: &State| {
            state.owners[&octo()]
                .sources
                .values()
                .map(|source| source.last_success.is_some())
                .collect::<Vec<_>>()
        };
        state.apply(Update::Speaks { owner: octo(), api: Api::Reports });
        assert_eq!((state.owners[&octo()].teams.len(), successes(&state)), (1, vec![true; 4]));
        state.apply(Update::Speaks { owner: octo(), api: Api::Usage });
        let held = &state.owners[&octo()];
        assert!(held.usage.days.is_empty() && held.teams.is_empty() && !held.languages_only);
        assert_eq!((held.api, successes(&state)), (Api::Usage, vec![false, false, true, true]));
        assert!(held.seats.has_figures() && held.billing.has_figures(), "these are the same for both");
    }

    #[test]
    fn of_an_owner_that_is_gone_nothing_stays_not_even_a_name() {
        let mut state = state();
        state
            .apply(days(None, vec![UsageDay { breakdown: Some(vec![row()]), ..record("2026-11-01", None) }]));
        assert_eq!(state.labels.len(), 1);
        state.apply(Update::Gone { owner: octo() });
        assert_eq!((state.owners.len(), state.labels.len()), (0, 0));
    }

    fn day(text: &str) -> NaiveDate {
        format!("2026-11-{text}").parse().unwrap()
    }

    /// A day that was counted from so many people, with so many of them in each of these teams.
    fn people(people: i64, teams: Option<&[(u64, i64)]>) -> PeopleDay {
        let usage = |active_users, unlisted_active_users| {
            let totals = Totals {
                active_users,
                unlisted_active_users,
                active_chat_users: Some(1),
                ..Totals::default()
            };
            let row = Row { names: ["rust", "vim"].map(Label::new), figures: Counts::default() };
            let shared = Some(Shared::default());
            let completions = Table { rows: [row].into(), shared };
            DayUsage { totals, completions, counted: true, ..DayUsage::default() }
        };
        let team = |(id, people): &(u64, i64)| (*id, usage(Some(*people), None));
        let unlisted = teams.map(|_| 1);
        PeopleDay {
            people,
            whole: usage(None, unlisted),
            teams: teams.map(|teams| teams.iter().map(team).collect()),
        }
    }

    fn news() -> PeopleNews {
        let at = noon();
        PeopleNews {
            days: BTreeMap::new(),
            seated: BTreeMap::new(),
            reach: BTreeMap::new(),
            shared_from: NaiveDate::MIN,
            at,
        }
    }

    fn counted(days: Vec<(&str, PeopleDay)>) -> PeopleNews {
        PeopleNews { days: days.into_iter().map(|(text, counted)| (day(text), counted)).collect(), ..news() }
    }

    fn seats(text: &str, seated: &[(u64, i64)]) -> PeopleNews {
        PeopleNews { seated: [(day(text), seated.iter().copied().collect())].into(), ..news() }
    }

    /// A state with teams 1 and 2 that has taken in this, one after the other.
    fn told(all: Vec<PeopleNews>) -> OwnerState {
        let mut state = state();
        state.apply(teams(&[(1, "red"), (2, "blue")]));
        for news in all {
            state.apply(Update::People { owner: octo(), news: Box::new(news) });
        }
        state.owners.remove(&octo()).unwrap()
    }

    /// By day: who was active, and who has a seat.
    fn of_team(state: &OwnerState, team: u64) -> Vec<(String, Option<i64>, Option<i64>)> {
        let days = state.teams[&team].usage.days.iter();
        days.map(|(day, usage)| {
            (day.format("%d").to_string(), usage.totals.active_users, usage.totals.seated_users)
        })
        .collect()
    }

    #[test]
    fn a_team_that_a_list_leaves_out_loses_that_day_only_and_one_that_is_not_watched_has_no_place() {
        let both: &[_] = &[(1, 10), (2, 20), (3, 30)];
        let held = told(vec![
            counted(vec![("16", people(9, Some(both))), ("17", people(9, Some(both)))]),
            counted(vec![("17", people(9, Some(&[(2, 21)])))]),
        ]);
        assert_eq!(of_team(&held, 1), [("16".into(), Some(10), None)]);
        assert_eq!(of_team(&held, 2), [("16".into(), Some(20), None), ("17".into(), Some(21), None)]);
        assert_eq!(held.teams.len(), 2);
        assert_eq!(held.teams[&1].usage.read_at, Some(noon()));
    }

    #[test]
    fn without_a_list_of_the_day_teams_stay_as_they_were() {
        let held = told(vec![
            counted(vec![("17", people(9, Some(&[(1, 10)])))]),
            counted(vec![("17", people(9, None)), ("18", people(9, None))]),
        ]);
        assert_eq!(of_team(&held, 1), [("17".into(), Some(10), None)]);
    }

    #[test]
    fn where_only_seats_are_known_figures_of_the_day_stay_and_unlisted_teams_have_none() {
        let listed = || counted(vec![("17", people(9, Some(&[(1, 10), (2, 20)])))]);
        let held = told(vec![listed(), seats("17", &[(1, 5), (3, 5)]), seats("18", &[(1, 6)])]);
        assert_eq!(of_team(&held, 1), [("17".into(), Some(10), Some(5)), ("18".into(), None, Some(6))]);
        assert_eq!(of_team(&held, 2), [], "its figures are of a list that does not hold any more");
    }

    #[test]
    fn people_reach_the_days_that_are_held_and_no_others() {
        let reach = |teams: &[(u64, i64)]| Some(teams.iter().copied().collect::<BTreeMap<_, _>>());
        let counted = counted(vec![("17", people(9, Some(&[(1, 10), (2, 20)])))]);
        let both = Reach { weekly: reach(&[(1, 11)]), monthly: reach(&[(1, 12), (2, 22)]) };
        let reach = BTreeMap::from([(day("16"), both.clone()), (day("17"), both)]);
        let held = told(vec![PeopleNews { reach, ..counted }]);
        let shown = |team: u64| {
            let totals = held.teams[&team].usage.days[&day("17")].totals;
            (totals.weekly_active_users, totals.monthly_active_users)
        };
        assert_eq!((shown(1), shown(2)), ((Some(11), Some(12)), (Some(0), Some(22))));
        assert_eq!(held.teams[&1].usage.days.len(), 1);
        assert_eq!(held.usage.days.len(), 0);
    }

    #[test]
    fn how_rows_share_people_is_dropped_for_days_that_are_no_longer_shown() {
        let all = |shared_from| {
            let days = ["15", "16", "17"].map(|text| (text, people(9, Some(&[(1, 10)])))).into();
            PeopleNews { shared_from: day(shared_from), ..counted(days) }
        };
        let kept = |held: &OwnerState| {
            let days =
                held.teams[&1].usage.days.iter().filter(|(_, usage)| usage.completions.shared.is_some());
            days.map(|(day, _)| day.format("%d").to_string()).collect::<Vec<_>>()
        };
        assert_eq!(kept(&told(vec![all("16")])), ["16", "17"]);
        assert_eq!(kept(&told(vec![all("01"), PeopleNews { shared_from: day("17"), ..news() }])), ["17"]);
    }

    #[test]
    fn the_owners_own_report_says_which_days_there_are_and_people_fill_them() {
        let own = |users| {
            let record =
                EntityDay { day: day("17"), daily_active_users: Some(users), ..EntityDay::default() };
            let report = Records::Report { days: vec![record], languages: false, shown_from: day("17") };
            let days = Some(report);
            Update::Days { owner: octo(), team: None, days, at: noon() }
        };
        let people = |counted: PeopleNews| Update::People { owner: octo(), news: Box::new(counted) };
        let days = || vec![("16", self::people(9, Some(&[]))), ("17", self::people(9, Some(&[])))];
        let mut state = state();
        state.apply(own(7));
        state.apply(people(PeopleNews { shared_from: day("17"), ..counted(days()) }));
        state.apply(own(8));
        let usage = &state.owners[&octo()].usage;
        assert_eq!(held(usage), [("2026-11-17".to_owned(), None)], "it does not have the day before");
        let DayUsage { totals, completions, counted: is_counted, .. } = &usage.days[&day("17")];
        assert_eq!(
            (totals.active_users, totals.active_chat_users, totals.unlisted_active_users),
            (Some(8), Some(1), Some(1))
        );
        assert!(completions.rows.len() == 1 && *is_counted && completions.shared.is_some());
        state.apply(people(PeopleNews {
            shared_from: day("18"),
            ..counted(vec![("17", self::people(9, None))])
        }));
        let held = &state.owners[&octo()].usage.days[&day("17")];
        assert_eq!((held.totals.unlisted_active_users, &held.completions.shared), (Some(1), &None));
    }

    #[test]
    fn a_team_keeps_its_newest_28_days() {
        let many = (1..=30).map(|index| (day("01") + TimeDelta::days(index), people(9, Some(&[(1, index)]))));
        let held = told(vec![PeopleNews { days: many.collect(), ..news() }]);
        let days = &held.teams[&1].usage.days;
        assert_eq!(
            (days.len(), days.first_key_value().map(|(day, _)| day.to_string())),
            (28, Some("2026-11-04".into()))
        );
    }
}
