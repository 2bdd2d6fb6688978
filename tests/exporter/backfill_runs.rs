//! What a backfill does when something goes wrong, and what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use chrono::{DateTime, SecondsFormat, TimeDelta};

use github_copilot_exporter::{
    backfill::{End, Error, Summary},
    simulator::{Fault, Options, Simulator},
};

use crate::{
    company::NOON,
    history::{self, backfill, files},
    people::live,
    program::{Running, exporter, run},
    remote_write::{self, address, answering, requests, status},
    support::{LeapingClock, Patience},
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

fn seconds(moment: &str) -> i64 {
    moment.parse::<DateTime<chrono::Utc>>().unwrap().timestamp()
}

/// The switches of three months, two of them whole, up to the noon at which the company stands still.
fn switches(directory: &Path) -> [String; 3] {
    ["--from=2026-08-25".into(), format!("--until={NOON}"), format!("--output={}", directory.display())]
}

/// Writes three months of a small company with faults, in this process.
async fn write(specs: &[&str], more: &[(&str, &str)]) -> (Result<Summary, Error>, Written) {
    write_from("2026-08-25", specs, more).await
}

/// The same from another day on.
async fn write_from(from: &str, specs: &[&str], more: &[(&str, &str)]) -> (Result<Summary, Error>, Written) {
    let simulator = Simulator::start(Options { faults: faults(specs), ..small() }).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let clock = LeapingClock::starting(NOON);
    let own = variables(&simulator);
    let all = [borrowed(&own), more.to_vec()].concat();
    let [_, until, output] = switches(directory.path());
    let summary = backfill(&clock, &all, &[&format!("--from={from}"), &until, &output]).await;
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

    /// When any team has a sample of this name.
    fn moments_of_teams(&self, name: &str) -> BTreeSet<i64> {
        let (history, name) = (history::read(self.directory.path()), format!("github_copilot_{name}{{"));
        let teams = history.into_iter().filter(|(series, _)| {
            series.starts_with(&name) && series.contains("org=") && series.contains("team=")
        });
        teams.flat_map(|(_, samples)| samples).map(|(moment, _)| moment).collect()
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
    let text = summary.to_string();
    assert!(text.contains("\n  days: GitHub has none of 2026-09-15 (1)\n"), "{text}");
    assert!(text.contains(": 84 days read, from 2026-08-25 to 2026-11-17 by reports"), "{text}");
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
    assert!(summary.failure().unwrap().contains("run it again"));
    let text = summary.to_string();
    assert!(text.contains("\n  days: not readable of 2026-09-15 (1)\n  decode: GET "), "{text}");
    assert_eq!(written.waits, [1, 2, 4, 8, 16]);
    assert_eq!(written.asked("organization-1-day?day=2026-09-15"), 6);
    assert!(!written.of("total_suggestions").is_empty());
}

#[tokio::test]
async fn of_a_day_that_cannot_be_read_nobody_knows_who_was_active() {
    let (summary, written) = write(&["path=*/organization-1-day?day=2026-09-15,html"], &[]).await;
    assert!(!summary.unwrap().is_whole());
    let weeks = written.moments_of_teams("weekly_active_users");
    let at = |day: &str| seconds(&format!("{day}T06:00:00Z"));
    // The weeks from that of 2026-09-16 to that of 2026-09-21 have it in them.
    assert_eq!(weeks.range(at("2026-09-19")..at("2026-09-25")).count(), 0);
    assert!(weeks.contains(&at("2026-09-18")) && weeks.contains(&at("2026-09-25")));
}

#[tokio::test]
async fn a_refusal_of_a_day_that_may_be_gone_says_nothing_of_the_others() {
    for report in ["organization", "users", "user-teams"] {
        let refused = format!("path=*/{report}-1-day?day=2025-11-20,status=422");
        let (summary, written) = write_from("2025-11-20", &[&refused], &[]).await;
        let text = summary.unwrap().to_string();
        assert!(text.contains("GitHub has none of 2025-11-20 (1)") && !text.contains("refused:"), "{text}");
        for asked in ["users", "user-teams"] {
            assert_eq!(written.asked(&format!("{asked}-1-day?day=2025-11-21")), 1, "{report}");
        }
    }
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
async fn a_file_without_the_people_whom_the_day_counts_is_a_gap_and_makes_no_zeros() {
    let (summary, written) = write(&["path=/files/*/users-1-day/2026-09-15/*,empty"], &[]).await;
    let text = summary.unwrap().to_string();
    assert!(text.contains("\n  people: GitHub has none of 2026-09-15 (1)\n"), "{text}");
    // A team shows the day before while its own is not known, at most.
    let teams = written.moments_of_teams("total_active_users");
    assert!(!teams.is_empty());
    let history = history::read(written.directory.path());
    let told =
        history.keys().filter(|series| series.contains(r#"day="2026-09-15""#) && series.contains("team="));
    assert_eq!(told.count(), 0);
}

#[tokio::test]
async fn series_by_day_are_left_out_where_none_are_shown() {
    let (summary, written) = write(&[], &[("EXPORTER_HISTORY_DAYS", "0")]).await;
    summary.unwrap();
    let history = history::read(written.directory.path());
    assert!(!history.is_empty() && history.keys().all(|series| !series.contains("_daily_")));
}

#[tokio::test]
async fn a_recent_day_on_which_github_fails_is_one_that_is_not_there_yet() {
    let (summary, written) = write(&["path=*/organization-1-day?day=2026-11-17,status=500"], &[]).await;
    let summary = summary.unwrap();
    assert!(summary.is_whole());
    assert!(summary.to_string().contains("\n  days: GitHub has none of 2026-11-17 (1)\n"), "{summary}");
    assert_eq!(written.waits, [1, 2, 4, 8, 16]);
}

#[tokio::test]
async fn limits_are_waited_for_however_often_they_are_met() {
    let limited = "path=*/organization-1-day?day=2026-09-15,first=7,status=429,retry-after=3600";
    let (summary, written) = write(&[limited], &[]).await;
    assert!(summary.unwrap().is_whole());
    assert_eq!(written.waits, [3600; 7]);
}

#[tokio::test]
async fn a_day_that_has_settled_comes_up_at_midnight() {
    let (summary, written) = write(&[], &[("EXPORTER_SETTLE_DAYS", "5")]).await;
    summary.unwrap();
    let shown = written.of("day_timestamp_seconds");
    for (moment, day) in [("2026-10-09T23:00:00Z", "2026-10-03"), ("2026-10-10T00:00:00Z", "2026-10-04")] {
        let (moment, day) = (seconds(moment), seconds(&format!("{day}T00:00:00Z")));
        assert!(shown.contains(&(moment, day as f64)), "{moment}");
    }
}

#[tokio::test]
async fn a_day_that_is_published_in_the_first_moment_of_a_month_is_of_that_month() {
    let simulator = Simulator::start(small()).await.unwrap();
    let (own, directory) = (variables(&simulator), tempfile::tempdir().unwrap());
    let switches = switches(directory.path());
    let switches = [&switches.each_ref().map(String::as_str)[..], &["--lag=48h"]].concat();
    backfill(&LeapingClock::starting(NOON), &borrowed(&own), &switches).await.unwrap();
    let october = &files(directory.path())["github-copilot-2026-10.om"];
    let moments: BTreeSet<i64> = october
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(moments.first(), Some(&seconds("2026-10-01T00:00:00Z")));
    assert_eq!(moments.last(), Some(&seconds("2026-10-31T23:00:00Z")));
    // That of 2026-09-28, and no other, is published then.
    assert!(october.contains(r#"day="2026-09-28",org="octo-retail"} "#), "{}", &october[..2000]);
}

/// Everything that a receiver is sent from a day on, by labels and seconds, and what is said of it.
async fn sent(simulator: &Simulator, from: &str, specs: &[&str]) -> (Summary, Received) {
    simulator.set_faults(faults(specs));
    let server = answering([status(204)]).await;
    let own = variables(simulator);
    let switches =
        [format!("--from={from}"), format!("--until={NOON}"), format!("--remote-write={}", address(&server))];
    let switches = switches.each_ref().map(String::as_str);
    let summary = backfill(&LeapingClock::starting(NOON), &borrowed(&own), &switches).await.unwrap();
    let mut received = Received::new();
    for (labels, samples) in requests(&server).await.iter().flat_map(remote_write::read) {
        received.entry(labels).or_default().extend(samples);
    }
    (summary, received)
}

type Received = BTreeMap<BTreeMap<String, String>, BTreeMap<i64, f64>>;

#[tokio::test]
async fn a_run_that_ends_while_it_sends_says_how_to_go_on_so_that_nothing_is_missing() {
    let simulator = Simulator::start(small()).await.unwrap();
    let (whole, expected) = sent(&simulator, "2026-08-25", &[]).await;
    assert!(whole.is_whole() && !expected.is_empty());
    let down = ["path=*/organization-1-day?day=2026-10-15,status=500"];
    let (ended, mut received) = sent(&simulator, "2026-08-25", &down).await;
    let text = ended.to_string();
    assert!(text.ends_with("To go on behind what was sent, run it again with --from 2026-09-27."), "{text}");
    let (rest, more) = sent(&simulator, "2026-09-27", &[]).await;
    assert!(rest.is_whole());
    for (labels, samples) in more {
        received.entry(labels).or_default().extend(samples);
    }
    assert!(received == expected);
}

#[tokio::test]
async fn where_nothing_was_written_to_files_none_is_to_be_removed() {
    let simulator = Simulator::start(small()).await.unwrap();
    let (summary, _) = sent(&simulator, "2026-10-25", &["path=*/users-1-day?day=2026-11-02,html"]).await;
    let failure = summary.failure().unwrap();
    assert_eq!(failure, "Some days could not be read. To try them again, run it again.");
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
    assert!(!summary.is_whole());
    assert_eq!(
        summary.failure().unwrap(),
        "Something is refused, and missing in the history. Once it may be read, write it into another directory."
    );
    let text = summary.to_string();
    assert_eq!(text.matches("\n  refused: forbidden: GET ").count(), 1, "{text}");
    assert_eq!(written.asked("users-1-day?"), 1);
    assert!(!written.of("total_suggestions").is_empty());
    assert!(written.of("total_active_chat_users").is_empty(), "only people's own records tell");
}

#[tokio::test]
async fn teams_that_are_missing_on_a_day_are_a_gap_of_that_day() {
    let (summary, written) = write(&["path=*/user-teams-1-day?day=2026-09-15,not-ready=204"], &[]).await;
    let text = summary.unwrap().to_string();
    assert!(text.contains("\n  teams: GitHub has none of 2026-09-15 (1)\n"), "{text}");
    // The weeks from that of 2026-09-16 to that of 2026-09-21 have it in them.
    let weeks = written.moments_of_teams("weekly_active_users");
    let (first, next) = (seconds("2026-09-19T06:00:00Z"), seconds("2026-09-25T06:00:00Z"));
    assert_eq!((weeks.range(first..next).count(), weeks.contains(&next)), (0, true));
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
    // A month in the middle is torn: it and some weeks before it are read, and no other.
    let torn = directory.path().join("github-copilot-2026-09.om");
    fs::write(&torn, &whole["github-copilot-2026-09.om"][..1000]).unwrap();
    let (third, some) = again().await;
    assert!(0 < some && some < all * 2 / 3, "{some} of {all}");
    assert_eq!(files(directory.path()), whole);
    assert!(third.to_string().contains("months: 1 written, 3 were there already"), "{third}");
}

#[tokio::test]
async fn a_month_that_is_written_anew_is_the_same_where_a_weekend_is_left_out_before_it() {
    let simulator = Simulator::start(Options { quiet_weekends: true, ..small() }).await.unwrap();
    let (own, directory) = (variables(&simulator), tempfile::tempdir().unwrap());
    let switches = switches(directory.path());
    let switches = switches.each_ref().map(String::as_str);
    let clock = LeapingClock::starting(NOON);
    backfill(&clock, &borrowed(&own), &switches).await.unwrap();
    let whole = files(directory.path());
    // October begins while Friday is shown: of Sunday, which would have been published, there is nothing.
    fs::remove_file(directory.path().join("github-copilot-2026-10.om")).unwrap();
    backfill(&clock, &borrowed(&own), &switches).await.unwrap();
    assert_eq!(files(directory.path()), whole);
}

#[tokio::test]
async fn a_month_of_which_something_could_not_be_read_is_written_anew_by_the_next_run() {
    let simulator = Simulator::start(small()).await.unwrap();
    let (own, directory) = (variables(&simulator), tempfile::tempdir().unwrap());
    let switches = switches(directory.path());
    let switches = switches.each_ref().map(String::as_str);
    simulator.set_faults(faults(&["path=*/users-1-day?day=2026-09-15,html"]));
    let first = backfill(&LeapingClock::starting(NOON), &borrowed(&own), &switches).await.unwrap();
    assert!(!first.is_whole());
    let again = async || {
        simulator.set_faults(Vec::new());
        backfill(&LeapingClock::starting(NOON), &borrowed(&own), &switches).await.unwrap().to_string()
    };
    assert!(again().await.contains("months: 1 written, 3 were there already"));
    assert!(again().await.contains("months: 0 written, 4 were there already"));
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

#[tokio::test]
async fn whatever_makes_another_history_of_it_is_a_setting_of_a_directory() {
    let simulator = Simulator::start(Options { orgs: 2, ..small() }).await.unwrap();
    let (own, directory) = (variables(&simulator), tempfile::tempdir().unwrap());
    let [_, until, output] = switches(directory.path());
    let owner = format!("--owner={}", simulator.announcement().orgs[0].to_uppercase());
    let run = async |variable: Option<(&str, &str)>, switch: Option<&str>, owner: Option<&str>| {
        let variables = borrowed(&own).into_iter().chain(variable).collect::<Vec<_>>();
        let always = ["--from=2026-11-10", &*until, &*output];
        let switches = always.into_iter().chain(switch).chain(owner).collect::<Vec<_>>();
        backfill(&LeapingClock::starting(NOON), &variables, &switches).await
    };
    assert_eq!(run(None, None, Some(&owner)).await.unwrap().owners.len(), 1);
    for (name, value) in [
        ("EXPORTER_SETTLE_DAYS", "1"),
        ("EXPORTER_TEAM_DETAIL", "totals"),
        ("EXPORTER_HISTORY_DAYS", "0"),
        ("EXPORTER_MAX_LABEL_VALUES", "3"),
        ("EXPORTER_SOURCES", "teams"),
        ("GITHUB_COPILOT_API", "reports"),
        ("GITHUB_TEAMS", "none"),
    ] {
        let error = run(Some((name, value)), None, Some(&owner)).await.unwrap_err().to_string();
        assert!(error.contains(&format!("other settings: {name} was ")), "{error}");
    }
    for switch in ["--lag=1h", "--step=6h", "--breakdown", "--label=job=x"] {
        let error = run(None, Some(switch), Some(&owner)).await.unwrap_err().to_string();
        let name = switch.split('=').next().unwrap();
        assert!(error.contains(&format!("other settings: {name} was ")), "{error}");
    }
    let error = run(None, None, None).await.unwrap_err().to_string();
    assert!(error.contains("other settings: owners was "), "{error}");
}

/// A program that writes three months of a GitHub that stands still at one of the last days.
struct Stuck {
    simulator: Simulator,
    variables: Vec<(&'static str, String)>,
    switches: [String; 3],
}

impl Stuck {
    /// A run that has finished two months.
    async fn start() -> (Self, Running, tempfile::TempDir) {
        let (stuck, directory) = Self::since(90).await;
        let running = Running::start(stuck.command(&stuck.switches));
        running.line_with(" samples in ");
        let told = running.line_with(" samples in ");
        assert!(told.ends_with(" days asked)"), "{told}");
        (stuck, running, directory)
    }

    /// A run that begins so many days ago, and is not started yet.
    async fn since(days: i64) -> (Self, tempfile::TempDir) {
        // Days of the program's own time: it does not ask for what is older than a year.
        let simulator = Simulator::start(Options { now: None, ..small() }).await.unwrap();
        let (now, directory) = (simulator.now(), tempfile::tempdir().unwrap());
        let ago = |days: i64| (now - TimeDelta::days(days)).date_naive();
        simulator.set_faults(faults(&[&format!("path=*/organization-1-day?day={},hang", ago(4))]));
        let until = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        let switches = [
            format!("--from={}", ago(days)),
            format!("--until={until}"),
            format!("--output={}", directory.path().display()),
        ];
        (Self { variables: variables(&simulator), simulator, switches }, directory)
    }

    /// The most memory a run has taken when it stands still.
    async fn peak(days: i64) -> u64 {
        let (stuck, _directory) = Self::since(days).await;
        let running = Running::start(stuck.command(&stuck.switches));
        let (patience, last) = (Patience::new(), (stuck.simulator.now() - TimeDelta::days(4)).date_naive());
        let asked =
            || {
                stuck.simulator.requests().iter().any(|request| {
                    request.query.as_ref().is_some_and(|query| *query == format!("day={last}"))
                })
            };
        while !asked() {
            patience.check("the last day is asked for");
            tokio::task::yield_now().await;
        }
        running.memory_kib("VmHWM")
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

#[tokio::test(flavor = "multi_thread")]
async fn memory_does_not_grow_with_the_number_of_months() {
    let (few, many) = (Stuck::peak(60).await, Stuck::peak(340).await);
    assert!(many < few + 4 * 1024, "{few} KiB for two months, {many} for eleven");
}

#[test]
fn switches_and_variables_that_are_not_usable_end_with_64() {
    let from = "--from=2026-11-01";
    for (switches, variables, part) in [
        (&["backfill", "--output=x"][..], &[][..], "--from"),
        (&["backfill", from], &[], "--output"),
        (&["backfill", "--from=yesterday", "--output=x"], &[], "a day is written 2026-11-01"),
        (&["backfill", from, "--to=1.11.2026", "--output=x"], &[], "a day is written 2026-11-01"),
        (&["backfill", from, "--until=now", "--output=x"], &[], "an instant is written 2026-11-01T12:00:00Z"),
        (
            &["backfill", from, "--output=x"],
            &[],
            "GITHUB_TOKEN or GITHUB_TOKEN_FILE or GITHUB_APP_ID must be set",
        ),
        (
            &["backfill", from, "--output=x", "--owner=nobody"],
            &[("GITHUB_TOKEN", "t"), ("GITHUB_ORGS", "octo")],
            "--owner nobody is neither in GITHUB_ORGS nor GITHUB_ENTERPRISE",
        ),
        (
            &["backfill", from, "--remote-write=ftp://receiver"],
            &[("GITHUB_TOKEN", "t"), ("GITHUB_ORGS", "octo")],
            "--remote-write: must be an http or https address",
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
