//! Histories written in this process, by a clock that never keeps anybody waiting, and read back from their files.

use std::{collections::BTreeMap, fs, future, path::Path, sync::Arc};

use clap::Parser;
use github_copilot_exporter::{
    backfill::{self, Error, Summary, files::FileError, progress::Progress},
    cli::{Cli, Command},
    clock::SharedClock,
    config::Config,
};

use crate::support::{LeapingClock, Patience};

/// Samples by series, in the order of the files.
pub type History = BTreeMap<String, Vec<(i64, f64)>>;

/// Runs a backfill with these variables and switches.
pub async fn backfill(
    clock: &Arc<LeapingClock>,
    variables: &[(&str, &str)],
    switches: &[&str],
) -> Result<Summary, Error> {
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    let config = Config::from_environment(variables).unwrap_or_else(|problems| panic!("{problems:?}"));
    let line = ["github-copilot-exporter", "backfill"].iter().chain(switches);
    let Some(Command::Backfill(options)) = Cli::try_parse_from(line).unwrap().command else { unreachable!() };
    let clock: SharedClock = Arc::<LeapingClock>::clone(clock);
    let patience = Patience::new();
    loop {
        match backfill::run(&config, &options, &clock, &Progress::hidden(), future::pending()).await {
            // A program that another test is just starting holds all that is open here, until it has begun: a lock, too.
            Err(Error::File(FileError::Busy { .. })) => patience.check("the directory"),
            ended => return ended,
        }
        tokio::task::yield_now().await;
    }
}

/// Everything in the files of a directory.
pub fn read(directory: &Path) -> History {
    let mut history = History::new();
    for (_, text) in files(directory) {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (series, number) = line.split_once("} ").unwrap();
            let (number, moment) = number.split_once(' ').unwrap();
            let sample = (moment.parse().unwrap(), number.parse().unwrap());
            history.entry(format!("{series}}}")).or_default().push(sample);
        }
    }
    history
}

/// The text of every file of a directory, by name.
pub fn files(directory: &Path) -> BTreeMap<String, String> {
    let names =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let months = names.filter(|name| name.ends_with(".om"));
    months.map(|name| (name.clone(), fs::read_to_string(directory.join(name)).unwrap())).collect()
}

/// A series of `/metrics` as a history has it: no empty labels, the others sorted. Only for values without quotes.
pub fn as_kept(series: &str) -> String {
    let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap();
    let labels = labels.split_inclusive("\",").map(|label| label.trim_end_matches(','));
    let mut labels: Vec<_> = labels.filter(|label| !label.ends_with("=\"\"")).collect();
    labels.sort_unstable();
    format!("{name}{{{}}}", labels.join(","))
}
