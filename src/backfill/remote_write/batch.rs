//! A month cut into requests of a bounded size. Pure.

use std::{iter::from_fn, sync::Arc};

use prost::Message;

use super::wire::{Sample, TimeSeries, WriteRequest};
use crate::backfill::month::Month;

/// Samples in one request: as many as Prometheus itself sends by default (`max_samples_per_send`), so every receiver
/// is used to requests of this size, and none of its limits is met.
const MOST_SAMPLES: u64 = 2_000;

/// Bytes of one request before compression, half of what nginx lets through by default. Snappy makes no more than a
/// sixth out of nothing. Only long labels come near it.
const MOST_BYTES: usize = 512 << 10;

/// The tag and the longest length in front of a message that is part of another, smaller than 256 MiB.
const FRAME: usize = 5;

/// A request to be, and what was left out of it.
#[derive(Debug, Default)]
pub(super) struct Batch {
    request: WriteRequest,
    /// The series of the last sample.
    open: Option<Arc<TimeSeries>>,
    samples: u64,
    clipped: u64,
    /// An upper bound of what the request takes before compression.
    bytes: usize,
}

/// A sample that is to be sent, and the labels it belongs to.
struct Due {
    series: Arc<TimeSeries>,
    sample: Sample,
}

/// All samples of a month in batches, series by series. What is older than `oldest` (milliseconds since 1970) is left
/// out; it is asked anew for each batch. One batch at a time is in memory.
pub(super) fn batches(month: &Month, oldest: impl Fn() -> i64) -> impl Iterator<Item = Batch> {
    let mut dues = dues(month).peekable();
    from_fn(move || {
        let mut batch = Batch::default();
        let oldest = oldest();
        while let Some(due) = dues.next_if(|due| batch.has_room(due)) {
            batch.add(due, oldest);
        }
        (batch.samples + batch.clipped > 0).then_some(batch)
    })
}

fn dues(month: &Month) -> impl Iterator<Item = Due> {
    month.families().flat_map(|(metric, series)| {
        series.flat_map(|series| {
            let labels = Arc::new(TimeSeries::new(metric.name, &series.labels));
            series.runs.iter().flat_map(move |run| {
                let (labels, value) = (Arc::clone(&labels), run.value);
                run.moments().map(move |moment| Due {
                    series: Arc::clone(&labels),
                    sample: Sample { value, timestamp: moment * 1000 },
                })
            })
        })
    })
}

impl Batch {
    /// Leaves out what has become too old since it was put in.
    pub(super) fn clip(&mut self, oldest: i64) {
        let (mut left, before) = (0, self.samples);
        self.request.timeseries.retain_mut(|series| {
            series.samples.retain(|sample| sample.timestamp >= oldest);
            left += series.samples.len() as u64;
            !series.samples.is_empty()
        });
        self.samples = left;
        self.clipped += before - left;
    }

    /// The body of the request.
    pub(super) fn body(&self) -> Vec<u8> {
        self.request.body()
    }

    /// Samples in it.
    pub(super) const fn samples(&self) -> u64 {
        self.samples
    }

    /// Samples that were left out.
    pub(super) const fn clipped(&self) -> u64 {
        self.clipped
    }

    fn has_room(&self, due: &Due) -> bool {
        // A single sample goes out however long its labels are: no smaller request could hold it.
        self.samples == 0 || (self.samples < MOST_SAMPLES && self.bytes + self.cost(due) <= MOST_BYTES)
    }

    /// The bytes by which a sample makes the request longer, at most.
    fn cost(&self, due: &Due) -> usize {
        let sample = FRAME + due.sample.encoded_len();
        if self.continues(due) { sample } else { FRAME + due.series.encoded_len() + sample }
    }

    fn continues(&self, due: &Due) -> bool {
        self.open.as_ref().is_some_and(|open| Arc::ptr_eq(open, &due.series))
    }

