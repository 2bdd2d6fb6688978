//! What a backfill does when something goes wrong, and what it says.

use std::{fs, path::Path, process::Command};

use chrono::{SecondsFormat, TimeDelta};

use github_copilot_exporter::{
    backfill::{End, Error, Summary},
    simulator::{Fault, Options, Simulator},
};

use crate::{
    company::NOON,
    history::{self, backfill, files},
    people::live,
    program::{Running, exporter, run},
    support::LeapingClock,
};

/// A small company.
fn small() -> Options {
    Options { orgs: 1, teams: 3, users: 30, shards: 1, ..live() }
}

/// What says whom to ask.
fn variables(simulator: &Simulator) -> Vec<(&'static str, String)> {
    let company = simulator.announcement();
    vec![
        ("GITHUB_API_URL", company.api.clone()),
        ("GITHUB_TOKEN", company.token.clone()),
        ("GITHUB_ORGS", company.orgs.join(",")),
        ("EXPORTER_SOURCES", "activity,teams".into()),
    ]
}

fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn faults(specs: &[&str]) -> Vec<Fault> {
    specs.iter().map(|spec| spec.parse().unwrap()).collect()
}

/// The switches of three months, two of them whole, up to the noon at which the company stands still.
fn switches(directory: &Path) -> [String; 3] {
    ["--from=2026-08-25".into(), format!("--until={NOON}"), format!("--output={}", directory.display())]
}

/// Writes a history of a small company with faults, in this process.
async fn write(specs: &[&str], more: &[(&str, &str)]) -> (Result<Summary, Error>, Written) {
    let simulator = Simulator::start(Options { faults: faults(specs), ..small() }).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let clock = LeapingClock::starting(NOON);
    let own = variables(&simulator);
    let all = [borrowed(&own), more.to_vec()].concat();
    let switches = switches(directory.path());
    let summary = backfill(&clock, &all, &switches.each_ref().map(String::as_str)).await;
    let waits = clock.waits().iter().map(TimeDelta::num_seconds).collect();
    let asked = simulator.requests().into_iter().filter(|request| !request.download);
    let asked =
        asked.map(|request| format!("{}?{}", request.path, request.query.unwrap_or_default())).collect();
    (summary, Written { directory, waits, asked })
}

/// What came of it.
struct Written {
    directory: tempfile::TempDir,
    /// Seconds that were waited.
    waits: Vec<i64>,
    /// What GitHub was asked.
    asked: Vec<String>,
}

impl Written {
    /// The samples of the organisation's own series of this name.
    fn of(&self, name: &str) -> Vec<(i64, f64)> {
        let history = history::read(self.directory.path());
        let own = format!("github_copilot_{name}{{org=");
        let mut found =
            history.into_iter().filter(|(series, _)| series.starts_with(&own) && !series.contains("team="));
        found.next().map(|(_, samples)| samples).unwrap_or_default()
    }

    fn asked(&self, part: &str) -> usize {
        self.asked.iter().filter(|target| target.contains(part)).count()
    }
}

#[tokio::test]
async fn a_day_that_github_has_not_is_listed_and_the_one_before_it_goes_on() {
    let (summary, written) = write(&["path=*/organization-1-day?day=2026-09-15,status=404"], &[]).await;
    let summary = summary.unwrap();
    assert!(summary.is_whole());
    assert!(summary.to_string().contains("\n  days: GitHub has none of 2026-09-15 (1)\n"), "{summary}");
    // 2026-09-14 is shown for two days, and 2026-09-15 never.
    let shown = |day: &str| {
        let start = day.parse::<chrono::NaiveDate>().unwrap().and_time(chrono::NaiveTime::MIN).and_utc();
        let days = written.of("day_timestamp_seconds");
        days.into_iter().filter(|(_, value)| *value == start.timestamp() as f64).count()
    };
    assert_eq!(["2026-09-13", "2026-09-14", "2026-09-15", "2026-09-16"].map(shown), [24, 48, 0, 24]);
    assert_eq!(written.asked("users-1-day?day=2026-09-15"), 0, "nothing else of that day is asked for");
}

#[tokio::test]
async fn what_cannot_be_read_is_asked_for_again_and_then_a_gap_that_is_no_success() {
    let (summary, written) = write(&["path=*/organization-1-day?day=2026-09-15,html"], &[]).await;
    let summary = summary.unwrap();
    assert!(!summary.is_whole() && matches!(summary.end, End::Complete));
    assert!(summary.failure().unwrap().contains("remove the file of their month"));
    let text = summary.to_string();
    assert!(text.contains("\n  days: not readable of 2026-09-15 (1)\n  decode: GET "), "{text}");
    assert_eq!(written.waits, [1, 2, 4, 8, 16]);
    assert_eq!(written.asked("organization-1-day?day=2026-09-15"), 6);
    assert!(!written.of("total_suggestions").is_empty());
}

