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
        // promtool drops such samples and says nothing.
        debug_assert!(
            runs.last().is_none_or(|last| last.end() - last.step < run.first),
            "{}: {run:?} does not come after {runs:?}",
            CATALOGUE[metric].name
        );
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

#[cfg(test)]
impl Month {
    /// Adds samples to the series of the metric of this name.
    pub(super) fn add_to(&mut self, name: &str, values: &[&str], run: Run) {
        let metric = CATALOGUE.iter().position(|metric| metric.name == name).unwrap();
        self.add(metric, values, run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURNS: &str = "github_copilot_total_chat_turns";

    fn month(extra: &[Label]) -> Month {
        let span = Span {
            begins: "2026-03-01T00:00:00Z".parse().unwrap(),
            ends: "2026-04-01T00:00:00Z".parse().unwrap(),
        };
        Month::new(span, extra)
    }

    fn run(first: i64, count: u32, value: f64) -> Run {
        Run { first, step: 10, count, value }
    }

    /// A series: name, labels and samples.
    type Written<'a> = (&'a str, Vec<(&'a str, &'a str)>, Vec<(i64, f64)>);

    fn written(month: &Month) -> Vec<Written<'_>> {
        let of = |series: Series<'_>| series.samples().collect();
        month
            .families()
            .flat_map(|(metric, all)| all.map(move |one| (metric.name, one.labels.clone(), of(one))))
            .collect()
    }

    /// The runs of the only series.
    fn runs(month: &Month) -> Vec<Run> {
        let mut all = month.families().flat_map(|(_, all)| all.map(|one| one.runs.to_vec()));
        let only = all.next().unwrap();
        assert!(all.next().is_none());
        only
    }

    #[test]
    fn a_run_is_its_value_at_even_moments() {
        assert_eq!(run(100, 3, 7.0).moments().collect::<Vec<_>>(), [100, 110, 120]);
        assert_eq!(run(-5, 1, 7.0).moments().collect::<Vec<_>>(), [-5]);
    }

    #[test]
    fn what_goes_on_as_it_was_is_one_run_and_what_changes_begins_another() {
        let mut month = month(&[]);
        let parts = [run(0, 2, 7.0), run(20, 1, 7.0), run(30, 1, 8.0), run(50, 1, 8.0)];
        for part in parts {
            month.add_to(TURNS, &["", "octo", ""], part);
        }
        month.add_to(TURNS, &["", "octo", ""], Run { step: 1, ..run(60, 2, 8.0) });
        let whole = [run(0, 3, 7.0), run(30, 1, 8.0), run(50, 1, 8.0), Run { step: 1, ..run(60, 2, 8.0) }];
        assert_eq!(runs(&month), whole);
        let (_, _, samples) = &written(&month)[0];
        let moments: Vec<_> = samples.iter().map(|(moment, _)| *moment).collect();
        assert_eq!(moments, [0, 10, 20, 30, 50, 60, 61]);
    }

    #[test]
    fn a_run_of_nothing_makes_no_series() {
        let mut month = month(&[]);
        assert!(month.is_empty());
        month.add_to(TURNS, &["", "octo", ""], run(0, 0, 7.0));
        assert!(month.is_empty() && written(&month).is_empty());
        month.add_to(TURNS, &["", "octo", ""], run(0, 1, 7.0));
        assert!(!month.is_empty());
    }

    #[test]
    #[should_panic(expected = "does not come after")]
    fn a_moment_that_was_already_there_is_a_mistake_of_ours() {
        let mut month = month(&[]);
        month.add_to(TURNS, &["", "octo", ""], run(0, 2, 7.0));
        month.add_to(TURNS, &["", "octo", ""], run(10, 1, 8.0));
    }

    #[test]
    fn families_come_as_in_the_catalogue_and_labels_sorted_without_the_empty_ones() {
        let label = |name: &str| Label { name: name.into(), value: "x".into() };
        let mut month = month(&[label("zone"), label("job")]);
        month.add_to(TURNS, &["", "octo", "red"], run(0, 1, 1.0));
        month.add_to(TURNS, &["", "octo", ""], run(0, 1, 2.0));
        month.add_to("github_copilot_suggestions", &["acme", "", "", "rust", "vim"], run(0, 1, 3.0));
        let expected = [
            (
                "github_copilot_suggestions",
                vec![
                    ("editor", "vim"),
                    ("enterprise", "acme"),
                    ("job", "x"),
                    ("language", "rust"),
                    ("zone", "x"),
                ],
                vec![(0, 3.0)],
            ),
            (TURNS, vec![("job", "x"), ("org", "octo"), ("zone", "x")], vec![(0, 2.0)]),
            (TURNS, vec![("job", "x"), ("org", "octo"), ("team", "red"), ("zone", "x")], vec![(0, 1.0)]),
        ];
        assert_eq!(written(&month), expected);
    }
}
