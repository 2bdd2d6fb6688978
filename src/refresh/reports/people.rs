//! Which reports about people and teams are read, in which order, and what of them is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::NaiveDate;

use super::{Asked, ReportWatcher};
use crate::{
    github::{Failure, Reason, endpoint::Report, reports::Files},
    model::{
        Update,
        memberships::{Memberships, TeamList},
        people::{self, People, PeopleDay},
        state::PeopleNews,
    },
    refresh::{days::Part, watch::Stopped},
};

/// More days than this are read in one file of many days, fewer in a file each.
const MOST_ALONE: usize = 4;

/// So often the file of many days is tried before its days are read in a file each.
const MOST_MONTH_FAILURES: u8 = 3;

/// So many days in a row that fail end the reading of single days. The next attempt begins with the others.
const MOST_MISSES: u8 = 3;

impl ReportWatcher {
    /// Reads what people did, and joins it with their teams, of every day of which either is due.
    pub(super) async fn ask_people(&mut self, asked: &mut Asked) -> Result<(), Stopped> {
        if self.few_are_due() {
            self.month_failures = 0;
        }
        for part in [Part::People, Part::Joined] {
            if part == Part::Joined && !self.asks_teams() {
                continue;
            }
            let due = self.due(part);
            let month: Vec<_> =
                due.into_iter().filter(|day| Some(*day) >= self.days.month_begins()).collect();
            let cold = part == Part::People && !self.days.any_read(part);
            if (month.len() > MOST_ALONE || (cold && !month.is_empty()))
                && self.month_failures < MOST_MONTH_FAILURES
                && !self.ask_people_of(Report::UsersMonth, &month, asked).await?
            {
                continue;
            }
            let mut misses = 0;
            for day in self.due(part) {
                if asked.is_over() || misses >= MOST_MISSES {
                    break;
                }
                let before = asked.failures();
                if self.ask_people_of(Report::UsersDay, &[day], asked).await? {
                    misses = 0;
                } else if asked.failures() > before {
                    misses += 1;
                    self.days.fail(day, self.watch.now());
                }
            }
        }
        Ok(())
    }

    /// Whether no file of many days is needed.
    fn few_are_due(&self) -> bool {
        let now = self.watch.now();
        let few = |part| self.days.due(part, now).len() <= MOST_ALONE;
        self.days.any_read(Part::People) && few(Part::People) && (!self.asks_teams() || few(Part::Joined))
    }

    /// The days of which a part is due, those that failed the last time behind all others. Where people could not be
    /// read just now, there is nothing to join yet.
    pub(super) fn due(&self, part: Part) -> Vec<NaiveDate> {
        let now = self.watch.now();
        let mut due = self.days.due(part, now);
        due.retain(|day| part == Part::People || !self.days.is_due(*day, Part::People, now));
        due
    }

    /// Reads a report about people for some days, and the teams of each: whether people were read.
    ///
    /// The links come first, as they may be refused; then the teams, which have to be there while people are read.
    async fn ask_people_of(
        &mut self,
        report: Report,
        days: &[NaiveDate],
        asked: &mut Asked,
    ) -> Result<bool, Stopped> {
        let now = self.watch.now();
        let wanted = days.iter().any(|day| self.days.is_due(*day, Part::People, now));
        let mut files = None;
        if wanted {
            files = self.find_people(report, days, asked).await?;
        }
        let memberships = if files.is_some() || !wanted {
            self.read_teams(days, asked).await
        } else if self.people_refused || report == Report::UsersDay {
            // Whether the teams are there is told apart, and where people are refused their seats are all there is.
            let days = self.due_of_shown(days);
            self.read_teams(&days, asked).await
        } else {
            Memberships::default()
        };
        let listed = days.iter().any(|day| memberships.seated(*day).is_some());
        if !wanted && listed {
            files = self.find_people(report, days, asked).await?;
        }
        let Some(files) = files else {
            self.tell_people(days, BTreeMap::new(), &memberships).await?;
            return Ok(false);
        };
        let single = (report == Report::UsersDay).then(|| days.first().copied()).flatten();
        let of = single.map_or_else(|| people::Days::These(days.to_vec()), people::Days::Only);
        let memberships = Arc::new(memberships);
        let shared_from = self.days.shown_from().unwrap_or_default();
        let fold = People::of(of, Arc::clone(&memberships), shared_from)
            .with_team_detail(self.watch.task.team_detail);
        match self.read(report, single, files, fold).await {
            Ok(people) => self.take_people(report, people, days, &memberships, asked).await,
            Err(failure) => {
                self.month_failures += u8::from(report == Report::UsersMonth);
                if matches!(failure.reason, Reason::Decode | Reason::TooLarge) {
                    self.month_failures = MOST_MONTH_FAILURES;
                }
                asked.activity.took(Err(failure));
                Ok(false)
            }
        }
    }

    /// The files of a report about people, if there are any.
    async fn find_people(
        &mut self,
        report: Report,
        days: &[NaiveDate],
        asked: &mut Asked,
    ) -> Result<Option<Files>, Stopped> {
        if asked.people_refused || asked.is_over() {
            return Ok(None);
        }
        let found = match days {
            [day] if report == Report::UsersDay => {
                self.judge(self.find(report, Some(*day)).await, report, *day)
            }
            _ => self.find(report, None).await,
        };
        match found {
            Ok(files) => {
                asked.people_waiting |= files.is_none();
                self.month_failures += u8::from(report == Report::UsersMonth && files.is_none());
                asked.activity.took(Ok(()));
                Ok(files)
            }
            Err(failure) => {
                // Who may not read the month may not read its days either.
                let month_fails = matches!(failure.reason, Reason::NotFound) || !failure.reason.is_answer();
                let month_fails = month_fails && !failure.reason.stops_round();
                self.month_failures += u8::from(report == Report::UsersMonth && month_fails);
                let missing = report == Report::UsersDay && failure.reason == Reason::NotFound;
                if failure.reason.is_answer() && !missing {
                    asked.people_refused = true;
                    self.refuse_people(true).await?;
                }
                asked.activity.took(Err(failure));
                Ok(None)
            }
        }
    }

