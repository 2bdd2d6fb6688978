//! Past days by reports: three of each day, of the owner, of its people and of its teams, joined as `serve` joins them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::NaiveDate;
use futures_util::{StreamExt, stream};

use super::{
    past::{Gap, Part, Reading, Subject, Why},
    patience::patiently,
};
use crate::{
    config::TeamPatterns,
    github::{
        Failure, Reason,
        endpoint::Report,
        reports::{self, EntityDay, Fold, Wanted},
    },
    model::{
        Records, Update,
        memberships::{Memberships, TeamList},
        people::{self, People, PeopleDay},
        rolling::Rolling,
        state::{PeopleNews, has_number},
    },
    owner::Owner,
    refresh::{days::Days, teams::Teams},
};

/// Up to this age GitHub may not have made a report yet; 404 and 5xx say so.
const RECENT: i64 = 4;

/// GitHub keeps a year; older days are not asked for.
const KEPT: i64 = 366;

/// Days of this age and older may be gone already. Nothing says how GitHub answers then.
const LONG_AGO: i64 = 364;

/// The days that are held: more than any window that ends on the newest.
const HELD: usize = 64;

/// The days of an owner, in order.
pub struct ReportsPast {
    reader: Reader,
    history: Joined,
}

/// What has been joined so far.
struct Joined {
    owner: Owner,
    activity: bool,
    patterns: Option<TeamPatterns>,
    days: Days,
    published: BTreeMap<NaiveDate, u64>,
    teams: Teams,
    rolling: Rolling,
}

/// What was read of one day.
struct DayReports {
    day: NaiveDate,
    /// Whether GitHub says that there is nothing of it: then nobody was active. Of a day that it may no longer keep or
    /// not have made yet, or of which it gives what cannot be read, nobody knows who was.
    is_quiet: bool,
    entity: Option<EntityDay>,
    people: Option<(PeopleDay, Vec<u64>)>,
    memberships: Arc<Memberships>,
    slugs: Option<BTreeMap<u64, String>>,
    /// Whether the rows can have languages only.
    people_refused: bool,
    gaps: Vec<Gap>,
    refusals: Vec<Failure>,
}

/// Reads days, several at a time if that is wanted.
struct Reader {
    subject: Subject,
    people_refused: AtomicBool,
    teams_refused: AtomicBool,
}

impl ReportsPast {
    /// Nothing is read yet.
    pub fn new(subject: &Subject, settle_days: u8) -> Self {
        let reader = Reader {
            subject: subject.clone(),
            people_refused: AtomicBool::new(false),
            teams_refused: AtomicBool::new(false),
        };
        let history = Joined {
            owner: subject.owner.clone(),
            activity: subject.activity,
            patterns: subject.teams.clone(),
            days: Days::settling(settle_days),
            published: BTreeMap::new(),
            teams: Teams::default(),
            rolling: Rolling::default(),
        };
        Self { reader, history }
    }

    /// Reads days, several at a time where that is configured, and gives them to `take` in order.
    ///
    /// # Errors
    /// The day that could not be read, and the [`Failure`] because of which the rest cannot be read either.
    pub async fn read(
        &mut self,
        days: &[NaiveDate],
        mut take: impl FnMut(NaiveDate, Reading),
    ) -> Result<(), (NaiveDate, Failure)> {
        let Self { reader, history } = self;
        let reader = &*reader;
        let read = |day: NaiveDate| async move { (day, reader.day(day).await) };
        // None is left on its way: it would hold the turn of another owner that has the same credential.
        let mut reading = stream::iter(days.to_vec()).map(read).buffered(reader.subject.concurrency);
        while let Some((day, read)) = reading.next().await {
            take(day, history.take(read.map_err(|failure| (day, failure))?));
        }
        Ok(())
    }
}

impl Joined {
    fn take(&mut self, read: DayReports) -> Reading {
        let DayReports { day, is_quiet, entity, people, memberships, slugs, people_refused, gaps, refusals } =
            read;
        let mut reading = Reading { published: entity.is_some(), updates: Vec::new(), gaps, refusals };
        let Some(entity) = entity else {
            if is_quiet {
                self.rolling.quiet(day);
            }
            return reading;
        };
        self.publish(day);
        if let Some(slugs) = slugs {
            self.teams.learn(day, &slugs);
        }
        let (owner, at) = (self.owner.clone(), day.and_time(chrono::NaiveTime::MIN).and_utc());
        let shown_from = self.days.shown_from().unwrap_or(day);
        if self.activity {
            let days = Some(Records::Report { days: vec![entity], languages: people_refused, shown_from });
            reading.updates.push(Update::Days { owner: owner.clone(), team: None, days, at });
        }
        if let Some(patterns) = &self.patterns {
            let teams = self.teams.watched(patterns, &owner);
            reading.updates.push(Update::Teams { owner: owner.clone(), teams });
        }
        let mut counted = BTreeMap::new();
        if let Some((people, active)) = people {
            if people.teams.is_some() {
                self.rolling.take(&BTreeSet::from([day]), &memberships, &active);
            }
            counted.insert(day, people);
        }
        let mut seated = BTreeMap::new();
        if people_refused && let Some(people) = memberships.seated(day) {
            seated.insert(day, people.clone());
        }
        let reach = shown_from.iter_days().take_while(|shown| *shown <= day);
        let reach = reach.map(|shown| (shown, self.rolling.reach(shown))).collect();
        let news = Box::new(PeopleNews { days: counted, seated, reach, shared_from: shown_from, at });
        reading.updates.push(Update::People { owner, news });
        reading
    }

