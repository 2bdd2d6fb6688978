//! What a refresh costs, beside `serde_json` that parses the same lines into the same structs and forgets them.
//!
//! Measured is the first refresh of one organisation: 28 days of everybody, the list of teams of every day, joined.

use std::{fmt::Write, path::Path, time::Duration};

use cpu_time::ThreadTime;
use github_copilot_exporter::{
    github::reports::{EntityDay, Fold},
    model::{memberships::TeamList, people::People},
};
use reqwest::{Client, Url};
use serde_json::Value;

use crate::{
    client::{free_port, is_up, wait_for},
    process::{Company, Running},
    scraped,
    stats::Sample,
};

/// Companies: how many people, how many teams, how many files a report has, how many rounds.
const SIZES: [(&str, &str, &str, usize); 3] =
    [("1000", "10", "1", 9), ("10000", "100", "2", 5), ("100000", "1000", "8", 3)];

/// What is read: everything that comes from reports.
pub const SOURCES: [(&str, &str); 1] = [("EXPORTER_SOURCES", "activity,teams")];

/// So much text is collected before it is parsed.
const PIECE: usize = 8 << 20;

/// A line of the table.
struct Refresh {
    users: &'static str,
    rows: u64,
    bytes: u64,
    /// CPU of the whole process from its start to its first complete picture, in seconds.
    exporter: Sample,
    /// CPU of parsing alone, in seconds.
    parsing: Sample,
    /// CPU of fetching and parsing, in seconds.
    fetching: Sample,
    /// The exporter by parsing alone, and by fetching and parsing, round by round.
    ratios: [Sample; 2],
    /// The most memory that was resident, in MiB.
    peak: Sample,
}

/// What was parsed, how long parsing took, and how long everything.
#[derive(Default)]
struct Parsed {
    rows: u64,
    bytes: u64,
    parsing: Duration,
    fetching: Duration,
}

impl Parsed {
    /// Parses whole lines into the rows that this fold would be given, and forgets them.
    fn lines<F: Fold>(&mut self, text: &[u8]) {
        let begun = ThreadTime::now();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let row: F::Row<'_> = serde_json::from_slice(line).expect("it is as promised");
            std::hint::black_box(row);
            self.rows += 1;
        }
        self.parsing += begun.elapsed();
    }
}

