//! Samples as text: the exposition format 0.0.4, plain and compressed.

use std::sync::Arc;

use bytes::Bytes;
use memchr::memchr_iter;
use prometheus::{
    Encoder, TextEncoder,
    proto::{Counter, Gauge, LabelPair, Metric as Sample, MetricFamily, MetricType},
};

use super::{
    catalogue::{CATALOGUE, Metric, Read},
    exporter::{Emit, Service},
    gzip::{Deflated, Deflater},
    pieces::{Pieces, Pile, Rendered},
    samples,
};

/// Rendered series, ready to be sent.
#[derive(Debug, Default)]
pub struct Exposition {
    plain: Rendered,
    deflated: Deflated,
}

impl Exposition {
    /// Everything that is rendered, as it would be without the live series.
    pub fn text(&self) -> String {
        String::from_utf8(self.plain.concat()).expect("labels and names are text")
    }

    /// What a scrape gets: the rendered series, and the live ones behind them.
    pub fn answer(&self, live: Vec<u8>, gzip: bool) -> Pieces {
        if gzip {
            self.deflated.member(&live)
        } else {
            Pieces::of(Bytes::new(), Arc::clone(&self.plain), [live.into(), Bytes::new()])
        }
    }
}

/// A text, as it was rendered once.
#[cfg(test)]
impl From<&str> for Exposition {
    fn from(text: &str) -> Self {
        let mut writer = Writer::default();
        writer.put(text.as_bytes());
        writer.finish()
    }
}

/// Renders everything but the live series, one family after the other.
pub fn render(service: &Service<'_>) -> Exposition {
    let mut writer = Writer::default();
    for metric in CATALOGUE {
        each_batch(metric, |emit| fill(metric, service, emit), |text| writer.put(text));
    }
    writer.finish()
}

/// Emits every sample of a metric.
fn fill(metric: &Metric, service: &Service<'_>, emit: &mut Emit<'_>) {
    match metric.read {
        Read::Gauge(_, read) | Read::Counter(_, read) => read(service, emit),
        _ => {
            let scopes = service.snapshot.scopes.iter().filter(|scope| service.plan.shows(metric, scope));
            scopes.for_each(|scope| samples::each(metric, scope, &mut *emit));
        }
    }
}

/// Writes a family as text. The encoder refuses one without samples; absent is absent.
pub(super) fn encode(family: &MetricFamily, text: &mut Vec<u8>) {
    if !family.get_metric().is_empty() {
        let encoded = TextEncoder::new().encode(std::slice::from_ref(family), text);
        encoded.expect("memory takes every byte, and the catalogue's names are valid");
    }
}

/// Collects text and compresses it on the way.
#[derive(Default)]
struct Writer {
    plain: Pile,
    deflater: Deflater,
}

impl Writer {
    fn put(&mut self, text: &[u8]) {
        self.plain.write(text);
        self.deflater.write(text);
    }

    fn finish(self) -> Exposition {
        Exposition { plain: self.plain.finish(), deflated: self.deflater.finish() }
    }
}

/// So many samples are in memory before they are text: a family can have a hundred thousand, and as the library's values
/// they take ten times the room.
const BATCH: usize = 1 << 10;

