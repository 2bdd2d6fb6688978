//! x
pub mod clock;
pub mod github;
pub mod metrics;
pub mod model;
pub mod owner;
pub mod simulator;
pub mod source;
