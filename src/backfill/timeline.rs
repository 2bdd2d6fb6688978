//! One owner through its past: what `/metrics` showed of it, and from when to when.

use std::{collections::BTreeSet, time::Duration};

use chrono::{Days, NaiveDate, TimeDelta};

use super::{
    month::{Month, Span},
    past::{Gap, Past, Reading, Subject},
    plan::{Course, DAY, Plan, midnight_after},
    progress::Progress,
};
use crate::{
    clock::Instant,
    github::Failure,
    metrics::{
        Plan as Shown, TeamDetail,
        catalogue::{CATALOGUE, Group, Metric, Read},
        samples,
    },
    model::{State, ViewOptions, state::MONTH, view},
    source::Api,
};

/// So many days GitHub may have left out of those on which a day depends, where that is not the first: the weekends of a
/// month, or the holidays of a company. The day that is shown is older by those behind it, and so are the others.
const LEFT_OUT: Days = Days::new(14);

/// How the past of an owner is written.
#[derive(Clone, Debug)]
pub struct Manner {
    /// The switches.
    pub plan: Plan,
    /// As `serve` has it. Each day of the history is written once, when it was the newest, so one is enough.
    pub view: ViewOptions,
    /// As `serve` has it.
    pub team_detail: TeamDetail,
}

/// An owner at some moment of its past.
pub struct Timeline {
    past: Past,
    /// The day that is read next.
    next: NaiveDate,
    picture: Picture,
}

/// What `/metrics` shows of an owner.
struct Picture {
    manner: Manner,
    course: Course,
    state: State,
    /// From when on what is shown has not been written; nothing before the first day that is.
    since: Option<Instant>,
    /// From when on everything is written.
    begins: Instant,
    /// The day that was published last, of those that are written.
    newest: Option<NaiveDate>,
}

/// What came of reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Days that GitHub had.
    pub days: u64,
    /// What it had not.
    pub gaps: Vec<Gap>,
    /// What it refused.
    pub refusals: Vec<Failure>,
}

impl Timeline {
    /// Goes to a moment from which on everything is going to be written. Nothing is asked by reports yet.
    ///
    /// # Errors
    /// A [`Failure`] of the usage API, which gives everything at once.
    pub async fn open(
        subject: &Subject,
        api: Api,
        course: Course,
        begins: Instant,
        manner: &Manner,
    ) -> Result<Self, Failure> {
        let past = Past::open(subject, api, manner.view.settle_days).await?;
        let state = State::new(std::slice::from_ref(&subject.owner), &BTreeSet::new()).speaking(api);
        let picture = Picture { manner: manner.clone(), course, state, since: None, begins, newest: None };
        Ok(Self { past, next: first_read(&course, begins, manner), picture })
    }

    /// How many days have to be read until a moment.
    pub fn days_until(&self, moment: Instant) -> u64 {
        self.days_before(moment).count() as u64
    }

    /// The day that was published last, of those that are written.
    pub fn newest(&self) -> Option<NaiveDate> {
        self.picture.newest
    }

    /// Adds everything that was shown in a month, and goes to its end.
    ///
    /// # Errors
    /// The day that could not be read, and the [`Failure`] because of which those behind it cannot be read either.
    pub async fn fill(
        &mut self,
        month: &mut Month,
        account: &mut Account,
        progress: &Progress,
    ) -> Result<(), (NaiveDate, Failure)> {
        let ends = month.span.ends.min(self.picture.course.span.ends);
        let days: Vec<_> = self.days_before(ends).collect();
        let Self { past, next, picture } = self;
        let turn = |day, reading| {
            progress.read(day);
            *next = day + Days::new(1);
            picture.turn(day, reading, account, month);
        };
        past.read(&days, turn).await?;
        self.picture.write_until(ends, month);
        Ok(())
    }

    /// The days that are published before a moment and not read yet.
    fn days_before(&self, moment: Instant) -> impl Iterator<Item = NaiveDate> + use<> {
        let course = self.picture.course;
        let days = self.next.iter_days();
        days.take_while(move |day| *day <= course.last && course.publication(*day) < moment)
    }
}

impl Picture {
    /// A day is published: what was shown until then is over. Days before the first are read for what depends on them.
    fn turn(&mut self, day: NaiveDate, reading: Reading, account: &mut Account, month: &mut Month) {
        let Reading { published, updates, gaps, refusals } = reading;
        let at = self.course.publication(day);
        if published {
            self.write_until(at, month);
        }
        updates.into_iter().for_each(|update| self.state.apply(update));
        account.refusals.extend(refusals);
        let is_new = day >= self.course.from && at >= self.begins;
        if is_new {
            account.gaps.extend(gaps);
            account.days += u64::from(published);
        }
        if published && day >= self.course.from {
            self.newest = Some(day);
            self.since = Some(at.max(self.begins));
        }
        if published && is_new {
            let now = Span { begins: at, ends: at + TimeDelta::seconds(1) };
            self.write(now, &|metric| matches!(metric.read, Read::Daily(_)).then_some(DAY), month);
        }
    }

    /// Writes what has been shown up to a moment.
    fn write_until(&mut self, moment: Instant, month: &mut Month) {
        while let Some(begins) = self.since.filter(|since| *since < moment) {
            // Where a day has to settle another can come up at midnight.
            let settles = self.manner.view.settle_days > 0;
            let ends = if settles { midnight_after(begins).min(moment) } else { moment };
            self.write(Span { begins, ends }, &|metric| self.step(metric), month);
            self.since = Some(ends);
        }
    }

    /// How often a metric is written while a day is shown, if it is.
    fn step(&self, metric: &Metric) -> Option<Duration> {
        match (metric.group, metric.read) {
            (Group::Totals | Group::Core, Read::Total(_) | Read::DayStart) => Some(self.manner.plan.step),
            (Group::Core, Read::Row(_)) => self.manner.plan.breakdown.then_some(DAY),
            _ => None,
        }
    }

    /// Writes the metrics that have a step, as they are shown in a span.
    fn write(&self, span: Span, step: &dyn Fn(&Metric) -> Option<Duration>, month: &mut Month) {
        let snapshot = view(&self.state, span.begins, &self.manner.view);
        let shown = Shown::of(&snapshot, self.manner.team_detail, usize::MAX);
        for (place, metric) in CATALOGUE.iter().enumerate() {
            let Some(step) = step(metric) else { continue };
            for scope in snapshot.scopes.iter().filter(|scope| shown.shows(metric, scope)) {
                samples::each(metric, scope, |values, number| {
                    month.add(place, values, self.course.samples(span, step, number));
                });
            }
        }
    }
}

/// The first day that is read: the monthly people of teams, and which names are kept, depend on the days before the one
/// that is shown. Where a history goes on in its middle, no more is read than if it had begun at its beginning: the
/// figures are to be the same.
fn first_read(course: &Course, begins: Instant, manner: &Manner) -> NaiveDate {
    let before = Days::new(u64::from(MONTH) - 1 + u64::from(manner.view.settle_days));
    let shown = course.newest_at(begins).clamp(course.from, course.last);
    (shown - before - LEFT_OUT).max(course.from - before)
}
