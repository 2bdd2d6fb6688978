//! The examples of GitHub's reports, from their bytes to the exposition, however they are written down.

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::{Arc, Mutex},
};

use chrono::{Days, NaiveDate};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Map, Value, json};
use url::Position;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use crate::{
    company::{NOON, all_up},
    support::{Exporter, ManualClock, Scrape},
};

const MONTH: &str = include_str!("examples/organization-28-day.ndjson");
const RECORD: &str = include_str!("examples/organization-1-day.ndjson");
const USERS: &str = include_str!("examples/users-1-day.ndjson");
const TEAMS: &str = include_str!("examples/user-teams-1-day.ndjson");
const TEAMS_BEFORE: &str = include_str!("examples/user-teams-the-day-before.ndjson");
/// One `series value` per line, and the sums in comments.
const EXPECTED: &str = include_str!("examples/expected.prom");
/// What there is besides when teams are shown in all detail.
const EXPECTED_TEAMS_ALL: &str = include_str!("examples/expected-teams-all.prom");

const BEFORE: &str = "2026-11-16";
pub const DAY: &str = "2026-11-17";
const AFTER: &str = "2026-11-18";

const REPORTS: &str = "/orgs/example-org/copilot/metrics/reports";

/// The starts of two days.
const START_OF_BEFORE: f64 = 1_794_787_200.0;
const START_OF_AFTER: f64 = 1_794_960_000.0;

/// A file on the download host.
pub struct File {
    bytes: Vec<u8>,
    /// Whether the header says that it is gzip.
    declared: bool,
}

/// Makes the files of a report out of its text, which has one record per line.
pub type Shape = fn(&str) -> Vec<File>;

pub fn plain(text: impl Into<String>) -> Vec<File> {
    vec![File { bytes: text.into().into_bytes(), declared: false }]
}

fn gzip(text: &str, declared: bool) -> Vec<File> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    vec![File { bytes: encoder.finish().unwrap(), declared }]
}

/// Every record a file, and one that is empty.
fn shards(text: &str) -> Vec<File> {
    let mut files: Vec<_> = text.lines().flat_map(|line| plain(format!("{line}\n"))).collect();
    files.insert(1, File { bytes: Vec::new(), declared: false });
    files
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn lines(records: &[Value]) -> Vec<File> {
    plain(records.iter().map(|record| format!("{record}\n")).collect::<String>())
}

/// The records with every object in them changed.
fn changed(text: &str, change: fn(&mut Map<String, Value>)) -> Vec<File> {
    let mut records = records(text);
    records.iter_mut().for_each(|record| every_object(record, change));
    lines(&records)
}

fn every_object(value: &mut Value, change: fn(&mut Map<String, Value>)) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| every_object(element, change)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|field| every_object(field, change));
            change(fields);
        }
        _ => {}
    }
}

fn is_empty_array(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

fn ids_as_strings(fields: &mut Map<String, Value>) {
    for id in ["user_id", "team_id"] {
        if let Some(value) = fields.get_mut(id) {
            *value = json!(value.to_string());
        }
    }
}

fn nulls(fields: &mut Map<String, Value>) {
    fields.values_mut().filter(|value| is_empty_array(value)).for_each(|value| *value = Value::Null);
}

fn without_empty_arrays(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| !is_empty_array(value));
}

/// What GitHub adds without a word, in every object, with brackets where they could confuse.
fn more(fields: &mut Map<String, Value>) {
    for (name, value) in [
        ("etl_id", json!("2026-11-19T04:10:00.000Z/{[\"")),
        ("day_partition", json!("2026-11-17")),
        ("entity_id_partition", json!(42)),
        ("zz_new", json!({"day": "none", "user_id": {"of": [1, [2, {}]]}, "totals_by_feature": 7})),
    ] {
        fields.insert(name.into(), value);
    }
}