    /// Takes note whether reports about people are refused: then the owner's own give the rows.
    async fn refuse_people(&mut self, refused: bool) -> Result<(), Stopped> {
        if std::mem::replace(&mut self.people_refused, refused) == refused {
            Ok(())
        } else {
            self.tell_days().await
        }
    }

    /// Those of some days that are shown and of which the teams are due.
    fn due_of_shown(&self, days: &[NaiveDate]) -> Vec<NaiveDate> {
        let (now, shown_from) = (self.watch.now(), self.days.shown_from());
        let is_due =
            |day: &&NaiveDate| Some(**day) >= shown_from && self.days.is_due(**day, Part::Teams, now);
        days.iter().filter(is_due).copied().collect()
    }

    /// Who is in which team on these days, as far as that can be read.
    async fn read_teams(&mut self, days: &[NaiveDate], asked: &mut Asked) -> Memberships {
        let mut memberships = Memberships::default();
        let mut misses = 0;
        for day in days {
            if !self.asks_teams() || asked.teams_refused || asked.is_over() || misses >= MOST_MISSES {
                break;
            }
            if asked.without_teams.contains(day) {
                continue;
            }
            let read = self.read_teams_of(*day).await;
            if !matches!(read, Ok(Some(_))) {
                asked.without_teams.insert(*day);
            }
            match read {
                Ok(Some(list)) => {
                    misses = 0;
                    asked.teams.took(Ok(()));
                    self.teams.learn(list.day, &list.slugs);
                    self.days.read(*day, Part::Teams, self.watch.now());
                    memberships.add(list);
                }
                Ok(None) => asked.teams_waiting = true,
                Err(failure) => {
                    misses += 1;
                    self.days.fail(*day, self.watch.now());
                    asked.teams_refused |= failure.reason.is_answer() && failure.reason != Reason::NotFound;
                    asked.teams.took(Err(failure));
                }
            }
        }
        memberships
    }

    async fn read_teams_of(&self, day: NaiveDate) -> Result<Option<TeamList>, Failure> {
        let report = Report::UserTeamsDay;
        match self.judge(self.find(report, Some(day)).await, report, day)? {
            Some(files) => self.read(report, Some(day), files, TeamList::of(day)).await.map(Some),
            None => Ok(None),
        }
    }

    /// Takes in what was counted: whether there was anything.
    async fn take_people(
        &mut self,
        report: Report,
        people: People,
        days: &[NaiveDate],
        memberships: &Memberships,
        asked: &mut Asked,
    ) -> Result<bool, Stopped> {
        let now = self.watch.now();
        let (counted, active) = people.finish();
        // A file without the people whom the owner's own report counts is not there yet: it would make zeros.
        let (counted, missing): (BTreeMap<_, _>, BTreeMap<_, _>) =
            counted.into_iter().partition(|(day, counted)| counted.people > 0 || self.latest.is_idle(*day));
        for day in missing.into_keys() {
            // Days that are missing in the report of many are asked for one by one.
            let judged =
                if report == Report::UsersDay { self.judge::<()>(Ok(None), report, day) } else { Ok(None) };
            asked.people_waiting |= judged.is_ok() && counted.is_empty();
            asked.activity.took(judged.map(drop));
        }
        let mut joined = BTreeSet::new();
        for (day, counted) in &counted {
            self.days.read(*day, Part::People, now);
            if counted.teams.is_some() {
                self.days.read(*day, Part::Joined, now);
                joined.insert(*day);
            }
        }
        self.rolling.take(&joined, memberships, &active);
        self.refuse_people(false).await?;
        let any = !counted.is_empty();
        self.month_failures += u8::from(report == Report::UsersMonth && !any);
        self.tell_people(days, counted, memberships).await?;
        Ok(any)
    }

    /// Tells what was counted of some days, and where people are refused, who is in the teams of the others. While
    /// people are only waited for, teams stay as they are: a day with nothing but seats would hide the last.
    async fn tell_people(
        &self,
        days: &[NaiveDate],
        counted: BTreeMap<NaiveDate, PeopleDay>,
        memberships: &Memberships,
    ) -> Result<(), Stopped> {
        let (Some(newest), Some(shared_from)) = (self.days.newest(), self.days.shown_from()) else {
            return Ok(());
        };
        let owner = self.watch.task.owner.clone();
        let only_seated = days.iter().filter(|day| self.people_refused && !counted.contains_key(day));
        let seated: BTreeMap<_, _> =
            only_seated.filter_map(|day| Some((*day, memberships.seated(*day)?.clone()))).collect();
        if counted.is_empty() && seated.is_empty() {
            return Ok(());
        }
        if self.asks_teams() {
            let teams = self.teams.watched(&self.watch.task.teams, &owner);
            self.watch.tell(Update::Teams { owner: owner.clone(), teams }).await?;
        }
        let shown = shared_from.iter_days().take_while(|day| *day <= newest);
        let reach = shown.map(|day| (day, self.rolling.reach(day))).collect();
        let month = self.days.month_begins();
        let days = counted.into_iter().filter(|(day, _)| Some(*day) >= month).collect();
        let news = Box::new(PeopleNews { days, seated, reach, shared_from, at: self.watch.now() });
        self.watch.tell(Update::People { owner, news }).await
    }
}
