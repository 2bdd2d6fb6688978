//! What is known, and what of it is shown. No I/O, no clock, no globals.
//!
//! Typed rows of `github` become [`usage::DayUsage`] with clean [`label`]s. What reports tell about [`people`] is added up
//! while it arrives, joined with their teams ([`memberships`]), and only [`rolling`] remembers who was active, to count
//! weeks and months. People with [`seats`] are counted while the list is read; [`billing`] is what it all costs, and both
//! are [`held`] until there is something newer. [`state::State`] holds every day of every scope and how asking went; [`mod@view`] picks days, folds
//! rare names ([`fold`]) and gives the [`view::Snapshot`] that `metrics` and the overview page show.

pub mod billing;
pub mod fold;
pub mod held;
pub mod label;
pub mod memberships;
pub mod overview;
pub mod people;
pub mod rolling;
pub mod seats;
pub mod state;
mod sums;
pub mod usage;
pub mod view;

pub use state::{Records, State, Update};
pub use view::{Snapshot, ViewOptions, view};