/// The other way round: the days, the rows, and every list in them.
fn reversed(text: &str) -> Vec<File> {
    fn reverse(value: &mut Value) {
        match value {
            Value::Array(elements) => {
                elements.reverse();
                elements.iter_mut().for_each(reverse);
            }
            Value::Object(fields) => fields.values_mut().for_each(reverse),
            _ => {}
        }
    }
    let mut records = Value::Array(records(text));
    reverse(&mut records);
    lines(records.as_array().unwrap())
}

const SHAPES: [(&str, Shape); 17] = [
    ("as GitHub promises", |text| plain(text)),
    ("a byte-order mark", |text| plain(format!("\u{feff}{text}"))),
    ("lines ended as on Windows", |text| plain(text.replace('\n', "\r\n"))),
    ("blank lines", |text| plain(format!("\n{}\n\r\n", text.replace('\n', "\n\n \t\n")))),
    ("no last newline", |text| plain(text.trim_end())),
    ("one array", |text| plain(Value::Array(records(text)).to_string())),
    ("one array over many lines", |text| plain(format!("{:#}\n", Value::Array(records(text))))),
    ("printed over many lines", |text| {
        plain(records(text).iter().map(|record| format!("{record:#}\n")).collect::<String>())
    }),
    ("gzip", |text| gzip(text, true)),
    ("gzip that no header mentions", |text| gzip(text, false)),
    ("several files, one of them empty", shards),
    ("ids as strings", |text| changed(text, ids_as_strings)),
    ("null for nothing", |text| changed(text, nulls)),
    ("nothing for nothing", |text| changed(text, without_empty_arrays)),
    ("unknown fields", |text| changed(text, more)),
    ("the other way round", reversed),
    ("the span on every row", |text| {
        changed(text, |fields| {
            fields.insert("report_start_day".into(), json!("2026-10-21"));
            fields.insert("report_end_day".into(), json!(DAY));
        })
    }),
];

/// The same of another day.
fn on(day: &str, text: &str) -> String {
    text.replace(DAY, day)
}

/// A GitHub whose answers can be changed while it is asked.
pub struct Github {
    server: MockServer,
    answers: Arc<Mutex<Answers>>,
}

#[derive(Default)]
struct Answers {
    /// The envelopes by report, and the files by path.
    published: BTreeMap<String, ResponseTemplate>,
    /// What is answered instead of an envelope.
    withheld: BTreeMap<String, ResponseTemplate>,
}

struct Responder(Arc<Mutex<Answers>>);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let answers = self.0.lock().unwrap();
        let path = request.url.path();
        let Some(report) = request.url[Position::BeforePath..].strip_prefix(REPORTS) else {
            return answers.published.get(path).cloned().unwrap_or_else(|| ResponseTemplate::new(404));
        };
        let answer = answers.withheld.get(report).or_else(|| answers.published.get(report));
        answer.cloned().unwrap_or_else(|| ResponseTemplate::new(204))
    }
}

impl Github {
    /// It has the reports of the examples about two days, written down like this, and none about other days.
    pub async fn start(shape: Shape) -> Self {
        let answers = Arc::default();
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(Responder(Arc::clone(&answers))).mount(&server).await;
        let github = Self { server, answers };
        for (report, text) in [
            ("/organization-28-day/latest", MONTH),
            ("/users-28-day/latest", &(on(BEFORE, USERS) + USERS)),
            ("/organization-1-day?day=2026-11-17", RECORD),
            ("/users-1-day?day=2026-11-16", &on(BEFORE, USERS)),
            ("/users-1-day?day=2026-11-17", USERS),
            ("/user-teams-1-day?day=2026-11-16", TEAMS_BEFORE),
            ("/user-teams-1-day?day=2026-11-17", TEAMS),
        ] {
            github.publish(report, DAY, shape(text));
        }
        github
    }

