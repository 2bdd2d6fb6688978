//! An owner's past days as GitHub still has them, one after the other.

use std::sync::Arc;

use chrono::NaiveDate;

use super::{patience::patiently, reports::ReportsPast, usage, usage::UsagePast};
use crate::{
    clock::SharedClock,
    config::TeamPatterns,
    github::{
        Client, Failure,
        endpoint::Report,
        reports::{self, EntityDay, Wanted},
        usage::UsageDay,
    },
    model::{Update, state::has_number},
    owner::Owner,
    refresh::interface::Interface,
    source::Api,
};

/// Whom to ask for what.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Asks.
    pub client: Arc<Client>,
    /// Tells the time.
    pub clock: SharedClock,
    /// Whose days.
    pub owner: Owner,
    /// Whether the owner's own figures are wanted.
    pub activity: bool,
    /// Which teams are wanted; nothing if none are.
    pub teams: Option<TeamPatterns>,
    /// How many requests at a time.
    pub concurrency: usize,
}

/// The days of an owner.
pub enum Past {
    /// By the usage API.
    Usage(UsagePast),
    /// By reports.
    Reports(Box<ReportsPast>),
}

/// What was read of a day.
#[derive(Debug, Default)]
pub struct Reading {
    /// Whether GitHub has published the day.
    pub published: bool,
    /// What it tells.
    pub updates: Vec<Update>,
    /// What it does not.
    pub gaps: Vec<Gap>,
    /// What GitHub refuses: said once, and not asked for again.
    pub refusals: Vec<Failure>,
}

/// Something that is not known of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Of which.
    pub day: NaiveDate,
    /// What.
    pub part: Part,
    /// Why not.
    pub why: Why,
}

/// What can be missing of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Everything.
    Day,
    /// What only people's own records tell.
    People,
    /// The teams.
    Teams,
}

/// Why something is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// GitHub has nothing.
    Nothing,
    /// What it has is no answer that can be read.
    Unreadable(Failure),
}

impl Past {
    /// Prepares to read.
    ///
    /// # Errors
    /// The [`Failure`] without which nothing can be read.
    pub async fn open(subject: &Subject, api: Api, settle_days: u8) -> Result<Self, Failure> {
        Ok(match api {
            Api::Usage => Self::Usage(UsagePast::read(subject).await?),
            Api::Reports => Self::Reports(Box::new(ReportsPast::new(subject, settle_days))),
        })
    }

    /// Reads days that follow those that were read before, and gives each to `take`, in order.
    ///
    /// # Errors
    /// The day that could not be read, and the [`Failure`] because of which the rest cannot be read either.
    pub async fn read(
        &mut self,
        days: &[NaiveDate],
        mut take: impl FnMut(NaiveDate, Reading),
    ) -> Result<(), (NaiveDate, Failure)> {
        match self {
            Self::Usage(past) => days.iter().for_each(|day| take(*day, past.day(*day))),
            Self::Reports(past) => past.read(days, take).await?,
        }
        Ok(())
    }
}

/// By which interface an owner answers, and the newest day that it has published.
///
/// `auto` decides as `serve` does: `usage` only where there are no reports and it answers.
///
/// # Errors
/// The [`Failure`] of the interface that was wanted.
pub async fn newest_day(subject: &Subject, wanted: Option<Api>) -> Result<(Api, Option<NaiveDate>), Failure> {
    if wanted == Some(Api::Usage) {
        return Ok((Api::Usage, newest_by_usage(subject).await?));
    }
    let found = newest_by_reports(subject).await;
    match Interface::find(wanted, &found, usage::answer(subject, None)).await {
        Interface::Usage(days) => Ok((Api::Usage, newest(&days))),
        Interface::Reports | Interface::Unknown => Ok((Api::Reports, found?)),
    }
}

async fn newest_by_usage(subject: &Subject) -> Result<Option<NaiveDate>, Failure> {
    usage::ask(subject, None).await.map(|days| newest(&days))
}

fn newest(days: &[UsageDay]) -> Option<NaiveDate> {
    days.iter().filter(|day| day.has_number()).map(|day| day.day).max()
}

async fn newest_by_reports(subject: &Subject) -> Result<Option<NaiveDate>, Failure> {
    let Subject { client, clock, owner, .. } = subject;
    let wanted = Wanted { report: Report::EntityMonth, owner, day: None };
    let days: Vec<EntityDay> = patiently(&**clock, || async {
        match reports::find(client, &wanted).await? {
            Some(files) => reports::read(client, &wanted, files, Vec::new()).await,
            None => Ok(Vec::new()),
        }
    })
    .await?;
    Ok(days.iter().filter(|day| has_number(day)).map(|day| day.day).max())
}