#[tokio::test]
async fn a_bad_minute_of_github_is_waited_out() {
    let faults = [
        "path=*/organization-1-day?day=2026-09-15,first=2,status=502",
        "path=*/users-1-day?day=2026-09-16,first=1,reset",
        "path=*/user-teams-1-day?day=2026-09-17,first=1,status=429,retry-after=600",
    ];
    let (summary, written) = write(&faults, &[]).await;
    assert!(summary.unwrap().is_whole());
    assert_eq!(written.waits, [1, 2, 1, 600]);
    let (_, untroubled) = write(&[], &[]).await;
    assert_eq!(files(written.directory.path()), files(untroubled.directory.path()));
}

#[tokio::test]
async fn a_github_that_stays_down_ends_it_and_whole_months_stay() {
    let (summary, written) = write(&["path=*/organization-1-day?day=2026-10-15,status=500"], &[]).await;
    let summary = summary.unwrap();
    let End::Failed(error) = &summary.end else { panic!("{summary}") };
    let error = error.to_string();
    assert!(error.contains(", 2026-10-15: server_error: GET "), "{error}");
    assert!(!error.contains("octocat-demo-token"));
    assert!(summary.to_string().ends_with("months that are finished are not read again."), "{summary}");
    let months: Vec<_> = files(written.directory.path()).into_keys().collect();
    assert_eq!(months, ["github-copilot-2026-08.om", "github-copilot-2026-09.om"]);
}

#[tokio::test]
async fn a_token_that_is_refused_ends_it_at_once() {
    let (summary, written) = write(&["path=*/organization-1-day?day=2026-09-15,status=401"], &[]).await;
    let End::Failed(error) = summary.unwrap().end else { panic!("it went on") };
    assert!(error.to_string().contains("2026-09-15: unauthorized: "), "{error}");
    assert!(written.waits.is_empty());
}

#[tokio::test]
async fn where_people_are_refused_it_is_asked_and_said_once_and_languages_are_what_remains() {
    let (summary, written) = write(&["path=*/users-1-day?*,status=403"], &[]).await;
    let summary = summary.unwrap();
    assert!(summary.is_whole());
    let text = summary.to_string();
    assert_eq!(text.matches("\n  refused: forbidden: GET ").count(), 1, "{text}");
    assert_eq!(written.asked("users-1-day?"), 1);
    assert!(!written.of("total_suggestions").is_empty());
    assert!(written.of("total_active_chat_users").is_empty(), "only people's own records tell");
}

#[tokio::test]
async fn teams_that_are_missing_on_a_day_are_a_gap_of_that_day() {
    let (summary, _) = write(&["path=*/user-teams-1-day?day=2026-09-15,not-ready=204"], &[]).await;
    let text = summary.unwrap().to_string();
    assert!(text.contains("\n  teams: GitHub has none of 2026-09-15 (1)\n"), "{text}");
}

#[tokio::test]
async fn what_does_not_go_together_is_refused_before_anything_is_asked_of_days() {
    for (more, part) in [
        (("EXPORTER_SOURCES", "seats,billing"), "nothing else has a history"),
        (("GITHUB_ORGS", "nobody"), "organisation nobody: not_found: GET "),
    ] {
        let (summary, written) = write(&[], &[more]).await;
        let error = summary.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert_eq!(written.asked("-1-day"), 0);
    }
}

#[tokio::test]
async fn another_run_reads_only_what_is_not_there() {
    let simulator = Simulator::start(small()).await.unwrap();
    let (own, directory) = (variables(&simulator), tempfile::tempdir().unwrap());
    let switches = switches(directory.path());
    let switches = switches.each_ref().map(String::as_str);
    let again = async || {
        simulator.clear_requests();
        let summary = backfill(&LeapingClock::starting(NOON), &borrowed(&own), &switches).await.unwrap();
        let days = simulator.requests().into_iter().filter(|request| request.path.contains("-1-day")).count();
        (summary, days)
    };
    let (first, all) = again().await;
    let whole = files(directory.path());
    assert_eq!((first.months.len(), whole.len()), (4, 4));
    let (second, none) = again().await;
    assert_eq!(none, 0, "everything is there");
    assert_eq!(first.commands().collect::<Vec<_>>(), second.commands().collect::<Vec<_>>());
    // A month in the middle is torn: it and the 27 days before it are read, and no other.
    let torn = directory.path().join("github-copilot-2026-09.om");
    fs::write(&torn, &whole["github-copilot-2026-09.om"][..1000]).unwrap();
    let (third, some) = again().await;
    assert!(0 < some && some < all * 2 / 3, "{some} of {all}");
    assert_eq!(files(directory.path()), whole);
    assert!(third.to_string().contains("months: 1 written, 3 were there already"), "{third}");
}