    fn add(&mut self, due: Due, oldest: i64) {
        if due.sample.timestamp < oldest {
            self.clipped += 1;
            return;
        }
        self.samples += 1;
        self.bytes += self.cost(&due);
        if !self.continues(&due) {
            self.request.timeseries.push(TimeSeries::clone(&due.series));
            self.open = Some(due.series);
        }
        if let Some(series) = self.request.timeseries.last_mut() {
            series.samples.push(due.sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        backfill::{
            month::{Run, Span},
            options::Label,
        },
        clock::Instant,
        metrics::catalogue::CATALOGUE,
    };

    /// The messages once more, written down from the specification and not from `wire`.
    mod specification {
        #[derive(prost::Message)]
        pub(super) struct Request {
            #[prost(message, repeated, tag = "1")]
            pub(super) timeseries: Vec<Series>,
        }

        #[derive(prost::Message)]
        pub(super) struct Series {
            #[prost(message, repeated, tag = "1")]
            pub(super) labels: Vec<Pair>,
            #[prost(message, repeated, tag = "2")]
            pub(super) samples: Vec<Point>,
        }

        #[derive(prost::Message)]
        pub(super) struct Pair {
            #[prost(string, tag = "1")]
            pub(super) name: String,
            #[prost(string, tag = "2")]
            pub(super) value: String,
        }

        #[derive(prost::Message)]
        pub(super) struct Point {
            #[prost(double, tag = "1")]
            pub(super) value: f64,
            #[prost(int64, tag = "2")]
            pub(super) milliseconds: i64,
        }
    }

    type Labels = BTreeMap<String, String>;
    type Samples = BTreeMap<Labels, Vec<(i64, f64)>>;

    /// What a receiver reads out of a body, and how long that is uncompressed.
    fn read(body: &[u8]) -> (specification::Request, usize) {
        let raw = snap::raw::Decoder::new().decompress_vec(body).unwrap();
        (prost::Message::decode(&*raw).unwrap(), raw.len())
    }

    fn month(extra: &[Label]) -> Month {
        Month::new(Span { begins: Instant::UNIX_EPOCH, ends: Instant::MAX_UTC }, extra)
    }

    /// A metric (by place), a value for each of its labels, and runs: the gap in front, the step, how often, the value.
    type Spec = (usize, Vec<String>, Vec<(i64, i64, u32, f64)>);

    fn specs() -> impl Strategy<Value = Vec<Spec>> {
        let metric =
            prop_oneof![Just("github_copilot_suggestions"), Just("github_copilot_total_suggestions")]
                .prop_map(|name| CATALOGUE.iter().position(|metric| metric.name == name).unwrap());
        let value = prop_oneof!["[a-z]{0,3}", "\\PC{0,12}", "[\"\\\\\n]{1,4}", "x{2000}"];
        let number = prop_oneof![Just(0.0), 0.0..1e12f64, (0u32..1000).prop_map(f64::from)];
        let run = (1i64..100_000, 1i64..90_000, 0u32..900, number);
        let series = (metric, prop::collection::vec(value, 5), prop::collection::vec(run, 0..4));
        prop::collection::vec(series, 0..12)
    }

    /// Adds the series to a month, and says what should arrive.
    fn build(specs: Vec<Spec>) -> (Month, Samples) {
        let extra = Label { name: "Job".into(), value: "copilot".into() };
        let (mut month, mut expected) = (month(std::slice::from_ref(&extra)), Samples::new());
        for (place, values, runs) in specs {
            let names = CATALOGUE[place].labels();
            let own = names.iter().map(|name| (*name).to_owned()).zip(values.iter().cloned());
            let own = own.filter(|(_, value)| !value.is_empty());
            let named = [("__name__", CATALOGUE[place].name), ("Job", "copilot")];
            let labels: Labels = own.chain(named.map(|(a, b)| (a.to_owned(), b.to_owned()))).collect();
            if expected.contains_key(&labels) {
                continue;
            }
            let values: Vec<_> = values.iter().take(names.len()).map(String::as_str).collect();
            let mut moment = 1_700_000_000;
            for (gap, step, count, value) in runs {
                moment += gap;
                month.add(place, &values, Run { first: moment, step, count, value });
                for index in 0..i64::from(count) {
                    let at = (moment + index * step) * 1000;
                    expected.entry(labels.clone()).or_default().push((at, value));
                }
                moment += step * i64::from(count);
            }
        }
        (month, expected)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_receiver_reads_every_sample_once_and_in_order_out_of_requests_of_a_bounded_size(specs in specs()) {
            let (month, expected) = build(specs);
            let mut found = Samples::new();
            for batch in batches(&month, || i64::MIN) {
                let (request, length) = read(&batch.body());
                let mut samples = 0;
                for series in request.timeseries {
                    let names: Vec<_> = series.labels.iter().map(|label| label.name.clone()).collect();
                    prop_assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
                    prop_assert!(series.labels.iter().all(|label| !label.value.is_empty()));
                    prop_assert!(!series.samples.is_empty());
                    samples += series.samples.len() as u64;
                    let labels = series.labels.into_iter().map(|label| (label.name, label.value)).collect();
                    let points = series.samples.iter().map(|point| (point.milliseconds, point.value));
                    found.entry(labels).or_default().extend(points);
                }
                prop_assert_eq!((samples, 0), (batch.samples(), batch.clipped()));
                prop_assert!((1..=MOST_SAMPLES).contains(&samples));
                prop_assert!(length <= batch.bytes && batch.bytes <= MOST_BYTES, "{} {}", length, batch.bytes);
            }
            for samples in found.values() {
                prop_assert!(samples.is_sorted_by(|a, b| a.0 < b.0));
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn what_is_too_old_is_counted_and_not_sent(specs in specs(), after in 0i64..400_000_000) {
            let (month, expected) = build(specs);
            let oldest = 1_700_000_000_000 + after;
            let all: Vec<i64> = expected.into_values().flatten().map(|(at, _)| at).collect();
            let kept = all.iter().filter(|at| **at >= oldest).count() as u64;
            let cut: Vec<_> = batches(&month, || oldest).collect();
            prop_assert_eq!(cut.iter().map(Batch::samples).sum::<u64>(), kept);
            prop_assert_eq!(cut.iter().map(Batch::clipped).sum::<u64>(), all.len() as u64 - kept);
            let late: Vec<_> = batches(&month, || i64::MIN).map(|mut batch| { batch.clip(oldest); batch }).collect();
            prop_assert_eq!(late.iter().map(Batch::samples).sum::<u64>(), kept);
            prop_assert_eq!(late.iter().map(Batch::clipped).sum::<u64>(), all.len() as u64 - kept);
            for batch in late {
                for series in read(&batch.body()).0.timeseries {
                    prop_assert!(!series.samples.is_empty());
                    prop_assert!(series.samples.iter().all(|point| point.milliseconds >= oldest));
                }
            }
        }
    }

    #[test]
    fn requests_are_full_and_a_series_goes_on_in_the_next() {
        let mut month = month(&[]);
        let place =
            CATALOGUE.iter().position(|metric| metric.name == "github_copilot_total_suggestions").unwrap();
        for org in ["a", "b"] {
            month.add(place, &["", org, ""], Run { first: 0, step: 60, count: 3_000, value: 1.0 });
        }
        let counts: Vec<Vec<_>> = batches(&month, || i64::MIN)
            .map(|batch| read(&batch.body()).0.timeseries.iter().map(|series| series.samples.len()).collect())
            .collect();
        assert_eq!(counts, [vec![2_000], vec![1_000, 1_000], vec![2_000]]);
    }

    #[test]
    fn long_labels_make_shorter_requests_and_the_longest_still_go_out_alone() {
        let mut month = month(&[]);
        let place =
            CATALOGUE.iter().position(|metric| metric.name == "github_copilot_total_suggestions").unwrap();
        for (org, length) in [("a", 300 << 10), ("b", 300 << 10), ("c", MOST_BYTES)] {
            month.add(
                place,
                &["", org, &"x".repeat(length)],
                Run { first: 0, step: 1, count: 1, value: 1.0 },
            );
        }
        let counts: Vec<_> = batches(&month, || i64::MIN).map(|batch| batch.samples()).collect();
        assert_eq!(counts, [1, 1, 1]);
    }
}
