//! What a refresh costs, beside `serde_json` that parses the same lines into the same structs and forgets them.
//!
//! Measured is the first refresh of one organisation: 28 days of everybody, the list of teams of every day, joined.

use std::{path::Path, time::Duration};

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
    stats::Sample,
};

/// Companies: how many people, how many teams, how many files a report has, how many rounds.
const SIZES: [(&str, &str, &str, usize); 3] =
    [("1000", "10", "1", 9), ("10000", "100", "2", 5), ("100000", "1000", "8", 3)];

/// So much text is collected before it is parsed.
const PIECE: usize = 8 << 20;

/// A line of the table.
pub struct Refresh {
    pub users: &'static str,
    pub rows: u64,
    pub bytes: u64,
    /// CPU of the whole process from its start to its first complete picture, in seconds.
    pub exporter: Sample,
    /// CPU of parsing alone, in seconds.
    pub bare: Sample,
    /// The one by the other, round by round.
    pub ratio: Sample,
    /// The most memory that was resident, in MiB.
    pub peak: Sample,
}

/// What was parsed, and for how long.
#[derive(Default)]
struct Parsed {
    rows: u64,
    bytes: u64,
    cpu: Duration,
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
        self.cpu += begun.elapsed();
    }
}

pub fn run(program: &Path) -> Vec<Refresh> {
    SIZES.into_iter().map(|size| measure(program, size)).collect()
}

fn measure(program: &Path, (users, teams, shards, rounds): (&'static str, &str, &str, usize)) -> Refresh {
    let arguments = ["--users", users, "--teams", teams, "--shards", shards, "--rate-limit", "1000000"];
    let (_github, company) = Running::company(program, &arguments);
    let mut lines = Vec::new();
    for round in 0..rounds {
        eprintln!("refresh: {users} users, round {} of {rounds}", round + 1);
        lines.push((exporter(program, &company), bare(&company)));
    }
    let parsed = &lines[0].1;
    Refresh {
        users,
        rows: parsed.rows,
        bytes: parsed.bytes,
        exporter: Sample::of(lines.iter().map(|((cpu, _), _)| *cpu)),
        bare: Sample::of(lines.iter().map(|(_, parsed)| parsed.cpu.as_secs_f64())),
        ratio: Sample::of(lines.iter().map(|((cpu, _), parsed)| cpu / parsed.cpu.as_secs_f64())),
        peak: Sample::of(lines.iter().map(|((_, peak), _)| *peak)),
    }
}

/// CPU seconds until everything of a fresh exporter is up, and the peak of its memory in MiB.
fn exporter(program: &Path, company: &Company) -> (f64, f64) {
    let port = free_port();
    let variables = [("EXPORTER_SOURCES", "activity,teams"), ("GITHUB_TIMEOUT", "60s")];
    let running = Running::exporter(program, company, port, &variables);
    wait_for(port, Duration::from_millis(50), |text| is_up(text, "activity") && is_up(text, "teams"));
    (running.cpu().as_secs_f64(), running.peak() as f64 / f64::from(1 << 20))
}

/// Parses every file that a first refresh reads.
fn bare(company: &Company) -> Parsed {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
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
    })
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
