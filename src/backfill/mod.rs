//! Past days as a Prometheus would have them, had it scraped the exporter all along.
//!
//! The same line as for `serve`, gone once for every day: [`past`] reads what GitHub still has of an owner's days
//! ([`reports`] or [`usage`], asked [`patience`] -ly), each goes into a state of its own, and a [`timeline`] writes what the
//! view of that state and the catalogue showed from its publication to the next day's. When that was, the [`plan`] says. A
//! [`month`] of samples goes at once into a file of a directory ([`files`], [`openmetrics`]) or to a receiver
//! ([`remote_write`]), and is gone before the next is begun.

pub mod files;
pub mod month;
pub mod openmetrics;
pub mod options;
pub mod past;
pub mod patience;
pub mod plan;
pub mod progress;
pub mod remote_write;
pub mod reports;
pub mod summary;
pub mod timeline;
pub mod usage;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::NaiveDate;

use files::{Directory, FileError, Finished, Settings};
use month::{Month, Span};
pub use options::Options;
use past::Subject;
use plan::{Course, Plan};
use progress::Progress;
use remote_write::{Receiver, SendError};
pub use summary::{End, Summary};
use summary::{Fate, MonthSummary, OwnerSummary};
use timeline::{Manner, Timeline};

use crate::{
    clock::SharedClock,
    config::{Config, Installed},
    github::{Client, Failure, client::Unusable},
    model::ViewOptions,
    owner::Owner,
    source::{Api, Source},
};

