//! x
pub mod clock;
pub mod config;
pub mod github;
pub mod metrics;
pub mod model;
pub mod owner;
pub mod refresh;
pub mod server;
pub mod service;
pub mod simulator;
pub mod source;
