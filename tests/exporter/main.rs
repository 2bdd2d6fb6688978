//! The whole service over HTTP.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "in a test a panic is the answer, and everything is private"
)]

mod apps;
mod auto;
mod backfill;
mod backfill_files;
mod backfill_live;
mod backfill_runs;
mod billing;
mod billing_series_truth;
#[path = "../simulator/billing_truth.rs"]
#[allow(dead_code, reason = "the tests of the simulator use the rest of it")]
mod billing_truth;
mod chart;
mod check;
mod client;
mod clock_jumps;
mod commands;
mod company;
mod contracts;
mod dashboard;
mod dashboard_live;
mod dashboard_page;
mod dashboard_tools;
mod dashboard_truth;
mod dashboards;
mod deploy;
mod detail;
mod detail_files;
mod detail_truth;
mod documents;
mod empty_root;
mod examples;
mod exposition;
mod fake_reports;
mod fault_table;
mod faults;
mod fold_truth;
mod golden;
mod history;
mod history_truth;
mod hostile;
mod http;
mod memory;
mod networks;
mod odd_fields;
mod oddities;
mod outage;
mod owner_accounts;
mod people;
mod people_edges;
mod people_files;
mod people_truth;
mod program;
mod prometheus;
mod promql;
mod record_edges;
mod refresh;
mod refusals;
mod release;
mod remote_write;
mod remote_write_receivers;
mod report_flows;
#[path = "../simulator/report_truth.rs"]
#[allow(dead_code, reason = "the tests of the simulator use the rest of it")]
mod report_truth;
mod reports;
mod requests;
mod restarts;
mod rules;
mod scale;
mod seam;
mod seat_series_truth;
#[path = "../simulator/seat_truth.rs"]
#[allow(dead_code, reason = "the tests of the simulator use the rest of it")]
mod seat_truth;
mod seats;
mod siege;
mod signals_truth;
#[path = "../simulator/client.rs"]
#[allow(dead_code, reason = "the tests of the simulator use the rest of it")]
mod simulator_client;
mod state_files;
mod store;
mod supply;
mod support;
#[path = "../simulator/truth.rs"]
mod truth;
mod web;
