//! Watching an owner by the usage metrics reports.
//!
//! The report of the latest 28 days says which days there are and which have changed; of those the reports about people
//! and teams are read and joined. Both sources come from the same files, so one watcher asks for both.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::NaiveDate;

use super::{
    days::{Days, Part},
    latest::Latest,
    round::Round,
    schedule::Schedule,
    teams::Teams,
    watch::{Leave, Stopped, Watch},
};
use crate::{
    clock::Instant,
    github::{
        Answer, Failure, Reason, Validators,
        endpoint::{Endpoint, Report},
        reports::{self, EntityDay, Files, Fold, Wanted},
        usage::{self, Window},
    },
    model::{
        Records, Update,
        memberships::{Memberships, TeamList},
        people::{self, People, PeopleDay},
        rolling::Rolling,
        state::PeopleNews,
    },
    source::{Api, Source},
};

/// A report that is not there is waited for on the first days; from this age of its day on it is missing.
const MISSING_FROM: i64 = 4;

/// GitHub promises a day within so many; beyond it the report of the latest 28 days is behind.
const LATEST_LAGS: i64 = 3;

/// More days than this are read in one file of many days, fewer in a file each.
const MOST_ALONE: usize = 4;

/// So often the file of many days is tried before its days are read in a file each.
const MOST_MONTH_FAILURES: u8 = 3;

/// So many days in a row that fail end the reading of single days. The next attempt begins with the others.
const MOST_MISSES: u8 = 3;

/// Asks for the reports of one owner, forever.
#[derive(Debug)]
pub struct ReportWatcher {
    watch: Watch,
    /// Whether it is to be found out if the owner has reports at all.
    undecided: bool,
    latest: Latest,
    days: Days,
    teams: Teams,
    rolling: Rolling,
    /// Whether reports about people were refused when they were last asked for.
    people_refused: bool,
    /// How often in a row the file of many days could not be read.
    month_failures: u8,
}

/// The questions of one attempt.
#[derive(Debug, Default)]
struct Asked {
    activity: Round,
    teams: Round,
    /// Whether something was not ready.
    people_waiting: bool,
    teams_waiting: bool,
    /// What is refused once is not asked for again in the same attempt.
    people_refused: bool,
    teams_refused: bool,
    /// Nor are the teams of days of which they could not be read.
    without_teams: BTreeSet<NaiveDate>,
}

impl Asked {
    fn is_over(&self) -> bool {
        self.activity.over || self.teams.over
    }

    fn failures(&self) -> u64 {
        self.activity.failures.values().chain(self.teams.failures.values()).sum()
    }
}

impl ReportWatcher {
    /// A watcher that has asked nothing yet.
    pub fn new(watch: Watch) -> Self {
        Self {
            undecided: watch.task.api.is_none(),
            latest: Latest::default(),
            days: Days::settling(watch.task.settle_days),
            teams: Teams::default(),
            rolling: Rolling::default(),
            people_refused: false,
            month_failures: 0,
            watch,
        }
    }

    /// Asks whenever something is due, until nobody listens any more or the usage API is found to answer.
    pub async fn run(mut self) -> Leave {
        let mut schedule = Schedule::new(self.watch.task.interval, self.watch.now());
        loop {
            let credential = self.watch.client.fingerprint(&self.watch.task.owner).await;
            match self.attempt(&mut schedule).await {
                Err(leave) => return leave,
                Ok(failed) => self.watch.rest(failed, credential, schedule.next()).await,
            }
        }
    }

    /// Asks for everything that is due and reports how it went: whether it failed.
    async fn attempt(&mut self, schedule: &mut Schedule) -> Result<bool, Leave> {
        let began = self.watch.now();
        let cycle = schedule.begin(began);
        let mut asked = Asked::default();
        self.ask_latest(cycle, &mut asked).await?;
        self.ask_next_day(cycle, &mut asked).await?;
        self.ask_earlier_days(&mut asked).await;
        self.ask_people(&mut asked).await?;
        self.spread(&mut asked);
        let Asked { activity, mut teams, people_waiting, mut teams_waiting, .. } = asked;
        let people_waiting = self.latest.is_empty() || people_waiting;
        let failed = schedule.ended(self.watch.now(), &[&activity, &teams]);
        let span = (began, schedule.next());
        if self.asks(Source::Activity) {
            let targets = self.latest.targets();
            self.watch.report(Source::Activity, activity, span, targets, people_waiting).await?;
        } else {
            // Teams are joined with what people did: without it they are not read.
            teams.absorb(activity);
            teams_waiting |= people_waiting;
        }
        if self.asks(Source::Teams) {
            let task = &self.watch.task;
            let targets = self.teams.targets(&task.teams, &task.owner, teams.problem.is_some());
            self.watch.report(Source::Teams, teams, span, targets, teams_waiting).await?;
        }
        Ok(failed)
    }