/// Gives the text of a family with the samples that `fill` emits to `put`, so many at a time.
pub(super) fn each_batch(metric: &Metric, fill: impl FnOnce(&mut Emit<'_>), mut put: impl FnMut(&[u8])) {
    let (names, mut text, mut begun) = (metric.labels(), Vec::new(), false);
    let mut family = MetricFamily::default();
    family.set_name(metric.name.to_owned());
    family.set_help(metric.help());
    family.set_field_type(if metric.is_counter() { MetricType::COUNTER } else { MetricType::GAUGE });
    let mut write = |family: &mut MetricFamily| {
        text.clear();
        encode(family, &mut text);
        put(if begun { without_head(&text) } else { &text });
        begun = true;
        family.mut_metric().clear();
    };
    fill(&mut |values, number| {
        family.mut_metric().push(sample(metric, &names, values, number));
        if family.get_metric().len() == BATCH {
            write(&mut family);
        }
    });
    write(&mut family);
}

/// The encoder begins every time with two lines that say what a family is.
fn without_head(text: &[u8]) -> &[u8] {
    memchr_iter(b'\n', text).nth(1).map_or(text, |end| &text[end + 1..])
}

fn sample(metric: &Metric, names: &[&str], values: &[&str], number: f64) -> Sample {
    debug_assert_eq!(names.len(), values.len(), "{}: a value for each label", metric.name);
    let label = |(name, value): (&&str, &&str)| {
        let mut label = LabelPair::default();
        label.set_name((*name).to_owned());
        label.set_value((*value).to_owned());
        label
    };
    let mut sample = Sample::from_label(names.iter().zip(values).map(label).collect());
    if metric.is_counter() {
        let mut counter = Counter::default();
        counter.set_value(number);
        sample.set_counter(counter);
    } else {
        let mut gauge = Gauge::default();
        gauge.set_value(number);
        sample.set_gauge(gauge);
    }
    sample
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, io::Read as _};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        github::{
            ledger::Ledger,
            usage::{UsageDay, UsageRow},
        },
        metrics::{Plan, TeamDetail},
        model::{Records, State, Update, ViewOptions, view},
        owner::{Owner, Team},
    };

    /// The exposition of an owner and a team that have these days.
    fn exposition(days: &[UsageDay], most_series: usize) -> String {
        let owner = || Owner::org("octo");
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut state = State::new(&[owner()], &BTreeSet::new());
        state.apply(Update::Teams { owner: owner(), teams: vec![Team { id: 1, slug: "red".into() }] });
        for team in [None, Some(1)] {
            state.apply(Update::Days {
                owner: owner(),
                team,
                days: Some(Records::Usage(days.to_vec())),
                at: now,
            });
        }
        let options = ViewOptions { history_days: 28, settle_days: 0, max_label_values: 3 };
        let snapshot = view(&state, now, &options);
        let plan = Plan::of(&snapshot, TeamDetail::All, most_series);
        render(&Service { snapshot: &snapshot, ledger: &Ledger::default(), plan: &plan }).text()
    }

    fn day() -> UsageDay {
        UsageDay { day: "2026-11-20".parse().unwrap(), ..UsageDay::default() }
    }

    fn row(language: &str) -> UsageRow {
        UsageRow { language: Some(language.to_owned()), suggestions_count: Some(7), ..UsageRow::default() }
    }

    #[test]
    fn what_could_break_a_line_is_escaped() {
        let breakdown = Some(vec![row("a\"b\\c\nd")]);
        let text = exposition(&[UsageDay { breakdown, ..day() }], 1000);
        let expected = r#"github_copilot_suggestions{enterprise="",org="octo",team="",language="a\"b\\cd",editor="unknown"} 7"#;
        assert!(text.lines().any(|line| line == expected), "{text}");
    }

    #[test]
    fn unknown_figures_have_no_series_and_families_without_any_no_header() {
        let text = exposition(&[UsageDay { total_chat_turns: Some(0), ..day() }], 1000);
        assert!(text.contains(r#"github_copilot_total_chat_turns{enterprise="",org="octo",team="red"} 0"#));
        assert!(!text.contains("github_copilot_total_suggestions"), "{text}");
    }

    /// The text of so many samples of one family, written in batches.
    fn in_batches(samples: usize) -> String {
        let metric = CATALOGUE.iter().find(|metric| metric.labels().len() == 2).unwrap();
        let (mut text, mut parts) = (Vec::new(), 0);
        let fill = |emit: &mut Emit<'_>| {
            for number in 0..samples {
                emit(&["a", &number.to_string()], number as f64);
            }
        };
        let put = |part: &[u8]| {
            text.extend_from_slice(part);
            parts += 1;
        };
        each_batch(metric, fill, put);
        assert!(parts <= samples / BATCH + 1, "{parts} parts of {samples} samples");
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_family_that_is_written_in_batches_has_one_head_and_every_sample_once() {
        assert_eq!(in_batches(0), "");
        let head: Vec<_> = in_batches(1).lines().take(2).map(str::to_owned).collect();
        assert!(head[0].starts_with("# HELP ") && head[1].starts_with("# TYPE "), "{head:?}");
        for samples in [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 2 * BATCH + 1] {
            let text = in_batches(samples);
            let lines: Vec<_> = text.lines().collect();
            assert_eq!(lines[..2], head, "{samples}");
            let numbers: Vec<usize> =
                lines[2..].iter().map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap()).collect();
            assert_eq!(numbers, (0..samples).collect::<Vec<_>>(), "{samples}");
        }
    }

    #[test]
    fn an_answer_is_what_was_rendered_with_the_live_series_behind_it_plain_or_compressed() {
        let sent = |gzip| {
            let answer = Exposition::from("rendered\n").answer(b"live\n".to_vec(), gzip);
            answer.collect::<Vec<_>>().concat()
        };
        assert_eq!(sent(false), b"rendered\nlive\n");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*sent(true)).read_to_string(&mut text).unwrap();
        assert_eq!(text, "rendered\nlive\n");
    }

    prop_compose! {
        fn any_row()(
            language in prop::option::of("\\PC{0,6}|[a-c]|C#|csharp|others"),
            editor in prop::option::of("\\PC{0,6}|[A-C]"),
            suggestions_count in any::<Option<i64>>(),
            active_users in any::<Option<i64>>(),
        ) -> UsageRow {
            UsageRow { language, editor, suggestions_count, active_users, ..UsageRow::default() }
        }
    }

    prop_compose! {
        fn any_day()(
            offset in 0..40i64,
            total_suggestions_count in any::<Option<i64>>(),
            breakdown in prop::option::of(prop::collection::vec(any_row(), 0..8)),
        ) -> UsageDay {
            let day = "2026-10-01".parse::<chrono::NaiveDate>().unwrap() + chrono::TimeDelta::days(offset);
            UsageDay { day, total_suggestions_count, breakdown, ..UsageDay::default() }
        }
    }

    proptest! {
        #[test]
        fn whatever_github_sends_no_series_comes_twice_and_the_count_is_true(
            days in prop::collection::vec(any_day(), 0..6),
            most_series in 0..60usize,
        ) {
            let text = exposition(&days, most_series);
            let series: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
                line.rsplit_once(' ').expect("a number stands behind the last space").0
            }).collect();
            prop_assert_eq!(series.len(), series.iter().collect::<BTreeSet<_>>().len());
            let data = series.iter().filter(|name| !name.starts_with("github_copilot_exporter_")).count();
            let told = format!("github_copilot_exporter_series {data}");
            prop_assert!(text.lines().any(|line| line == told), "{} in\n{}", told, text);
        }
    }
}
