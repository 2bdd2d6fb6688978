//! What a backfill has done, for people.

use std::{
    collections::{BTreeMap, HashSet, hash_map::DefaultHasher},
    fmt,
    hash::{Hash, Hasher},
};

use chrono::NaiveDate;

use super::{
    Error,
    files::{Finished, PROMTOOL_HINT},
    month::{Month, Span},
    past::{Part, Why},
    plan::Course,
    remote_write::Sent,
    timeline::Account,
};
use crate::{metrics::catalogue::Read, owner::Owner, source::Api};

/// Everything that is to be told at the end.
#[derive(Debug, Default)]
pub struct Summary {
    /// By owner, in the order of the configuration.
    pub owners: Vec<OwnerSummary>,
    /// By month, in order.
    pub months: Vec<MonthSummary>,
    /// Different series of the months that were written.
    pub series: Series,
    /// Requests to GitHub.
    pub github_requests: u64,
    /// The day to go on from, should it have ended early; nothing if no month was written.
    pub goes_on: Option<NaiveDate>,
    /// How it ended.
    pub end: End,
}

/// How a backfill ended.
#[derive(Debug, Default)]
pub enum End {
    /// Everything was written.
    #[default]
    Complete,
    /// It was asked to stop.
    Stopped,
    /// Something went wrong.
    Failed(Error),
}

/// An owner's days.
#[derive(Debug)]
pub struct OwnerSummary {
    /// Whose.
    pub owner: Owner,
    /// By which interface.
    pub api: Api,
    /// From when to when.
    pub course: Course,
    /// What came of reading.
    pub account: Account,
}

/// A month that is written.
#[derive(Clone, Debug)]
pub struct MonthSummary {
    /// What it is about.
    pub span: Span,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a month.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It was there already.
    Found(Finished),
    /// It was written.
    Written(Finished),
    /// It was sent.
    Sent(Sent),
}

/// Counts series without holding them.
#[derive(Debug, Default)]
pub struct Series {
    lasting: HashSet<u64>,
    /// Those of one day each, which come once.
    daily: u64,
}

impl OwnerSummary {
    /// Nothing read yet.
    pub fn new(owner: Owner, api: Api, course: Course) -> Self {
        Self { owner, api, course, account: Account::default() }
    }

    fn gaps(&self, part: Part, unreadable: bool) -> Vec<NaiveDate> {
        let gaps = self.account.gaps.iter();
        gaps.filter(|gap| gap.part == part && (gap.why != Why::Nothing) == unreadable)
            .map(|gap| gap.day)
            .collect()
    }
}

impl Fate {
    /// Whether the month was read, and nothing was shown in it.
    const fn is_nothing(&self) -> bool {
        matches!(self, Self::Written(Finished { file: None, .. }))
    }
}

impl Series {
    /// Counts those of a month. No month comes twice.
    pub fn add(&mut self, month: &Month) {
        for (metric, series) in month.families() {
            for series in series {
                if matches!(metric.read, Read::Daily(_)) {
                    self.daily += 1;
                } else {
                    let mut hasher = DefaultHasher::new();
                    (metric.name, &series.labels).hash(&mut hasher);
                    self.lasting.insert(hasher.finish());
                }
            }
        }
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.daily + self.lasting.len() as u64
    }
}

impl Summary {
    /// Whether everything that was asked for is written, and could be read.
    pub fn is_whole(&self) -> bool {
        matches!(self.end, End::Complete) && self.unreadable() == 0 && !self.is_refused()
    }

    /// How much is there and could not be read, so far.
    pub fn unreadable(&self) -> usize {
        let gaps = self.owners.iter().flat_map(|owner| &owner.account.gaps);
        gaps.filter(|gap| gap.why != Why::Nothing).count()
    }

    /// Whether GitHub refuses something for every day.
    fn is_refused(&self) -> bool {
        self.owners.iter().any(|owner| !owner.account.refusals.is_empty())
    }

    /// Why it is no success, if it is none: to be asked to stop is no failure.
    pub fn failure(&self) -> Option<String> {
        match &self.end {
            End::Failed(error) => Some(error.to_string()),
            End::Complete if self.unreadable() > 0 => {
                Some("Some days could not be read. To try them again, run it again.".into())
            }
            // Nobody who can do without it is to read it all again.
            End::Complete if self.is_refused() => {
                let anew = if self.is_sent() { "run it again" } else { "write it into another directory" };
                Some(format!(
                    "Something is refused, and missing in the history. Once it may be read, {anew}."
                ))
            }
            End::Complete | End::Stopped => None,
        }
    }

    /// The command for each file, in order.
    pub fn commands(&self) -> impl Iterator<Item = String> {
        self.months.iter().filter_map(|month| match &month.fate {
            Fate::Found(file) | Fate::Written(file) => file.promtool(),
            Fate::Sent(_) => None,
        })
    }

    /// Whether it goes to a receiver, which keeps no files.
    fn is_sent(&self) -> bool {
        self.months.iter().any(|month| matches!(month.fate, Fate::Sent(_)))
    }