    /// Where one source ended the attempt before the other had everything, that one is not up either.
    fn spread(&self, asked: &mut Asked) {
        let is_due = |part| !self.due(part).is_empty();
        let Asked { activity, teams, .. } = asked;
        if !self.asks(Source::Activity)
            || !self.asks_teams()
            || activity.problem.is_some() == teams.problem.is_some()
        {
            return;
        }
        let days_unknown = self.latest.has_failed();
        if days_unknown || (activity.over && (is_due(Part::People) || is_due(Part::Joined))) {
            teams.took(activity.problem.clone().map_or(Ok(()), Err));
        } else if teams.over && is_due(Part::People) {
            activity.took(teams.problem.clone().map_or(Ok(()), Err));
        }
    }

    fn asks(&self, source: Source) -> bool {
        self.watch.task.sources.contains(&source)
    }

    fn asks_teams(&self) -> bool {
        self.asks(Source::Teams) && !self.watch.task.teams.is_none()
    }

    fn wanted(&self, report: Report, day: Option<NaiveDate>) -> Wanted<'_> {
        Wanted { report, owner: &self.watch.task.owner, day }
    }

    async fn find(&self, report: Report, day: Option<NaiveDate>) -> Result<Option<Files>, Failure> {
        reports::find(&self.watch.client, &self.wanted(report, day)).await
    }

    async fn read<F: Fold>(
        &self,
        report: Report,
        day: Option<NaiveDate>,
        files: Files,
        fold: F,
    ) -> Result<F, Failure> {
        reports::read(&self.watch.client, &self.wanted(report, day), files, fold).await
    }

    /// The report of a day that is not there: waited for while the day is recent, then missing.
    fn judge<T>(
        &self,
        found: Result<Option<T>, Failure>,
        report: Report,
        day: NaiveDate,
    ) -> Result<Option<T>, Failure> {
        let detail = match found {
            Ok(Some(found)) => return Ok(Some(found)),
            Ok(None) => {
                let owner = &self.watch.task.owner;
                let path = Endpoint::of_report(report, owner).path(owner, None);
                format!("GET {path}?day={day}: GitHub has nothing, although the day is over for long")
            }
            Err(failure) if matches!(failure.reason, Reason::NotFound | Reason::ServerError) => {
                failure.detail
            }
            Err(failure) => return Err(failure),
        };
        let is_recent = (self.watch.now().date_naive() - day).num_days() < MISSING_FROM;
        if is_recent { Ok(None) } else { Err(Failure::new(Reason::NotFound, detail)) }
    }

    /// Asks for the owner's own report, once a cycle.
    async fn ask_latest(&mut self, cycle: Instant, asked: &mut Asked) -> Result<(), Leave> {
        let now = self.watch.now();
        if !self.latest.is_due(cycle, now) {
            return Ok(());
        }
        let found = self.find(Report::EntityMonth, None).await;
        if self.undecided {
            self.decide(&found).await?;
        }
        let answer = match found {
            Ok(Some(files)) => {
                let span = files.span;
                let days = self.read(Report::EntityMonth, None, files, Vec::new()).await;
                days.map(|days: Vec<EntityDay>| (days, span))
            }
            Ok(None) => Ok((Vec::new(), None)),
            Err(failure) => Err(failure),
        };
        match answer {
            Err(failure) => {
                self.latest.fail();
                asked.activity.took(Err(failure));
            }
            Ok((days, span)) => {
                self.latest.take(days, span, now);
                self.follow().await?;
            }
        }
        Ok(())
    }

    /// Finds out by which interface the owner answers: the usage API if reports do not exist for it and that does.
    /// While there is no answer at all it stays open.
    async fn decide(&mut self, found: &Result<Option<Files>, Failure>) -> Result<(), Leave> {
        let owner = &self.watch.task.owner;
        match found {
            Err(failure) if failure.reason == Reason::NotFound => {}
            Err(failure) if !failure.reason.is_answer() => return Ok(()),
            _ => {
                self.undecided = false;
                return Ok(());
            }
        }
        let (window, known) = (Window::default(), Validators::default());
        match usage::days(&self.watch.client, owner, None, &window, &known).await {
            Ok(Answer::Fresh(..)) => {
                self.watch.tell(Update::Speaks { owner: owner.clone(), api: Api::Usage }).await?;
                Err(Leave::Usage)
            }
            Err(failure) if !failure.reason.is_answer() => Ok(()),
            Ok(_) | Err(_) => {
                self.undecided = false;
                Ok(())
            }
        }
    }

    /// Where the report of the latest days is behind, asks for the day after its last, once a cycle.
    async fn ask_next_day(&mut self, cycle: Instant, asked: &mut Asked) -> Result<(), Stopped> {
        let now = self.watch.now();
        let Some(next) = self.latest.next_day(now.date_naive(), LATEST_LAGS).filter(|_| !asked.is_over())
        else {
            return Ok(());
        };
        if !self.latest.is_next_due(cycle, now) {
            asked.people_waiting |= self.latest.awaits_next();
            return Ok(());
        }
        let (report, day) = (Report::EntityDay, Some(next));
        let found = self.judge(self.find(report, day).await, report, next);
        let answer = match found {
            Ok(Some(files)) => self.read(report, day, files, Vec::new()).await,
            Ok(None) => Ok(Vec::new()),
            Err(failure) => Err(failure),
        };
        match answer {
            Err(failure) => asked.activity.took(Err(failure)),
            Ok(days) => {
                self.latest.take_next(next, days, now);
                asked.people_waiting |= self.latest.awaits_next();
                self.follow().await?;
            }
        }
        Ok(())
    }

    /// Tells what is known of the owner, and notes which days there are.
    async fn follow(&mut self) -> Result<(), Stopped> {
        self.tell_days().await?;
        self.days.follow(&self.latest.fingerprints());
        let Some(begins) = self.days.begins() else { return Ok(()) };
        for day in self.latest.days_without_data(begins) {
            self.rolling.quiet(day);
        }
        // A team can be shown a day behind its owner.
        self.rolling.forget_before(begins.pred_opt().unwrap_or(begins));
        self.teams.keep_within(begins, self.days.newest().unwrap_or(begins));
        Ok(())
    }

    async fn tell_days(&self) -> Result<(), Stopped> {
        if !self.asks(Source::Activity) {
            return Ok(());
        }
        let (owner, languages) = (self.watch.task.owner.clone(), self.people_refused);
        let days = Some(Records::Report { days: self.latest.days().cloned().collect(), languages });
        self.watch.tell(Update::Days { owner, team: None, days, at: self.watch.now() }).await
    }

    /// Asks which of the days before those of the report have data: on them depend the monthly people of teams.
    async fn ask_earlier_days(&mut self, asked: &mut Asked) {
        let (Some(begins), Some(covered), true) =
            (self.days.begins(), self.latest.begins(), self.asks_teams())
        else {
            return;
        };
        for day in begins.iter_days().take_while(|day| *day < covered).collect::<Vec<_>>().into_iter().rev() {
            if self.days.contains(day) || self.rolling.knows(day) {
                continue;
            }
            if asked.is_over() {
                return;
            }
            let answer = match self.find(Report::EntityDay, Some(day)).await {
                Ok(Some(files)) => self.read(Report::EntityDay, Some(day), files, Vec::new()).await,
                Ok(None) => Ok(Vec::new()),
                Err(failure) if failure.reason == Reason::NotFound => Ok(Vec::new()),
                Err(failure) => Err(failure),
            };
            match answer {
                Ok(days) if Latest::has_people(&days) => self.days.add(day),
                Ok(_) => self.rolling.quiet(day),
                Err(failure) => asked.activity.took(Err(failure)),
            }
        }
    }

    /// Reads what people did, and joins it with their teams, of every day of which either is due.
    async fn ask_people(&mut self, asked: &mut Asked) -> Result<(), Stopped> {
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
    fn due(&self, part: Part) -> Vec<NaiveDate> {
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
            // While people are only waited for, teams stay as they are: a day with nothing but seats would hide the last.
            if self.people_refused {
                self.tell_people(days, BTreeMap::new(), &memberships).await?;
            }
            return Ok(false);
        };
        let single = (report == Report::UsersDay).then(|| days.first().copied()).flatten();
        let of = single.map_or_else(|| people::Days::These(days.to_vec()), people::Days::Only);
        let memberships = Arc::new(memberships);
        let shared_from = self.days.shown_from().unwrap_or_default();
        let fold = People::of(of, Arc::clone(&memberships), shared_from);
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
                    self.teams.learn(&list);
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

    /// Tells what was counted of some days, and of the others who is in their teams.
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
        let only_seated = days.iter().filter(|day| !counted.contains_key(day));
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
