//! The pure parts of the straight line, each by itself: cutting, parsing, adding up, rendering.
//!
//! `cargo bench --bench pure`, with a name to run only those of it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a program that measures")]

use std::{hint::black_box, sync::Arc};

use chrono::NaiveDate;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use github_copilot_exporter::{
    github::{
        records::Records,
        reports::{Fold, UserDay},
    },
    model::{
        memberships::{Memberships, TeamList},
        people::{Days, People},
    },
    simulator::{Options, Simulator},
};
use reqwest::Client;
use serde_json::Value;

/// The day of which reports are read.
const DAY: &str = "2026-11-17";

/// What the simulated GitHub has of one day.
struct Company {
    people: Vec<u8>,
    teams: Vec<u8>,
}

impl Company {
    fn fetch() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let now = Some("2026-11-20T12:00:00Z".parse().unwrap());
            let options = Options { users: 2000, teams: 60, orgs: 1, shards: 1, now, ..Options::default() };
            let simulator = Simulator::start(options).await.unwrap();
            let announcement = simulator.announcement();
            let http = Client::builder().user_agent("bench").build().unwrap();
            let fetch = async |report: &str| {
                let (api, org) = (&announcement.api, &announcement.orgs[0]);
                let url = format!("{api}/orgs/{org}/copilot/metrics/reports/{report}?day={DAY}");
                let answer = http.get(url).bearer_auth(&announcement.token).send().await.unwrap();
                let answer: Value = answer.json().await.unwrap();
                let link = answer["download_links"][0].as_str().unwrap();
                http.get(link).send().await.unwrap().bytes().await.unwrap().to_vec()
            };
            let company = Self { people: fetch("users-1-day").await, teams: fetch("user-teams-1-day").await };
            simulator.stop().await;
            company
        })
    }
}

fn day() -> NaiveDate {
    DAY.parse().unwrap()
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// Cuts a file as it comes from the network, in pieces.
fn cut(file: &[u8], mut each: impl FnMut(&[u8]) + Send) {
    let mut each = |record: &[u8]| {
        each(record);
        Ok(())
    };
    let mut records = Records::default();
    for piece in file.chunks(64 << 10) {
        records.push(piece, &mut each).unwrap();
    }
    records.finish(&mut each).unwrap();
}

fn fold<F: Fold>(file: &[u8], mut fold: F) -> F {
    for line in lines(file) {
        fold.row(serde_json::from_slice(line).unwrap()).unwrap();
    }
    fold
}

fn reading(c: &mut Criterion) {
    let company = Company::fetch();
    let memberships = || {
        let mut memberships = Memberships::default();
        memberships.add(fold(&company.teams, TeamList::of(day())));
        memberships
    };
    let teams = Arc::new(memberships());
    let people =
        |memberships: &Arc<Memberships>| People::of(Days::Only(day()), Arc::clone(memberships), day());
    let mut group = c.benchmark_group("reading people");
    group.throughput(Throughput::Elements(lines(&company.people).count() as u64));
    group.bench_function("cut", |b| b.iter(|| cut(&company.people, |record| drop(black_box(record)))));
    group.bench_function("parse", |b| {
        b.iter(|| {
            for line in lines(&company.people) {
                black_box(serde_json::from_slice::<UserDay<'_>>(line).unwrap());
            }
        });
    });
    group.bench_function("parse, fold", |b| b.iter(|| fold(&company.people, people(&Arc::default()))));
    group.bench_function("parse, fold, join", |b| b.iter(|| fold(&company.people, people(&teams))));
    group.bench_function("parse, fold, join, all detail", |b| {
        b.iter(|| fold(&company.people, people(&teams).with_team_detail(true)));
    });
    group.finish();
    let mut group = c.benchmark_group("reading teams");
    group.throughput(Throughput::Elements(lines(&company.teams).count() as u64));
    group.bench_function("parse, fold", |b| b.iter(&memberships));
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
