//! Asking GitHub: from HTTP to typed rows. The only home of `reqwest`.
//!
//! [`client`] asks one question (an [`endpoint`] for an owner) with a [`credential`] or as an [`app`] and follows the pages
//! ([`paging`]); [`exchange`] sends each request within the [`budget`] and turns every bad end into a [`failure`]
//! ([`refusal`]). What was asked stands in the [`ledger`]. One file per API says what its records look like: [`usage`], [`teams`], [`reports`], [`seats`], [`billing`];
//! the files of reports come by [`download`] and are cut into [`records`].

pub mod app;
pub mod billing;
pub mod budget;
pub mod client;
pub mod credential;
pub mod download;
pub mod endpoint;
pub(crate) mod exchange;
pub mod failure;
pub mod ledger;
pub mod paging;
pub mod records;
pub mod refusal;
pub mod reports;
pub mod seats;
pub mod teams;
pub mod usage;

pub use client::{Answer, Client, Validators};
pub use credential::Credential;
pub use failure::{Failure, Lack, Reason};