/// Why there is no history, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The switches and the configuration do not go together.
    #[error("{0}")]
    Unusable(String),
    /// GitHub cannot be asked from this machine.
    #[error(transparent)]
    Client(#[from] Unusable),
    /// It is not known where the App is installed, and so not whose history is wanted.
    #[error("{failure}. {}", failure.reason.advice())]
    Installations {
        /// What came of asking.
        failure: Failure,
    },
    /// GitHub did not tell what everything else depends on.
    #[error("{owner}: {failure}. {}", failure.reason.advice())]
    Owner {
        /// Whose question.
        owner: Owner,
        /// What came of it.
        failure: Failure,
    },
    /// A day could not be read, nor can those behind it.
    #[error("{owner}, {day}: {failure}. {}", failure.reason.advice())]
    Day {
        /// Whose day.
        owner: Owner,
        /// Which.
        day: NaiveDate,
        /// What came of it.
        failure: Failure,
    },
    /// A month could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A month could not be sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Writes the history that the options ask for, of whom and as whom the configuration says. When `stop` is ready it ends
/// where it is; the months that were finished until then stay.
///
/// # Errors
/// [`Error`], if nothing was begun. What goes wrong later is in the summary, as the months before it are good.
pub async fn run(
    config: &Config,
    options: &Options,
    clock: &SharedClock,
    progress: &Progress,
    stop: impl Future<Output = ()>,
) -> Result<Summary, Error> {
    let written = async {
        let mut stop = std::pin::pin!(stop);
        let mut history = tokio::select! {
            history = History::open(config, options, clock, progress) => history?,
            () = &mut stop => return Ok(Summary { end: End::Stopped, ..Summary::default() }),
        };
        let end = tokio::select! {
            written = history.write(progress) => written.map_or_else(End::Failed, |()| End::Complete),
            () = stop => End::Stopped,
        };
        Ok(history.into_summary(end))
    };
    let summary = written.await;
    // What is said next, an error too, must not stand behind the bar.
    progress.end();
    summary
}

/// A history while it is written.
struct History {
    client: Arc<Client>,
    manner: Manner,
    labels: Vec<options::Label>,
    /// Beside the owners of the summary.
    parts: Vec<Part>,
    sink: Sink,
    summary: Summary,
}

/// One owner's part of it.
struct Part {
    subject: Subject,
    api: Api,
    course: Course,
}

/// Where months go.
enum Sink {
    Files(Directory),
    Receiver(Receiver),
}

impl History {
    async fn open(
        config: &Config,
        options: &Options,
        clock: &SharedClock,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let plan = Plan::of(options, clock.now()).map_err(Error::Unusable)?;
        let client = Arc::new(Client::new(config.github.clone(), &config.owners, Arc::clone(clock))?);
        let watched = watched(config, &client).await?;
        let owners = owners(config, &watched, &options.owners).map_err(Error::Unusable)?;
        if !["job", "instance"].iter().all(|name| options.labels.iter().any(|label| label.name == *name)) {
            progress.say("Without --label job=… and --label instance=… as Prometheus gives them, history and live series are different ones.");
        }
        let view = ViewOptions { history_days: config.view.history_days.min(1), ..config.view };
        let mut history = Self {
            sink: Sink::open(config, options, &owners, clock)?,
            client,
            manner: Manner { plan, view, team_detail: config.team_detail },
            labels: options.labels.clone(),
            parts: Vec::new(),
            summary: Summary::default(),
        };
        for owner in owners {
            history.add(owner, config, clock, progress).await?;
        }
        Ok(history)
    }

    /// Finds out by which interface an owner answers, and what of the history is its.
    async fn add(
        &mut self,
        owner: Owner,
        config: &Config,
        clock: &SharedClock,
        progress: &Progress,
    ) -> Result<(), Error> {
        let teams = config.sources.contains(&Source::Teams) && !config.teams.is_none();
        let subject = Subject {
            client: Arc::clone(&self.client),
            clock: Arc::clone(clock),
            owner: owner.clone(),
            activity: config.sources.contains(&Source::Activity),
            teams: teams.then(|| config.teams.clone()),
            concurrency: config.github.concurrency,
        };
        let newest = past::newest_day(&subject, config.api).await;
        let (api, newest) = newest.map_err(|failure| Error::Owner { owner: owner.clone(), failure })?;
        let course = self.manner.plan.course(api, newest).map_err(Error::Unusable)?;
        progress.say(format_args!("{owner}: {}", course.told(api)));
        self.summary.owners.push(OwnerSummary::new(owner, api, course));
        self.parts.push(Part { subject, api, course });
        Ok(())
    }

    /// Writes every month that is not there yet.
    async fn write(&mut self, progress: &Progress) -> Result<(), Error> {
        let months: Vec<_> = self.months().into_iter().map(|span| (span, self.sink.finished(span))).collect();
        for months in months.chunk_by(|one, next| one.1.is_some() == next.1.is_some()) {
            if months[0].1.is_some() {
                let there = months.iter().filter_map(|(span, file)| {
                    Some(MonthSummary { span: *span, fate: Fate::Found(file.clone()?) })
                });
                self.summary.months.extend(there);
            } else {
                let spans: Vec<_> = months.iter().map(|(span, _)| *span).collect();
                self.write_months(&spans, progress).await?;
            }
        }
        Ok(())
    }

    /// The months of the whole history, the first and the last as far as it reaches.
    fn months(&self) -> Vec<Span> {
        let begins = self.parts.iter().map(|part| part.course.span.begins).min();
        let ends = self.parts.iter().map(|part| part.course.span.ends).max();
        begins.zip(ends).map_or_else(Vec::new, |(begins, ends)| plan::months(Span { begins, ends }))
    }

    /// Writes months that follow one another.
    async fn write_months(&mut self, months: &[Span], progress: &Progress) -> Result<(), Error> {
        let (Some(first), Some(last)) = (months.first(), months.last()) else { return Ok(()) };
        let mut timelines = Vec::new();
        for Part { subject, api, course } in &self.parts {
            let timeline = Timeline::open(subject, *api, *course, first.begins, &self.manner).await;
            let timeline =
                timeline.map_err(|failure| Error::Owner { owner: subject.owner.clone(), failure })?;
            progress.expect(timeline.days_until(last.ends));
            timelines.push(timeline);
        }
        for span in months {
            let mut month = Month::new(*span, &self.labels);
            let unreadable = self.summary.unreadable();
            for (timeline, summary) in timelines.iter_mut().zip(&mut self.summary.owners) {
                let filled = timeline.fill(&mut month, &mut summary.account, progress).await;
                let owner = &summary.owner;
                filled.map_err(|(day, failure)| Error::Day { owner: owner.clone(), day, failure })?;
            }
            // What could not be read may be readable by the next run.
            let whole = self.summary.unreadable() == unreadable;
            let written = MonthSummary { span: *span, fate: self.sink.write(&month, whole).await? };
            progress.done(&written);
            self.summary.series.add(&month);
            self.summary.months.push(written);
            self.summary.goes_on = timelines.iter().filter_map(Timeline::newest).min();
        }
        Ok(())
    }

    fn into_summary(self, end: End) -> Summary {
        let requests = self.client.ledger().requests.values().sum();
        Summary { end, github_requests: requests, ..self.summary }
    }
}

impl Sink {
    fn open(
        config: &Config,
        options: &Options,
        owners: &[Owner],
        clock: &SharedClock,
    ) -> Result<Self, Error> {
        match (&options.output, &options.remote_write) {
            (Some(path), None) => Ok(Self::Files(Directory::open(path, &settings(config, options, owners))?)),
            (None, Some(url)) => {
                Ok(Self::Receiver(Receiver::new(url, &options.receiver, Arc::clone(clock))?))
            }
            _ => Err(Error::Unusable("either --output or --remote-write says where it goes".into())),
        }
    }

    /// The month, if it was written before.
    fn finished(&self, span: Span) -> Option<Finished> {
        match self {
            Self::Files(directory) => directory.finished(span),
            // What a receiver has nobody knows; it does no harm to send it again.
            Self::Receiver(_) => None,
        }
    }

    async fn write(&mut self, month: &Month, whole: bool) -> Result<Fate, Error> {
        match self {
            Self::Files(directory) => {
                let written = directory.write(month)?;
                if !whole {
                    directory.forget(month.span)?;
                }
                Ok(Fate::Written(written))
            }
            Self::Receiver(receiver) => Ok(Fate::Sent(receiver.send(month).await?)),
        }
    }
}

/// The owners that are wanted, all that are configured unless some are named.
fn owners(config: &Config, watched: &[Owner], named: &[String]) -> Result<Vec<Owner>, String> {
    if !config.sources.iter().any(|source| source.is_usage()) {
        return Err("EXPORTER_SOURCES has neither activity nor teams: nothing else has a history".into());
    }
    let is = |owner: &Owner, name: &String| owner.name() == name.to_lowercase();
    if let Some(stranger) = named.iter().find(|name| !watched.iter().any(|owner| is(owner, name))) {
        let app =
            if config.installed == Installed::None { "" } else { ", and the App is not installed there" };
        return Err(format!("--owner {stranger} is neither in GITHUB_ORGS nor GITHUB_ENTERPRISE{app}"));
    }
    let wanted = |owner: &&Owner| named.is_empty() || named.iter().any(|name| is(owner, name));
    Ok(watched.iter().filter(wanted).cloned().collect())
}

/// Everybody whose history is wanted by the configuration: who is named, and where the App is installed.
async fn watched(config: &Config, client: &Client) -> Result<Vec<Owner>, Error> {
    if config.installed == Installed::None {
        return Ok(config.owners.clone());
    }
    let installed = client.installed().await.map_err(|failure| Error::Installations { failure })?;
    Ok(config.watched(installed.keys()))
}

/// What has to be the same for files to be one history. Spans are not in it: a directory may grow.
fn settings(config: &Config, options: &Options, owners: &[Owner]) -> Settings {
    let words = |words: &mut dyn Iterator<Item = String>| words.collect::<Vec<_>>().join(", ");
    let labels = options.labels.iter().collect::<BTreeSet<_>>();
    let owners = owners.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    BTreeMap::from([
        ("GITHUB_API_URL".into(), config.github.api.to_string()),
        ("GITHUB_COPILOT_API".into(), config.api.map_or("auto", Api::word).into()),
        ("GITHUB_TEAMS".into(), config.teams.to_string()),
        (
            "EXPORTER_SOURCES".into(),
            words(&mut config.sources.iter().filter(|source| source.is_usage()).map(ToString::to_string)),
        ),
        ("EXPORTER_TEAM_DETAIL".into(), format!("{:?}", config.team_detail).to_lowercase()),
        ("EXPORTER_HISTORY_DAYS".into(), config.view.history_days.min(1).to_string()),
        ("EXPORTER_SETTLE_DAYS".into(), config.view.settle_days.to_string()),
        ("EXPORTER_MAX_LABEL_VALUES".into(), config.view.max_label_values.to_string()),
        ("owners".into(), words(&mut owners.into_iter())),
        ("--lag".into(), options.lag.map_or("default".into(), |lag| format!("{}s", lag.as_secs()))),
        ("--step".into(), format!("{}s", options.step.as_secs())),
        ("--breakdown".into(), options.breakdown.to_string()),
        (
            "--label".into(),
            words(&mut labels.into_iter().map(|label| format!("{}={}", label.name, label.value))),
        ),
    ])
}