    /// Puts a report up, or another one in its place; the newest day it is about is `last`.
    pub fn publish(&self, report: &str, last: &str, files: Vec<File>) {
        let mut answers = self.answers.lock().unwrap();
        let mut links = Vec::new();
        for (index, File { bytes, declared }) in files.into_iter().enumerate() {
            let mut answer = ResponseTemplate::new(200).set_body_raw(bytes, "application/octet-stream");
            if declared {
                answer = answer.insert_header("content-encoding", "gzip");
            }
            let name = format!("/files{}/{last}/part-{index:05}.json", report.replace(['?', '='], "-"));
            links.push(format!("{}{name}?sig=x", self.server.uri()));
            answers.published.insert(name, answer);
        }
        let envelope = match report.split_once("?day=") {
            Some((_, day)) => json!({"download_links": links, "report_day": day}),
            None => {
                let first = last.parse::<NaiveDate>().unwrap() - Days::new(27);
                json!({"download_links": links, "report_start_day": first, "report_end_day": last})
            }
        };
        answers.published.insert(report.to_owned(), ResponseTemplate::new(200).set_body_json(envelope));
    }

    /// Answers like this in place of a report until everything is released.
    fn withhold(&self, report: &str, answer: ResponseTemplate) {
        self.answers.lock().unwrap().withheld.insert(report.to_owned(), answer);
    }

    fn release(&self) {
        self.answers.lock().unwrap().withheld.clear();
    }

    /// What was asked for, without files.
    async fn asked(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        let targets = requests.iter().map(|request| &request.url[Position::BeforePath..]);
        let asked = targets.filter(|target| !target.starts_with("/files/"));
        asked.map(|target| target.replace(REPORTS, "")).collect()
    }
}

async fn watch(github: &Github, now: &str) -> Exporter {
    watch_with(github, now, &[]).await
}

/// The same with more variables.
pub async fn watch_with(github: &Github, now: &str, more: &[(&str, &str)]) -> Exporter {
    let own = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "example-org"), ("GITHUB_COPILOT_API", "reports")];
    Exporter::start(&github.server.uri(), &ManualClock::starting(now), &[&own, more].concat()).await
}

fn expected() -> BTreeMap<String, f64> {
    Scrape::read(EXPECTED.to_owned()).samples
}

/// The series of both files, none of which is in both.
fn expected_with_all_of_teams() -> BTreeMap<String, f64> {
    Scrape::read([EXPECTED, EXPECTED_TEAMS_ALL].concat()).samples
}

/// Compares all series, in both directions.
fn compare(scrape: &Scrape, what: &str) {
    compare_with(&expected(), scrape, what);
}

fn compare_with(expected: &BTreeMap<String, f64>, scrape: &Scrape, what: &str) {
    let shown = Scrape::read(scrape.data()).samples;
    for (series, number) in expected {
        assert_eq!(shown.get(series), Some(number), "{what}: {series}");
    }
    for (series, number) in &shown {
        assert!(expected.contains_key(series), "{what}: nothing in the examples says {series} {number}");
    }
}

#[tokio::test]
async fn the_examples_give_what_one_would_write_by_hand() {
    let github = Github::start(|text| plain(text)).await;
    let exporter = watch(&github, NOON).await;
    let scrape = exporter.until_by(0, "both sources up", |scrape| all_up(scrape, 1)).await;
    compare(&scrape, "as they are");
    assert_eq!(scrape.get("github_copilot_exporter_series"), Some(expected().len() as f64));
    assert_eq!(failures(&scrape), 0.0);
    let mut asked = github.asked().await;
    asked.sort_unstable();
    let once = [
        "/organization-28-day/latest",
        "/user-teams-1-day?day=2026-11-16",
        "/user-teams-1-day?day=2026-11-17",
        "/users-28-day/latest",
    ];
    assert_eq!(asked, once, "two days are listed, so two days of teams are asked for, and no team list");
    exporter.stop().await;
}