    /// How to go on where it ended early.
    fn advice(&self) -> String {
        match self.goes_on.filter(|_| self.is_sent()) {
            Some(day) => format!("To go on behind what was sent, run it again with --from {day}."),
            None if self.months.is_empty() => "No month was finished: run it again to begin anew.".into(),
            None => "To go on, run it again as it is: months that are finished are not read again.".into(),
        }
    }

    /// Samples, samples left out, bytes and requests of the months that were written or sent.
    fn volume(&self) -> Sent {
        let mut sum = Sent::default();
        for month in &self.months {
            let one = match &month.fate {
                Fate::Found(_) => continue,
                Fate::Written(Finished { written, .. }) => {
                    Sent { samples: written.samples, bytes: written.bytes, ..Sent::default() }
                }
                Fate::Sent(sent) => *sent,
            };
            sum.samples += one.samples;
            sum.clipped += one.clipped;
            sum.bytes += one.bytes;
            sum.requests += one.requests;
        }
        sum
    }
}

/// Everything but why it failed.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.owners.iter().try_for_each(|owner| writeln!(f, "{owner}"))?;
        let found = self.months.iter().filter(|month| matches!(month.fate, Fate::Found(_))).count();
        let Sent { samples, clipped, bytes, requests } = self.volume();
        let empty = self.months.iter().filter(|month| month.fate.is_nothing()).count();
        write!(f, "months: {} written, {found} were there already", self.months.len() - found - empty)?;
        if empty > 0 {
            write!(f, ", {empty} with nothing to show")?;
        }
        writeln!(f)?;
        writeln!(f, "samples: {samples} of {} series, {bytes} bytes", self.series.count())?;
        if clipped > 0 {
            writeln!(f, "  {clipped} more were left out: they are older than --out-of-order-window")?;
        }
        write!(f, "requests: {} to GitHub", self.github_requests)?;
        if requests > 0 {
            write!(f, ", {requests} to the receiver")?;
        }
        writeln!(f)?;
        write!(f, "Seats and billing have no history: GitHub tells of them only what is so now.")?;
        let commands: Vec<_> = self.commands().collect();
        if !commands.is_empty() {
            write!(f, "\n\nTo load it into Prometheus:\n\n{}\n\n{PROMTOOL_HINT}", commands.join("\n"))?;
        }
        match self.end {
            End::Complete => Ok(()),
            End::Stopped => write!(f, "\n\nStopped. {}", self.advice()),
            End::Failed(_) => write!(f, "\n\nNot finished. {}", self.advice()),
        }
    }
}

impl fmt::Display for OwnerSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, api, course, account } = self;
        write!(f, "{owner}: {} days read, {}", account.days, course.told(*api))?;
        for (part, what) in [(Part::Day, "days"), (Part::People, "people"), (Part::Teams, "teams")] {
            for (unreadable, words) in [(false, "GitHub has none"), (true, "not readable")] {
                let days = self.gaps(part, unreadable);
                if !days.is_empty() {
                    write!(f, "\n  {what}: {words} of {} ({})", ranges(&days), days.len())?;
                }
            }
        }
        let reasons: BTreeMap<_, _> = account
            .gaps
            .iter()
            .filter_map(|gap| match &gap.why {
                Why::Unreadable(failure) => Some((failure.reason, failure)),
                Why::Nothing => None,
            })
            .collect();
        reasons.values().try_for_each(|failure| write!(f, "\n  {failure}"))?;
        let refusals = &mut account.refusals.iter();
        refusals.try_for_each(|failure| write!(f, "\n  refused: {failure}. {}", failure.reason.advice()))
    }
}

/// One line.
impl fmt::Display for MonthSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let month = self.span.begins.format("%Y-%m");
        match &self.fate {
            Fate::Found(Finished { file: Some(file), .. }) => {
                write!(f, "{month}: {} was there already", file.display())
            }
            Fate::Written(Finished { file: Some(file), written }) => {
                write!(f, "{month}: {} samples in {}", written.samples, file.display())
            }
            Fate::Found(_) | Fate::Written(_) => write!(f, "{month}: nothing was shown"),
            Fate::Sent(Sent { samples, clipped, requests, .. }) => {
                write!(f, "{month}: {samples} samples sent in {requests} requests")?;
                if *clipped > 0 { write!(f, ", {clipped} left out") } else { Ok(()) }
            }
        }
    }
}

/// Days, where several follow one another as the first and the last.
fn ranges(days: &[NaiveDate]) -> String {
    let ranges = days.chunk_by(|one, next| one.succ_opt() == Some(*next)).map(|range| match range {
        [first, .., last] => format!("{first} to {last}"),
        other => other.iter().map(ToString::to_string).collect(),
    });
    ranges.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_follow_one_another_are_a_range() {
        let days = |days: &[&str]| days.iter().map(|day| day.parse().unwrap()).collect::<Vec<NaiveDate>>();
        for (missing, told) in [
            (&[][..], ""),
            (&["2026-02-28"], "2026-02-28"),
            (&["2026-02-28", "2026-03-01"], "2026-02-28 to 2026-03-01"),
            (
                &["2026-01-01", "2026-01-03", "2026-01-04", "2026-01-05"],
                "2026-01-01, 2026-01-03 to 2026-01-05",
            ),
        ] {
            assert_eq!(ranges(&days(missing)), told);
        }
    }
}