#[tokio::test]
async fn other_settings_in_the_same_directory_are_refused_by_name() {
    let simulator = Simulator::start(small()).await.unwrap();
    let (own, directory) = (variables(&simulator), tempfile::tempdir().unwrap());
    let switches = switches(directory.path());
    let switches: Vec<&str> = switches.iter().map(String::as_str).collect();
    let clock = LeapingClock::starting(NOON);
    backfill(&clock, &borrowed(&own), &switches).await.unwrap();
    let other = [&switches[..], &["--step=6h", "--label=job=x"]].concat();
    let error = backfill(&clock, &borrowed(&own), &other).await.unwrap_err().to_string();
    assert!(error.contains("--step") && error.contains("--label") && !error.contains("--lag"), "{error}");
    assert!(!error.contains("octocat-demo-token"));
}

/// A program that writes three months of a GitHub that stands still at one of the last days.
struct Stuck {
    simulator: Simulator,
    variables: Vec<(&'static str, String)>,
    switches: [String; 3],
}

impl Stuck {
    async fn start() -> (Self, Running, tempfile::TempDir) {
        // Days of the program's own time: it does not ask for what is older than a year.
        let simulator = Simulator::start(Options { now: None, ..small() }).await.unwrap();
        let (now, directory) = (simulator.now(), tempfile::tempdir().unwrap());
        let ago = |days: i64| (now - TimeDelta::days(days)).date_naive();
        simulator.set_faults(faults(&[&format!("path=*/organization-1-day?day={},hang", ago(4))]));
        let until = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let switches = [
            format!("--from={}", ago(90)),
            format!("--until={until}"),
            format!("--output={}", directory.path().display()),
        ];
        let stuck = Self { variables: variables(&simulator), simulator, switches };
        let running = Running::start(stuck.command(&stuck.switches));
        // Two months are finished.
        running.line_with(" samples in ");
        running.line_with(" samples in ");
        (stuck, running, directory)
    }

    fn command(&self, switches: &[String]) -> Command {
        let switches = ["backfill"].into_iter().chain(switches.iter().map(String::as_str));
        exporter(&switches.collect::<Vec<_>>(), &borrowed(&self.variables))
    }

    /// Runs it to its end against a GitHub that answers again, and compares with a run that nothing kept.
    fn completes(&self, directory: &Path) {
        self.simulator.set_faults(Vec::new());
        let (code, told, _) = run(self.command(&self.switches));
        assert_eq!(code, Some(0));
        assert!(told.contains("were there already") && !told.contains(", 0 were there already"), "{told}");
        let untroubled = tempfile::tempdir().unwrap();
        let [from, until, _] = self.switches.clone();
        let output = format!("--output={}", untroubled.path().display());
        assert_eq!(run(self.command(&[from, until, output])).0, Some(0));
        assert_eq!(files(directory), files(untroubled.path()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_leaves_whole_months_and_the_next_one_completes_it() {
    let (stuck, running, directory) = Stuck::start().await;
    drop(running);
    assert!(files(directory.path()).values().all(|text| text.ends_with("\n# EOF\n")));
    stuck.completes(directory.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_asked_to_stop_ends_with_0_and_says_how_to_go_on() {
    let (stuck, running, directory) = Stuck::start().await;
    let (status, lines) = running.terminate();
    assert_eq!(status.code(), Some(0), "{lines:?}");
    for part in [
        "2 written, 0 were there already",
        "promtool tsdb create-blocks-from",
        "Stopped. To go on, run it again as it is",
    ] {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}: {lines:#?}");
    }
    stuck.completes(directory.path());
}

#[test]
fn switches_and_variables_that_are_not_usable_end_with_64() {
    let from = "--from=2026-11-01";
    for (switches, variables, part) in [
        (&["backfill", "--output=x"][..], &[][..], "--from"),
        (&["backfill", from], &[], "--output"),
        (&["backfill", from, "--output=x"], &[], "GITHUB_TOKEN or GITHUB_TOKEN_FILE must be set"),
        (
            &["backfill", from, "--output=x", "--owner=nobody"],
            &[("GITHUB_TOKEN", "t"), ("GITHUB_ORGS", "octo")],
            "--owner nobody is neither in GITHUB_ORGS nor GITHUB_ENTERPRISE",
        ),
        (
            &["backfill", from, "--remote-write=http://127.0.0.1:1/", "--bearer-token-file=/nowhere"],
            &[("GITHUB_TOKEN", "t"), ("GITHUB_ORGS", "octo")],
            "--bearer-token-file: /nowhere: No such file",
        ),
    ] {
        let (code, _, errors) = run(exporter(switches, variables));
        assert_eq!(code, Some(64), "{errors}");
        assert!(errors.contains(part), "{errors}");
    }
}