#[tokio::test]
async fn with_all_detail_the_examples_give_what_one_would_write_by_hand_of_teams() {
    let expected = expected_with_all_of_teams();
    for (what, shape) in SHAPES {
        let github = Github::start(shape).await;
        let exporter = watch_with(&github, NOON, &[("EXPORTER_TEAM_DETAIL", "all")]).await;
        let scrape = exporter.until_by(0, what, |scrape| all_up(scrape, 1)).await;
        compare_with(&expected, &scrape, what);
        assert_eq!(scrape.get("github_copilot_exporter_series"), Some(expected.len() as f64), "{what}");
        exporter.stop().await;
    }
}

#[tokio::test]
async fn however_files_are_written_they_say_the_same() {
    for (what, shape) in SHAPES {
        let github = Github::start(shape).await;
        let exporter = watch(&github, NOON).await;
        let scrape = exporter.until_by(0, what, |scrape| all_up(scrape, 1)).await;
        compare(&scrape, what);
        exporter.stop().await;
    }
}

type Answer = fn() -> ResponseTemplate;

/// The ways to say that a report is not there yet; those from the fourth on are failures of a report of 28 days.
const NOT_READY: [(&str, Answer); 6] = [
    ("204", || ResponseTemplate::new(204)),
    ("no links", || ResponseTemplate::new(200).set_body_json(json!({"download_links": []}))),
    ("a sentence", || ResponseTemplate::new(200).set_body_json("The report is not ready.")),
    ("404", || ResponseTemplate::new(404).set_body_json(json!({"message": "Not Found", "status": "404"}))),
    ("502", || ResponseTemplate::new(502).set_body_string("<html>Bad Gateway</html>")),
    ("503", || ResponseTemplate::new(503)),
];

