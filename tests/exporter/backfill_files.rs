//! The files of a backfill, read by the real promtool and counted.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use github_copilot_exporter::{
    backfill::{
        files::{Directory, Finished, Settings},
        month::{Month, Run, Span},
        options::Label,
    },
    metrics::catalogue::CATALOGUE,
};

use crate::program::run;

const TURNS: &str = "github_copilot_total_chat_turns";
const HOUR: i64 = 3600;

/// Every sample: by its series as promtool prints it, and its moment in milliseconds.
type Samples = BTreeMap<(String, i64), f64>;

fn span(begins: &str, ends: &str) -> Span {
    let midnight = |day: &str| format!("{day}T00:00:00Z").parse().unwrap();
    Span { begins: midnight(begins), ends: midnight(ends) }
}

fn add(month: &mut Month, metric: &str, values: &[&str], run: Run) {
    month.add(CATALOGUE.iter().position(|known| known.name == metric).unwrap(), values, run);
}

/// A series as Go writes it; for the characters that the tests use, Rust writes strings the same way, but for these.
fn series(metric: &str, labels: &[(&str, &str)]) -> String {
    let quoted = |value: &str| format!("\"{}\"", value.escape_debug().to_string().replace("\\'", "'"));
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
    format!("{{__name__=\"{metric}\", {}}}", labels.join(", "))
}

/// Runs the line that is printed for a month, as it is, in a shell.
fn make_blocks(finished: &Finished, data: &Path) -> (Option<i32>, String, String) {
    let mut command = Command::new("sh");
    command.args(["-c", &finished.promtool().unwrap()]).env("PROMETHEUS_DATA", data);
    run(command)
}

/// Every sample in the blocks; none may be there twice.
fn dump(data: &Path) -> Samples {
    // Without it promtool reads nothing; a Prometheus always has one.
    fs::create_dir_all(data.join("wal")).unwrap();
    let mut command = Command::new("promtool");
    command.args(["tsdb", "dump"]).arg(data).stdin(Stdio::null());
    let (code, text, complaints) = run(command);
    assert_eq!((code, &*complaints), (Some(0), ""));
    let mut samples = Samples::new();
    for line in text.lines() {
        let [moment, value, series] = line.rsplitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let before = samples.insert((series.to_owned(), moment.parse().unwrap()), value.parse().unwrap());
        assert_eq!(before, None, "twice: {line}");
    }
    samples
}

fn blocks(data: &Path) -> Vec<(i64, i64)> {
    let meta = |entry: fs::DirEntry| fs::read(entry.path().join("meta.json")).ok();
    let blocks = fs::read_dir(data).unwrap().filter_map(|entry| meta(entry.unwrap()));
    let mut times: Vec<_> = blocks
        .map(|meta| serde_json::from_slice::<serde_json::Value>(&meta).unwrap())
        .map(|meta| (meta["minTime"].as_i64().unwrap() / 1000, meta["maxTime"].as_i64().unwrap() / 1000))
        .collect();
    times.sort_unstable();
    times
}

#[test]
fn promtool_takes_every_sample_of_a_month_whatever_its_labels_and_value() {
    let place = tempfile::tempdir().unwrap();
    let nasty = [
        "a\"b\\c\nd",
        "\\",
        "\"",
        "\n",
        "\\n",
        "tab\there\rthere",
        "{a=\"b\"} 1 2",
        "# EOF",
        "\u{1f980} \u{e4}",
        "it's",
    ];
    let numbers =
        [0.0, 1.0, -1.5, 0.1, 9_007_199_254_740_991.0, 1e300, 5e-324, f64::MAX, 123_456_789.125, -0.0];
    let span = span("2026-03-01", "2026-04-01");
    let job = "co\"pi\\lot\n\u{1f980}";
    let mut month = Month::new(span, &[Label { name: "job".into(), value: job.into() }]);
    let mut expected = Samples::new();
    for (index, (team, number)) in (0..).zip(nasty.into_iter().zip(numbers)) {
        let name = series(TURNS, &[("job", job), ("org", "octo"), ("team", team)]);
        // Hourly for a week, then half-hourly with another value to the last moment.
        let half_hours =
            u32::try_from((span.ends.timestamp() - span.begins.timestamp() - 168 * HOUR) / 1800).unwrap();
        let first = span.begins.timestamp() + index;
        for (first, step, count, value) in
            [(first, HOUR, 168, number), (first + 168 * HOUR, HOUR / 2, half_hours, number + 1.0)]
        {
            add(&mut month, TURNS, &["", "octo", team], Run { first, step, count, value });
            let moments = (0..i64::from(count)).map(|index| (first + index * step) * 1000);
            expected.extend(moments.map(|moment| ((name.clone(), moment), value)));
        }
    }
    let path = place.path().join("it's a \"directory\" of $HOME");
    let finished = Directory::open(&path, &Settings::new()).unwrap().write(&month).unwrap();
    assert_eq!(finished.written.samples, expected.len() as u64);
    let data = place.path().join("data");
    let (code, _, complaints) = make_blocks(&finished, &data);
    assert_eq!((code, &*complaints), (Some(0), ""));
    assert!(dump(&data) == expected, "every sample, and no other");
}

#[test]
fn months_become_a_few_blocks_each_that_do_not_overlap_and_a_second_time_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let (data, mut expected) = (place.path().join("data"), Samples::new());
    let mut directory = Directory::open(&place.path().join("months"), &Settings::new()).unwrap();
    let months = ["2025-12-01", "2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"];
    let mut again = None;
    for (days, most) in months.windows(2).zip([3, 2, 2, 3]) {
        let span = span(days[0], days[1]);
        let (first, hours) = (span.begins.timestamp(), (span.ends - span.begins).num_hours());
        let mut month = Month::new(span, &[]);
        let count = u32::try_from(hours).unwrap();
        add(&mut month, TURNS, &["", "octo", ""], Run { first, step: HOUR, count, value: 7.0 });
        let name = series(TURNS, &[("org", "octo")]);
        expected.extend((0..hours).map(|hour| ((name.clone(), (first + hour * HOUR) * 1000), 7.0)));
        let finished = directory.write(&month).unwrap();
        let before = if data.exists() { blocks(&data).len() } else { 0 };
        assert_eq!(make_blocks(&finished, &data).0, Some(0));
        assert_eq!(blocks(&data).len() - before, most, "{}", days[0]);
        again = Some(finished);
    }
    let times = blocks(&data);
    assert!(times.windows(2).all(|pair| pair[0].1 < pair[1].0), "{times:?}");
    assert!(dump(&data) == expected, "every sample, and no other");
    assert_eq!(make_blocks(&again.unwrap(), &data).0, Some(0));
    assert_eq!(blocks(&data).len(), times.len() + 3);
    assert!(dump(&data) == expected, "overlapping blocks are read as one");
}

#[test]
fn without_a_data_directory_the_shell_says_so_and_promtool_writes_nowhere() {
    let place = tempfile::tempdir().unwrap();
    let span = span("2026-03-01", "2026-04-01");
    let mut month = Month::new(span, &[]);
    add(
        &mut month,
        TURNS,
        &["", "octo", ""],
        Run { first: span.begins.timestamp(), step: HOUR, count: 1, value: 7.0 },
    );
    let finished =
        Directory::open(&place.path().join("months"), &Settings::new()).unwrap().write(&month).unwrap();
    let (code, output, complaints) = make_blocks(&finished, Path::new(""));
    assert_ne!(code, Some(0));
    assert!(output.is_empty() && complaints.contains("PROMETHEUS_DATA"), "{complaints}");
}
