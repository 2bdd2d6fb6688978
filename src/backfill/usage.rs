//! Past days by the usage API, which gives its 28 days at once: of the owner, and of each team.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    past::{Gap, Part, Reading, Subject, Why},
    patience::patiently,
};
use crate::{
    github::{
        Answer, Failure, Validators,
        teams::{self, TeamRecord},
        usage::{self, UsageDay, Window},
    },
    model::{Records, Update},
    owner::Owner,
    refresh::roster::watched,
};

/// All there is of one owner.
#[derive(Debug)]
pub struct UsagePast {
    owner: Owner,
    /// Whether the owner's own figures are wanted: then a day is published when it has some.
    activity: bool,
    /// By day; of the owner, or of a team by its id.
    days: BTreeMap<NaiveDate, Vec<(Option<u64>, UsageDay)>>,
    /// What is no day's: told with the first.
    at_first: Reading,
}

impl UsagePast {
    /// Reads everything.
    ///
    /// # Errors
    /// The [`Failure`] of the owner's own figures or of the team list; a team that is refused is left out, and said.
    pub async fn read(subject: &Subject) -> Result<Self, Failure> {
        let (owner, activity) = (subject.owner.clone(), subject.activity);
        let mut past = Self { owner, activity, days: BTreeMap::new(), at_first: Reading::default() };
        if activity {
            past.keep(None, ask(subject, None).await?);
        }
        let Some(patterns) = &subject.teams else { return Ok(past) };
        let teams = watched(&list(subject).await?, patterns, &subject.owner);
        for team in &teams {
            match ask(subject, Some(&team.slug)).await {
                Ok(days) => past.keep(Some(team.id), days),
                Err(failure) if failure.reason.is_about_target() => past.at_first.refusals.push(failure),
                Err(failure) => return Err(failure),
            }
        }
        past.at_first.updates.push(Update::Teams { owner: subject.owner.clone(), teams });
        Ok(past)
    }

    fn keep(&mut self, team: Option<u64>, days: Vec<UsageDay>) {
        for day in days.into_iter().filter(UsageDay::has_number) {
            self.days.entry(day.day).or_default().push((team, day));
        }
    }

    /// What there is of a day.
    pub fn day(&mut self, day: NaiveDate) -> Reading {
        let mut reading = std::mem::take(&mut self.at_first);
        let records = self.days.remove(&day).unwrap_or_default();
        // What teams have of a day that the owner has not is not shown.
        reading.published = records.iter().any(|(team, _)| team.is_none() == self.activity);
        if !reading.published {
            reading.gaps.push(Gap { day, part: Part::Day, why: Why::Nothing });
        }
        let at = day.and_time(chrono::NaiveTime::MIN).and_utc();
        let update = |(team, record)| Update::Days {
            owner: self.owner.clone(),
            team,
            days: Some(Records::Usage(vec![record])),
            at,
        };
        reading.updates.extend(records.into_iter().map(update));
        reading
    }
}

/// The days of an owner or of one of its teams, all that there are.
///
/// # Errors
/// Any [`Failure`], where asking again did not help.
pub(super) async fn ask(subject: &Subject, team: Option<&str>) -> Result<Vec<UsageDay>, Failure> {
    Ok(match answer(subject, team).await? {
        Answer::Fresh(days, _) => days,
        Answer::Unchanged | Answer::NotReady => Vec::new(),
    })
}

/// The same as GitHub answers.
pub(super) async fn answer(subject: &Subject, team: Option<&str>) -> Result<Answer<Vec<UsageDay>>, Failure> {
    let Subject { client, clock, owner, .. } = subject;
    let (window, known) = (Window::default(), Validators::default());
    patiently(&**clock, || usage::days(client, owner, team, &window, &known)).await
}

async fn list(subject: &Subject) -> Result<Vec<TeamRecord>, Failure> {
    let Subject { client, clock, owner, .. } = subject;
    let known = Validators::default();
    match patiently(&**clock, || teams::teams(client, owner, &known)).await? {
        Answer::Fresh(list, _) => Ok(list),
        // Without conditions neither is an answer to a list.
        Answer::Unchanged | Answer::NotReady => Ok(Vec::new()),
    }
}
