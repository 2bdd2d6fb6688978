//! A month as OpenMetrics text, as `promtool tsdb create-blocks-from openmetrics` reads it.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use super::month::{Month, Series};
use crate::metrics::catalogue::Metric;

/// What every text ends with: without it promtool refuses the text, so that a torn one shows.
pub const END: &str = "# EOF\n";

/// How much was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Samples.
    pub samples: u64,
    /// Bytes of text.
    pub bytes: u64,
}

/// Writes a month: family by family, series by series, in ascending time. One line is all that is held of the text,
/// and `out` gets many of them: give it a buffer.
///
/// # Errors
/// Whatever `out` says.
pub fn write(month: &Month, out: &mut impl Write) -> io::Result<Written> {
    let mut text = Text { out, line: String::new(), written: Written::default() };
    for (metric, series) in month.families() {
        text.head(metric)?;
        for series in series {
            text.series(metric, &series)?;
        }
    }
    text.line.push_str(END);
    text.put()?;
    Ok(text.written)
}

struct Text<'a, W> {
    out: &'a mut W,
    /// The line that is being made. A big company's month has millions; none gets memory of its own.
    line: String,
    written: Written,
}

impl<W: Write> Text<'_, W> {
    /// Everything of a month is a gauge: only the exporter's own counters are none, and they have no past.
    fn head(&mut self, metric: &Metric) -> io::Result<()> {
        debug_assert!(!metric.is_counter(), "{}: OpenMetrics names a counter otherwise", metric.name);
        let (name, help) = (metric.name, Escaped(&metric.help()).to_string());
        self.add(format_args!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        self.put()
    }

    /// What lines have in common is formatted once: the labels per series, the value per run.
    fn series(&mut self, metric: &Metric, series: &Series<'_>) -> io::Result<()> {
        self.add(format_args!("{}{} ", metric.name, Labels(&series.labels)));
        let labels = self.line.len();
        for run in series.runs {
            self.line.truncate(labels);
            self.add(format_args!("{} ", Number(run.value)));
            let value = self.line.len();
            for moment in run.moments() {
                self.line.truncate(value);
                self.add(format_args!("{moment}\n"));
                self.send()?;
                self.written.samples += 1;
            }
        }
        self.line.clear();
        Ok(())
    }

    fn add(&mut self, part: fmt::Arguments<'_>) {
        self.line.write_fmt(part).expect("a string takes everything");
    }

    fn send(&mut self) -> io::Result<()> {
        self.out.write_all(self.line.as_bytes())?;
        self.written.bytes += self.line.len() as u64;
        Ok(())
    }

    fn put(&mut self) -> io::Result<()> {
        self.send()?;
        self.line.clear();
        Ok(())
    }
}

/// `{name="value",…}`, or nothing.
struct Labels<'a>(&'a [(&'a str, &'a str)]);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = '{';
        for (name, value) in self.0 {
            write!(f, "{before}{name}=\"{}\"", Escaped(value))?;
            before = ',';
        }
        f.write_str(if before == '{' { "" } else { "}" })
    }
}

/// Text as it stands in quotes; OpenMetrics wants a help, which has none, written the same way.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['\\', '"', '\n']) {
            let escape = match rest.as_bytes()[at] {
                b'\n' => "\\n",
                b'"' => "\\\"",
                _ => "\\\\",
            };
            f.write_str(&rest[..at])?;
            f.write_str(escape)?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
    }
}