fn state(scrape: &Scrape, of: &str, source: &str) -> f64 {
    let family = format!("github_copilot_exporter_source_{of}");
    scrape.sum(&family, &[&format!(r#"source="{source}""#)])
}

fn failures(scrape: &Scrape) -> f64 {
    scrape.sum("github_copilot_exporter_source_failures_total", &[])
}

fn start(scrape: &Scrape, team: &str) -> Option<f64> {
    let scope = format!(r#"enterprise="",org="example-org",team="{team}""#);
    scrape.get(&format!("github_copilot_day_timestamp_seconds{{{scope}}}"))
}

#[tokio::test]
async fn a_month_that_is_not_ready_is_waited_for() {
    for report in ["/organization-28-day/latest", "/users-28-day/latest"] {
        for (how, answer) in &NOT_READY[..3] {
            let what = format!("{report}: {how}");
            let github = Github::start(|text| plain(text)).await;
            github.withhold(report, answer());
            let exporter = watch(&github, NOON).await;
            let waits = |scrape: &Scrape| state(scrape, "waiting", "activity") == 1.0;
            let scrape = exporter.until_by(0, &what, waits).await;
            assert_eq!((state(&scrape, "up", "activity"), failures(&scrape)), (1.0, 0.0), "{what}");
            if report.starts_with("/organization") {
                assert_eq!(scrape.data(), "", "{what}");
            }
            github.release();
            exporter.clock.advance(3600);
            let whole = |scrape: &Scrape| {
                scrape.get("github_copilot_exporter_series") == Some(expected().len() as f64)
            };
            let scrape = exporter.until(&what, whole).await;
            compare(&scrape, &what);
            exporter.stop().await;
        }
    }
}

#[tokio::test]
async fn a_day_of_teams_that_is_not_ready_is_waited_for_and_the_day_before_stays() {
    for (how, answer) in NOT_READY {
        let github = Github::start(|text| plain(text)).await;
        github.withhold("/user-teams-1-day?day=2026-11-17", answer());
        let exporter = watch(&github, NOON).await;
        let scrape = exporter.until(how, |scrape| state(scrape, "waiting", "teams") == 1.0).await;
        let up = ["activity", "teams"].map(|source| state(&scrape, "up", source));
        assert_eq!((up, failures(&scrape)), ([1.0; 2], 0.0), "{how}");
        assert_eq!(state(&scrape, "waiting", "activity"), 0.0, "{how}");
        let of_owner = expected().into_iter().filter(|(series, _)| {
            // Who is in no team is not known without the teams.
            series.contains(r#"team="""#) && !series.contains("unlisted")
        });
        for (series, number) in of_owner {
            assert_eq!(scrape.get(&series), Some(number), "{how}: {series}");
        }
        for team in ["platform", "payments"] {
            assert_eq!(start(&scrape, team), Some(START_OF_BEFORE), "{how}: {team}");
        }
        assert_eq!(scrape.sum("github_copilot_total_suggestions", &[r#"team="payments""#]), 10.0, "{how}");
        assert_eq!(scrape.of("github_copilot_unlisted_team_active_users", &[]).count(), 0, "{how}");
        github.release();
        exporter.clock.advance(3600);
        let next = |scrape: &Scrape| start(scrape, "payments") == start(scrape, "");
        let scrape = exporter.until(how, next).await;
        compare(&scrape, how);
        exporter.stop().await;
    }
}

#[tokio::test]
async fn a_new_day_whose_people_are_not_ready_is_waited_for() {
    for (how, answer) in NOT_READY {
        let github = Github::start(|text| plain(text)).await;
        let exporter = watch(&github, NOON).await;
        exporter.until_by(0, how, |scrape| all_up(scrape, 1)).await;
        // Of the day between nothing has changed.
        let month = MONTH.replace(DAY, AFTER).replace(BEFORE, DAY);
        github.publish("/organization-28-day/latest", AFTER, plain(month));
        let people = [("/users-1-day?day=2026-11-18", USERS), ("/user-teams-1-day?day=2026-11-18", TEAMS)];
        for (report, _) in people {
            github.withhold(report, answer());
        }
        exporter.clock.advance(3600);
        let waits = |scrape: &Scrape| {
            ["activity", "teams"].iter().all(|source| state(scrape, "waiting", source) == 1.0)
        };
        let scrape = exporter.until(how, waits).await;
        assert!(all_up(&scrape, 1), "{how}");
        assert_eq!(failures(&scrape), 0.0, "{how}");
        assert!(start(&scrape, "platform").is_some(), "{how}: what was good stays");
        github.release();
        for (report, text) in people {
            github.publish(report, AFTER, plain(on(AFTER, text)));
        }
        exporter.clock.advance(3600);
        let next = |scrape: &Scrape| {
            ["", "platform", "payments"].iter().all(|team| start(scrape, team) == Some(START_OF_AFTER))
        };
        let scrape = exporter.until(how, next).await;
        let weekly = |team: &str| scrape.sum("github_copilot_weekly_active_users", &[team]);
        assert_eq!(weekly(r#"team="payments""#), 2.0, "{how}: hubot on the 16th, mona since");
        exporter.stop().await;
    }
}

#[tokio::test]
async fn the_day_after_a_month_that_lags_is_asked_for_and_may_be_late_as_well() {
    for (how, answer) in NOT_READY {
        let github = Github::start(|text| plain(text)).await;
        github.withhold("/organization-1-day?day=2026-11-18", answer());
        // The newest day of the month is four days ago.
        let exporter = watch(&github, "2026-11-21T12:00:00Z").await;
        let scrape = exporter.until(how, |scrape| all_up(scrape, 1)).await;
        compare(&scrape, how);
        assert_eq!(failures(&scrape), 0.0, "{how}");
        github.release();
        for (report, text) in [
            ("/organization-1-day?day=2026-11-18", RECORD),
            ("/users-1-day?day=2026-11-18", USERS),
            ("/user-teams-1-day?day=2026-11-18", TEAMS),
        ] {
            github.publish(report, AFTER, plain(on(AFTER, text)));
        }
        exporter.clock.advance(3600);
        let next = |scrape: &Scrape| {
            ["", "platform", "payments"].iter().all(|team| start(scrape, team) == Some(START_OF_AFTER))
        };
        exporter.until(how, next).await;
        exporter.stop().await;
    }
}
