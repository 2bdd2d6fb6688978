//! The samples of one month of history, as short as they can be held: a figure stands for hours. Pure.

use std::collections::BTreeMap;

use super::options::Label;
use crate::{
    clock::Instant,
    metrics::catalogue::{CATALOGUE, Metric},
};

/// Moments from the first to just before the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first that belongs to it.
    pub begins: Instant,
    /// The first that no longer does.
    pub ends: Instant,
}

/// One value at evenly spaced moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The first, in seconds since 1970.
    pub first: i64,
    /// Seconds from one to the next.
    pub step: i64,
    /// How many; never 0.
    pub count: u32,
    /// The value at each.
    pub value: f64,
}

impl Run {
    /// Its moments in seconds since 1970, ascending.
    pub fn moments(&self) -> impl Iterator<Item = i64> + use<> {
        let Self { first, step, count, .. } = *self;
        (0..i64::from(count)).map(move |index| first + index * step)
    }

    fn end(&self) -> i64 {
        self.first + i64::from(self.count) * self.step
    }
}

/// Everything that is written of one month.
#[derive(Debug)]
pub struct Month {
    /// From its first moment, or that of the history, to its end or that of the history.
    pub span: Span,
    /// The labels that every series has beside its own.
    extra: Vec<Label>,
    /// By place in the catalogue, by label values in the order of [`Metric::labels`].
    families: BTreeMap<usize, BTreeMap<Vec<Box<str>>, Vec<Run>>>,
}

/// One series and its samples of the month.
#[derive(Debug)]
pub struct Series<'a> {
    /// Names and values, sorted by name; none is empty, and the metric's name is not among them.
    pub labels: Vec<(&'a str, &'a str)>,
    /// In ascending time, none overlapping another.
    pub runs: &'a [Run],
}

impl Series<'_> {
    /// Every sample: seconds since 1970, and the value.
    pub fn samples(&self) -> impl Iterator<Item = (i64, f64)> {
        self.runs.iter().flat_map(|run| run.moments().map(|moment| (moment, run.value)))
    }
}

impl Month {
    /// No samples yet.
    pub fn new(span: Span, extra: &[Label]) -> Self {
        Self { span, extra: extra.to_vec(), families: BTreeMap::new() }
    }

    /// Adds samples to the series of the metric at this place in the catalogue. They come in ascending time.
    pub fn add(&mut self, metric: usize, values: &[&str], run: Run) {
        if run.count == 0 {
            return;
        }
        let values = values.iter().map(|value| Box::from(*value)).collect();
        let runs = self.families.entry(metric).or_default().entry(values).or_default();
        match runs.last_mut() {
            // What goes on as it was is one run.
            Some(last) if last.value == run.value && last.step == run.step && last.end() == run.first => {
                last.count += run.count;
            }
            _ => runs.push(run),
        }
    }

    /// The families that have samples, in the order of the catalogue, each with its series.
    pub fn families(&self) -> impl Iterator<Item = (&'static Metric, impl Iterator<Item = Series<'_>>)> {
        self.families.iter().map(move |(place, series)| {
            let metric = &CATALOGUE[*place];
            let names = metric.labels();
            let series =
                series.iter().map(move |(values, runs)| Series { labels: self.labels(&names, values), runs });
            (metric, series)
        })
    }

    fn labels<'a>(&'a self, names: &[&'a str], values: &'a [Box<str>]) -> Vec<(&'a str, &'a str)> {
        let own = names.iter().copied().zip(values.iter().map(|value| &**value));
        let extra = self.extra.iter().map(|label| (&*label.name, &*label.value));
        // To Prometheus an empty label is none.
        let mut labels: Vec<_> = own.chain(extra).filter(|(_, value)| !value.is_empty()).collect();
        labels.sort_unstable();
        labels
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.families.is_empty()
    }
}