/// A number as Prometheus reads it back, to the last bit.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            // As few digits as tell it from every other number, never an exponent; or NaN.
            number => write!(f, "{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        backfill::{
            month::{Run, Span},
            options::Label,
        },
        metrics::catalogue::CATALOGUE,
    };

    fn month(extra: &[Label]) -> Month {
        let span = Span {
            begins: "2026-03-01T00:00:00Z".parse().unwrap(),
            ends: "2026-04-01T00:00:00Z".parse().unwrap(),
        };
        Month::new(span, extra)
    }

    fn text(month: &Month) -> (String, Written) {
        let mut out = Vec::new();
        let written = write(month, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), written)
    }

    #[test]
    fn a_small_month_is_this_text() {
        let mut month = month(&[Label { name: "job".into(), value: "copilot".into() }]);
        let run = |first, count, value| Run { first, step: 3600, count, value };
        let turns = "github_copilot_total_chat_turns";
        month.add_to(turns, &["", "octo", "red"], run(1_772_323_200, 1, 0.0));
        month.add_to(turns, &["", "octo", ""], run(1_772_323_200, 2, 12.0));
        month.add_to(turns, &["", "octo", ""], run(1_772_409_600, 1, 1.5));
        month.add_to(
            "github_copilot_day_timestamp_seconds",
            &["acme", "", ""],
            run(1_772_323_200, 1, 1_772_150_400.0),
        );
        let expected = r#"# HELP github_copilot_total_chat_turns Prompts answered by chat in the editor (usage: total_chat_turns; reports: user_initiated_interaction_count of chat). Window: the UTC day of github_copilot_day_timestamp_seconds. Cached.
# TYPE github_copilot_total_chat_turns gauge
github_copilot_total_chat_turns{job="copilot",org="octo"} 12 1772323200
github_copilot_total_chat_turns{job="copilot",org="octo"} 12 1772326800
github_copilot_total_chat_turns{job="copilot",org="octo"} 1.5 1772409600
github_copilot_total_chat_turns{job="copilot",org="octo",team="red"} 0 1772323200
# HELP github_copilot_day_timestamp_seconds Start of the newest day that GitHub has published, which the series without a day label describe (usage and reports: day). Window: the UTC day of github_copilot_day_timestamp_seconds. Cached.
# TYPE github_copilot_day_timestamp_seconds gauge
github_copilot_day_timestamp_seconds{enterprise="acme",job="copilot"} 1772150400 1772323200
# EOF
"#;
        let (text, written) = text(&month);
        assert_eq!(text, expected);
        assert_eq!(written, Written { samples: 5, bytes: text.len() as u64 });
    }

    #[test]
    fn a_month_without_samples_is_only_its_end() {
        assert_eq!(text(&month(&[])), (END.to_owned(), Written { samples: 0, bytes: 6 }));
    }

    #[test]
    fn numbers_are_written_without_exponent_and_infinities_as_prometheus_has_them() {
        let numbers =
            [0.0, -3.0, 9_007_199_254_740_993.0, 0.1, 1e21, 5e-7, f64::INFINITY, -f64::INFINITY, f64::NAN];
        let expected = "0 -3 9007199254740992 0.1 1000000000000000000000 0.0000005 +Inf -Inf NaN";
        assert_eq!(numbers.map(|number| Number(number).to_string()).join(" "), expected);
    }

    #[test]
    fn what_could_break_a_line_is_escaped_and_nothing_else() {
        let text = "a\\b \"c\"\nd\te\r\u{1f980}\\";
        assert_eq!(Escaped(text).to_string(), "a\\\\b \\\"c\\\"\\nd\te\r\u{1f980}\\\\");
        assert_eq!(Labels(&[]).to_string(), "");
        assert_eq!(Labels(&[("a", "1"), ("b", "\"")]).to_string(), r#"{a="1",b="\""}"#);
    }

    #[test]
    fn a_writer_that_fails_is_heard() {
        let mut month = month(&[]);
        let run = Run { first: 0, step: 60, count: 1000, value: 1.0 };
        month.add_to("github_copilot_total_chat_turns", &["", "octo", ""], run);
        let mut room = [0; 1000];
        assert_eq!(write(&month, &mut room.as_mut_slice()).unwrap_err().kind(), io::ErrorKind::WriteZero);
    }

    type Name = (String, BTreeMap<String, String>);
    type Samples = Vec<(i64, f64)>;

    /// What a reader finds: every series, and its samples in the order of the lines. Written by the rules of
    /// OpenMetrics, not by looking at the writer.
    fn read(text: &str) -> BTreeMap<Name, Samples> {
        let (mut found, mut families) = (BTreeMap::<Name, Samples>::new(), BTreeSet::new());
        let (mut family, mut series) = (String::new(), None);
        let body = text.strip_suffix("# EOF\n").expect("the end");
        for line in body.split_terminator('\n') {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split(' ').next().unwrap().to_owned();
                assert!(families.insert(family.clone()), "{family} comes in one piece");
                continue;
            }
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                assert_eq!(kind, format!("{family} gauge"));
                continue;
            }
            let (name, value, moment) = sample(line);
            assert_eq!(name.0, family);
            if series.replace(name.clone()) != Some(name.clone()) {
                assert!(!found.contains_key(&name), "{name:?} comes in one piece");
            }
            found.entry(name).or_default().push((moment, value));
        }
        found
    }

    fn sample(line: &str) -> (Name, f64, i64) {
        let at = line.find(['{', ' ']).unwrap();
        let (name, mut rest) = line.split_at(at);
        let mut labels = BTreeMap::new();
        while let Some(label) = rest.strip_prefix(['{', ',']) {
            let (label, quoted) = label.split_once("=\"").unwrap();
            let (value, behind) = unescape(quoted);
            assert!(!value.is_empty() && labels.insert(label.to_owned(), value).is_none());
            rest = behind.strip_prefix('}').unwrap_or(behind);
        }
        let [_, value, moment] = rest.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        ((name.to_owned(), labels), value.parse().unwrap(), moment.parse().unwrap())
    }

    /// A value up to its quote, and what is behind that.
    fn unescape(quoted: &str) -> (String, &str) {
        let (mut value, mut chars) = (String::new(), quoted.chars());
        loop {
            match chars.next().unwrap() {
                '"' => return (value, chars.as_str()),
                '\\' => value.push(match chars.next().unwrap() {
                    'n' => '\n',
                    c => c,
                }),
                c => value.push(c),
            }
        }
    }

    fn any_value() -> impl Strategy<Value = String> {
        let nasty =
            prop::sample::select(vec!['"', '\\', '\n', '\r', ' ', ',', '{', '}', '=', '#', 'n', '\u{1f980}']);
        let any = prop::collection::vec(prop_oneof![nasty, any::<char>()], 0..6);
        prop_oneof![any.prop_map(String::from_iter), "[a-c]?"]
    }

    fn any_number() -> impl Strategy<Value = f64> {
        let count = any::<u32>().prop_map(f64::from);
        prop_oneof![count, 0.0..3.0, any::<f64>(), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-0.0)]
    }

    /// Runs, each so many seconds behind the last moment of the one before.
    fn any_runs() -> impl Strategy<Value = Vec<(i64, Run)>> {
        let run = (1..100_000i64, 1..5000i64, 0..6u32, any_number())
            .prop_map(|(gap, step, count, value)| (gap, Run { first: 0, step, count, value }));
        prop::collection::vec(run, 1..5)
    }

    proptest! {
        #[test]
        fn every_sample_is_read_back_once_in_ascending_time_whatever_its_labels_and_value(
            job in any_value().prop_filter("a label", |value| !value.is_empty()),
            all in prop::collection::vec((0..24usize, prop::collection::vec(any_value(), 5), any_runs()), 0..12),
        ) {
            let mut month = month(&[Label { name: "job".into(), value: job.clone() }]);
            let mut expected = BTreeMap::<Name, Samples>::new();
            for (metric, values, runs) in all {
                let names = CATALOGUE[metric].labels();
                let mut labels: BTreeMap<_, _> =
                    names.iter().map(|name| (*name).to_owned()).zip(values.clone()).collect();
                labels.insert("job".into(), job.clone());
                labels.retain(|_, value| !value.is_empty());
                let name = (CATALOGUE[metric].name.to_owned(), labels);
                if expected.contains_key(&name) {
                    continue;
                }
                let values: Vec<_> = values[..names.len()].iter().map(|value| &**value).collect();
                let (mut last, mut samples) = (1_772_323_200, Vec::new());
                for (gap, mut run) in runs {
                    run.first = last + gap;
                    month.add(metric, &values, run);
                    for index in 0..run.count {
                        last = run.first + run.step * i64::from(index);
                        samples.push((last, run.value));
                    }
                }
                if !samples.is_empty() {
                    expected.insert(name, samples);
                }
            }
            let (text, written) = text(&month);
            let samples: usize = expected.values().map(Vec::len).sum();
            prop_assert_eq!(written, Written { samples: samples as u64, bytes: text.len() as u64 });
            prop_assert!(!text.contains("\n\n"));
            prop_assert_eq!(read(&text), expected);
        }
    }
}