    /// Takes note that a day is the newest now.
    fn publish(&mut self, day: NaiveDate) {
        self.published.insert(day, 0);
        if self.published.len() > HELD {
            self.published.pop_first();
        }
        self.days.follow(&self.published);
        let begins = self.days.begins().unwrap_or(day);
        self.rolling.forget_before(begins.pred_opt().unwrap_or(begins));
        self.teams.keep_within(begins, day);
    }
}

/// What there is of one report.
enum Found<F> {
    There(F),
    Missing(Why),
    /// It fails, on a day so recent that it may not be made yet.
    Unready,
    Refused(Failure),
}

impl Reader {
    /// Reads the reports of a day: the owner's first, which says whether there is anything, then the teams, which have to
    /// be there while people are read.
    async fn day(&self, day: NaiveDate) -> Result<DayReports, Failure> {
        let mut read = DayReports::of(day);
        if self.age(day) > KEPT {
            read.miss(Part::Day, Why::Nothing);
            return Ok(read);
        }
        let entity = match self.report(Report::EntityDay, day, Vec::<EntityDay>::new).await? {
            Found::There(records) => {
                records.into_iter().find(|record| record.day == day && has_number(record))
            }
            Found::Missing(Why::Nothing) => None,
            Found::Missing(why) => {
                read.miss(Part::Day, why);
                return Ok(read);
            }
            Found::Unready => {
                read.miss(Part::Day, Why::Nothing);
                return Ok(read);
            }
            Found::Refused(failure) => return Err(failure),
        };
        let Some(entity) = entity else {
            read.is_quiet = self.age(day) < LONG_AGO;
            read.miss(Part::Day, Why::Nothing);
            return Ok(read);
        };
        self.teams(&mut read).await?;
        self.people(&mut read, entity.daily_active_users == Some(0)).await?;
        read.entity = Some(entity);
        Ok(read)
    }

    async fn teams(&self, read: &mut DayReports) -> Result<(), Failure> {
        let day = read.day;
        if self.subject.teams.is_none() || self.teams_refused.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.report(Report::UserTeamsDay, day, || TeamList::of(day)).await? {
            Found::There(list) => {
                read.slugs = Some(list.slugs.clone());
                let mut memberships = Memberships::default();
                memberships.add(list);
                read.memberships = Arc::new(memberships);
            }
            Found::Missing(why) => read.miss(Part::Teams, why),
            Found::Unready => read.miss(Part::Teams, Why::Nothing),
            Found::Refused(failure) => read.refuse(&self.teams_refused, failure),
        }
        Ok(())
    }

    async fn people(&self, read: &mut DayReports, idle: bool) -> Result<(), Failure> {
        let day = read.day;
        read.people_refused = self.people_refused.load(Ordering::Relaxed);
        if read.people_refused {
            return Ok(());
        }
        // Every day is the newest once, so all of it is kept.
        let fold = || People::of(people::Days::Only(day), Arc::clone(&read.memberships), day);
        let missing = match self.report(Report::UsersDay, day, fold).await? {
            Found::There(people) => {
                let (mut counted, active) = people.finish();
                // A file without the people whom the owner's own report counts would make zeros.
                let counted = counted.remove(&day).filter(|counted| counted.people > 0 || idle);
                read.people = counted.map(|counted| (counted, active));
                read.people.is_none().then_some(Why::Nothing)
            }
            Found::Missing(why) => Some(why),
            Found::Unready => Some(Why::Nothing),
            Found::Refused(failure) => {
                read.people_refused = true;
                read.refuse(&self.people_refused, failure);
                None
            }
        };
        missing.into_iter().for_each(|why| read.miss(Part::People, why));
        Ok(())
    }

    /// Finds and reads one report of a day.
    async fn report<F: Fold>(
        &self,
        report: Report,
        day: NaiveDate,
        fold: impl Fn() -> F,
    ) -> Result<Found<F>, Failure> {
        let Subject { client, clock, owner, .. } = &self.subject;
        let wanted = Wanted { report, owner, day: Some(day) };
        let read = patiently(&**clock, || async {
            match reports::find(client, &wanted).await? {
                Some(files) => reports::read(client, &wanted, files, fold()).await.map(Some),
                None => Ok(None),
            }
        });
        match read.await {
            Ok(Some(read)) => Ok(Found::There(read)),
            Ok(None) => Ok(Found::Missing(Why::Nothing)),
            Err(failure) => match failure.reason {
                Reason::NotFound => Ok(Found::Missing(Why::Nothing)),
                Reason::ServerError if self.age(day) < RECENT => Ok(Found::Unready),
                Reason::Decode | Reason::TooLarge => Ok(Found::Missing(Why::Unreadable(failure))),
                reason if reason.is_answer() && self.age(day) >= LONG_AGO => {
                    tracing::debug!(%day, %failure, "taken for a day that GitHub no longer keeps");
                    Ok(Found::Missing(Why::Nothing))
                }
                reason if reason.is_answer() => Ok(Found::Refused(failure)),
                _ => Err(failure),
            },
        }
    }

    /// How many days ago a day was.
    fn age(&self, day: NaiveDate) -> i64 {
        (self.subject.clock.now().date_naive() - day).num_days()
    }
}

impl DayReports {
    fn of(day: NaiveDate) -> Self {
        Self {
            day,
            is_quiet: false,
            entity: None,
            people: None,
            memberships: Arc::default(),
            slugs: None,
            people_refused: false,
            gaps: Vec::new(),
            refusals: Vec::new(),
        }
    }

    /// Takes note that something is not there.
    fn miss(&mut self, part: Part, why: Why) {
        self.gaps.push(Gap { day: self.day, part, why });
    }

    /// Takes note of a refusal; only the first is told.
    fn refuse(&mut self, refused: &AtomicBool, failure: Failure) {
        if !refused.swap(true, Ordering::Relaxed) {
            self.refusals.push(failure);
        }
    }
}