/// The measurements as two tables.
pub fn report(program: &Path) -> String {
    let mut text = String::from(
        "| people | rows | MB | exporter, s CPU | parsing, s CPU | fetching and parsing, s CPU | exporter by parsing (1.25 promised) | by fetching and parsing | peak MiB (96 promised) |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let mut costs = Vec::new();
    for size in SIZES {
        let Refresh { users, rows, bytes, exporter, parsing, fetching, ratios: [parse, fetch], peak } =
            measure(program, size);
        let megabytes = bytes / 1_000_000;
        writeln!(
            text,
            "| {users} | {rows} | {megabytes} | {exporter:.2} | {parsing:.2} | {fetching:.2} | {parse:.2} | {fetch:.2} | {peak:.0} |"
        )
        .expect("memory takes it");
        costs.push(exporter.median());
    }
    let growth: Vec<_> = costs.windows(2).map(|pair| format!("{:.1}", pair[1] / pair[0])).collect();
    writeln!(text, "\nTen times the people cost {} times the CPU (11 promised).\n", growth.join(" and "))
        .expect("memory takes it");
    text + &scraped::report(program)
}

fn measure(program: &Path, (users, teams, shards, rounds): (&'static str, &str, &str, usize)) -> Refresh {
    let (_github, company) = company(program, users, teams, shards);
    let mut lines = Vec::new();
    for round in 0..rounds {
        eprintln!("refresh: {users} people, round {} of {rounds}", round + 1);
        lines.push((exporter(program, &company), bare(&company)));
    }
    let sample =
        |read: fn(f64, &Parsed) -> f64| Sample::of(lines.iter().map(|((cpu, _), parsed)| read(*cpu, parsed)));
    Refresh {
        users,
        rows: lines[0].1.rows,
        bytes: lines[0].1.bytes,
        exporter: sample(|cpu, _| cpu),
        parsing: sample(|_, parsed| parsed.parsing.as_secs_f64()),
        fetching: sample(|_, parsed| parsed.fetching.as_secs_f64()),
        ratios: [
            sample(|cpu, parsed| cpu / parsed.parsing.as_secs_f64()),
            sample(|cpu, parsed| cpu / parsed.fetching.as_secs_f64()),
        ],
        peak: Sample::of(lines.iter().map(|((_, peak), _)| *peak)),
    }
}

/// A simulated GitHub with so many people.
pub fn company(program: &Path, users: &str, teams: &str, shards: &str) -> (Running, Company) {
    let arguments = ["--users", users, "--teams", teams, "--shards", shards, "--rate-limit", "1000000"];
    Running::company(program, &arguments)
}

/// CPU seconds until everything of a fresh exporter is up, and the peak of its memory in MiB.
fn exporter(program: &Path, company: &Company) -> (f64, f64) {
    let port = free_port();
    let running = Running::exporter(program, company, port, &SOURCES);
    wait_for(port, Duration::from_millis(100), |text| is_up(text, "activity") && is_up(text, "teams"));
    (running.cpu().as_secs_f64(), running.peak() as f64 / f64::from(1 << 20))
}

/// Parses every file that a first refresh reads.
fn bare(company: &Company) -> Parsed {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let begun = ThreadTime::now();
    let mut parsed = runtime.block_on(async {
        // GitHub answers nobody who does not say who asks.
        let http = Client::builder().user_agent("bench").build().expect("a client");
        let mut parsed = Parsed::default();
        let month = ask(&http, company, "organization-28-day/latest").await;
        parse::<Vec<EntityDay>>(&http, &month, &mut parsed).await;
        let people = ask(&http, company, "users-28-day/latest").await;
        parse::<People>(&http, &people, &mut parsed).await;
        let [first, last] = ["report_start_day", "report_end_day"].map(|name| {
            people[name].as_str().and_then(|day| day.parse::<chrono::NaiveDate>().ok()).expect("a day")
        });
        for day in first.iter_days().take_while(|day| *day <= last) {
            let teams = ask(&http, company, &format!("user-teams-1-day?day={day}")).await;
            parse::<TeamList>(&http, &teams, &mut parsed).await;
        }
        parsed
    });
    parsed.fetching = begun.elapsed();
    parsed
}

/// The answer about one report.
async fn ask(http: &Client, company: &Company, report: &str) -> Value {
    let url = format!("{}/orgs/{}/copilot/metrics/reports/{report}", company.api, company.orgs[0]);
    let answer = http.get(url).bearer_auth(&company.token).send().await.expect("it answers");
    assert!(answer.status().is_success(), "{report}: {}", answer.status());
    // A day without teams has no body.
    answer.json().await.unwrap_or_default()
}

/// Parses all files of a report, line by line.
async fn parse<F: Fold>(http: &Client, report: &Value, parsed: &mut Parsed) {
    let links = report["download_links"].as_array().map(Vec::as_slice).unwrap_or_default();
    for link in links {
        let link: Url = link.as_str().and_then(|link| link.parse().ok()).expect("a link");
        let mut file = http.get(link).send().await.expect("it answers");
        let mut text = Vec::with_capacity(PIECE + (1 << 20));
        while let Some(bytes) = file.chunk().await.expect("it goes on") {
            parsed.bytes += bytes.len() as u64;
            text.extend_from_slice(&bytes);
            if text.len() > PIECE {
                let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                parsed.lines::<F>(&text[..end]);
                text.drain(..end);
            }
        }
        parsed.lines::<F>(&text);
    }
}
