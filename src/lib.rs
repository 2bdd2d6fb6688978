//! GitHub Copilot's usage as Prometheus metrics.
//!
//! A number travels a straight line, and each step has its place:
//!
//! ```text
//! GitHub's bytes --github--> typed rows --model--> State --model::view--> Snapshot --metrics--> bytes --server--> scrape
//! ```
//!
//! * [`github`] asks GitHub and gives typed rows, or a failure out of a closed set of words;
//! * [`model`] holds what is known and picks what is shown: pure, no clock, no I/O;
//! * [`metrics`] turns that into text by one catalogue of series;
//! * [`server`] shares that text, uncopied, with whoever scrapes;
//! * [`refresh`] drives the line: who is asked when, and the one owner of the state.
//!
//! A scrape never causes a request to GitHub, a refresh never keeps a scrape waiting, and a failed refresh never erases
//! the last good values.
//!
//! [`backfill`] goes the same line once for every past day, and writes files or sends it instead of being scraped.
//! [`check`] asks for a little of everything once, and says what to change where that is refused.
//!
//! Around it: [`owner`] and [`source`] are the nouns everything shares, [`clock`] is the time, [`draft`] a file that is
//! whole or not there, [`config`] the environment, [`cli`] the commands, [`completions`] what a shell knows of them, [`exit`]
//! what they end with, [`service`] the whole put together.
//! [`simulator`] is a GitHub of our own for [`demo`], tests and benchmarks; it shares no code with the rest, so that a
//! mistake cannot hide by being made twice.

pub mod backfill;
pub mod check;
pub mod cli;
pub mod clock;
pub mod completions;
pub mod config;
pub mod demo;
pub mod draft;
pub mod exit;
pub mod github;
pub mod metrics;
pub mod model;
pub mod owner;
pub mod refresh;
pub mod server;
pub mod service;
pub mod simulator;
pub mod source;
