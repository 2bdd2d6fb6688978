//! Watching an owner by the usage metrics reports.
//!
//! The report of the latest 28 days says which days there are and which have changed; of those the reports about people
//! and teams are read and joined. Both sources come from the same files, so one watcher asks for both.

mod people;

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{
    days::{Days, Part},
    interface::Interface,
    latest::Latest,
    round::Round,
    schedule::Schedule,
    teams::Teams,
    watch::{Leave, Stopped, Watch},
};
use crate::{
    clock::Instant,
    github::{
        Failure, Reason, Validators,
        endpoint::{Endpoint, Report},
        reports::{self, EntityDay, Files, Fold, Wanted},
        usage::{self, Window},
    },
    model::{Records, Update, rolling::Rolling},
    owner::Owner,
    source::{Api, Source},
};

/// A report that is not there is waited for on the first days; from this age of its day on it is missing.
const MISSING_FROM: i64 = 4;

/// GitHub promises a day within so many; beyond it the report of the latest 28 days is behind.
const LATEST_LAGS: i64 = 3;

/// Asks for the reports of one owner, forever.
#[derive(Debug)]
pub struct ReportWatcher {
    watch: Watch,
    /// Whether it is to be found out if the owner has reports at all.
    undecided: bool,
    /// Whether what is held is of the usage API, which is yet to be found out to be of the past.
    holds_usage: bool,
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
        let known = &watch.task.known;
        Self {
            undecided: watch.task.api.is_none(),
            holds_usage: known.by_usage,
            latest: Latest::default(),
            days: Days::settling(watch.task.settle_days),
            teams: Teams::listed(&known.teams),
            rolling: Rolling::default(),
            people_refused: known.people_refused,
            month_failures: 0,
            watch,
        }
    }

    /// Asks whenever something is due, until nobody listens any more or the usage API is found to answer.
    pub async fn run(mut self) -> Leave {
        let mut schedule = self.watch.schedule();
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
        self.days.forget_dropped(began);
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
        // Without people nothing of teams was asked for yet, and nothing must not pass for everything.
        teams_waiting |= people_waiting && self.asks_teams() && !self.days.any_read(Part::Teams);
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

    fn judge<T>(
        &self,
        found: Result<Option<T>, Failure>,
        report: Report,
        day: NaiveDate,
    ) -> Result<Option<T>, Failure> {
        judge(found, &self.watch.task.owner, (report, day), self.watch.now())
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
        if found.is_ok() && std::mem::take(&mut self.holds_usage) {
            let owner = self.watch.task.owner.clone();
            self.watch.tell(Update::Speaks { owner, api: Api::Reports }).await?;
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

    /// Finds out by which interface the owner answers. While there is no answer at all it stays open.
    async fn decide(&mut self, found: &Result<Option<Files>, Failure>) -> Result<(), Leave> {
        let owner = &self.watch.task.owner;
        let (window, known) = (Window::default(), Validators::default());
        let usage = usage::days(&self.watch.client, owner, None, &window, &known);
        match Interface::find(None, found, usage).await {
            Interface::Usage(_) => {
                self.watch.tell(Update::Speaks { owner: owner.clone(), api: Api::Usage }).await?;
                return Err(Leave::Usage);
            }
            Interface::Reports => self.undecided = false,
            Interface::Unknown => {}
        }
        Ok(())
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
        let found = self.find(report, day).await;
        let nothing = matches!(&found, Ok(None))
            || found.as_ref().is_err_and(|failure| failure.reason == Reason::NotFound);
        let found = self.judge(found, report, next);
        if nothing && found.is_err() {
            self.latest.step_over(next, now);
        }
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
        self.days.follow(&self.latest.fingerprints());
        self.tell_days().await?;
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
        let days = self.latest.days().cloned().collect();
        let shown_from = self.days.shown_from().unwrap_or_default();
        let days = Some(Records::Report { days, languages, shown_from });
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
                // The others would hardly fare better, and nothing but a count waits for them.
                Err(failure) => return asked.activity.took(Err(failure)),
            }
        }
    }
}

/// The report of a day that is not there: waited for while the day is recent, then missing.
///
/// # Errors
/// The [`Failure`], with [`Reason::NotFound`] for a report that is missing.
pub fn judge<T>(
    found: Result<Option<T>, Failure>,
    owner: &Owner,
    (report, day): (Report, NaiveDate),
    now: Instant,
) -> Result<Option<T>, Failure> {
    let missing = match found {
        Ok(Some(found)) => return Ok(Some(found)),
        Ok(None) => {
            let path = Endpoint::of_report(report, owner).path(owner, None);
            let words =
                format!("GET {path}?day={day}: GitHub has nothing, although the day is over for long");
            Failure::new(Reason::NotFound, words)
        }
        Err(failure) if matches!(failure.reason, Reason::NotFound | Reason::ServerError) => {
            Failure { reason: Reason::NotFound, retry_at: None, ..failure }
        }
        Err(failure) => return Err(failure),
    };
    let is_recent = (now.date_naive() - day).num_days() < MISSING_FROM;
    if is_recent { Ok(None) } else { Err(missing) }
}
