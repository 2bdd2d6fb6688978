//! The pure parts of the straight line, each by itself: cutting, parsing, adding up, rendering.
//!
//! `cargo bench --bench pure`, with a name to run only those of it.
#![allow(missing_docs, clippy::unwrap_used, unreachable_pub, reason = "a program that measures")]

#[path = "support/company.rs"]
mod company;
#[path = "support/synthetic.rs"]
mod synthetic;

use std::{hint::black_box, sync::Arc};

use chrono::NaiveDate;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use github_copilot_exporter::{
    github::{
        records::Records,
        reports::{Fold, UserDay},
    },
    model::{
        memberships::Memberships,
        people::{Days, People},
    },
};

use company::Company;

/// The one that the program has.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

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

fn fold(company: &Company, mut people: People) -> People {
    for row in company.rows() {
        people.row(serde_json::from_slice(row).unwrap()).unwrap();
    }
    people
}

fn reading(c: &mut Criterion) {
    let (company, day) = (Company::fetch(), company::DAY.parse::<NaiveDate>().unwrap());
    let memberships = || {
        let mut memberships = Memberships::default();
        memberships.add(company.teams());
        memberships
    };
    let teams = Arc::new(memberships());
    let people = |memberships: &Arc<Memberships>| People::of(Days::Only(day), Arc::clone(memberships), day);
    let mut group = c.benchmark_group("people");
    group.throughput(Throughput::Elements(company.rows().count() as u64));
    group.bench_function("cut", |b| b.iter(|| cut(&company.people, |record| _ = black_box(record))));
    group.bench_function("parse", |b| {
        b.iter(|| {
            for row in company.rows() {
                black_box(serde_json::from_slice::<UserDay<'_>>(row).unwrap());
            }
        });
    });
    group.bench_function("parse, add up", |b| b.iter(|| fold(&company, people(&Arc::default()))));
    group.bench_function("parse, join with teams, add up", |b| b.iter(|| fold(&company, people(&teams))));
    group.bench_function("parse, join with teams, add up in all detail", |b| {
        b.iter(|| fold(&company, people(&teams).with_team_detail(true)));
    });
    group.finish();
    let mut group = c.benchmark_group("teams");
    group.throughput(Throughput::Elements(company.members() as u64));
    group.bench_function("parse, list", |b| b.iter(&memberships));
    group.finish();
}

fn rendering(c: &mut Criterion) {
    let state = synthetic::state(10_000);
    let mut group = c.benchmark_group("rendering");
    group.throughput(Throughput::Elements(10_000)).sample_size(20);
    group.bench_function("10,000 series", |b| b.iter(|| synthetic::render(&state)));
    group.finish();
}

criterion_group!(benches, reading, rendering);
criterion_main!(benches);
